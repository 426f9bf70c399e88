"""API keys: whose a key is. Only hashes are kept, so that a file of keys that is lost opens nothing.

One round of SHA-256 is right for keys that were drawn at random: 256 bits leave nothing to guess, and a slow hash would
slow down every request. It would be wrong for words that people choose, so short keys are refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from secrets import token_urlsafe

from serinus.errors import ServiceError
from serinus.metadata import NAME

LEAST_LENGTH = 20
SENDABLE = re.compile(r"[\x21-\x7e]+")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Key:
    """name: of the caller it was given to; one caller may have several, so that a key can be replaced in peace."""

    name: str
    digest: bytes


@dataclass(frozen=True)
class Keys:
    known: tuple[Key, ...]

    def __len__(self) -> int:
        return len(self.known)

    def owner(self, key: bytes) -> str | None:
        """The name of the caller whose key this is. Every key is compared, in full, however early one fits."""
        digest = sha256(key).digest()
        owner = None
        for one in self.known:
            if compare_digest(digest, one.digest):
                owner = one.name
        return owner

    @classmethod
    def of(cls, known: Iterable[Key]) -> "Keys":
        """These keys; ServiceError when one of them belongs to two callers."""
        owners: dict[bytes, str] = {}
        for key in known:
            if owners.setdefault(key.digest, key.name) != key.name:
                raise ServiceError(f"{owners[key.digest]} and {key.name} have the same API key: expected one each")
        return cls(tuple(Key(name, digest) for digest, name in owners.items()))


def drawn() -> str:
    """A new key, of 256 random bits."""
    return f"serinus_{token_urlsafe(32)}"


def line(name: str, key: str) -> str:
    """What a file of keys says of `key`."""
    if not re.fullmatch(NAME, name):
        raise ServiceError(f"a caller's name is lower-case letters, digits, - and _, a letter first; got {name!r}")
    return f"{name}:{sha256(key.encode()).hexdigest()}"


def read(file: Path) -> list[Key]:
    """The keys of a file of `name:sha256` lines. An error never shows a line: somebody may have put a key there."""
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(f"cannot read the API keys in {file}: {type(error).__name__}") from None
    found = [(place, text.strip()) for place, text in enumerate(lines, 1)]
    keys = [_key(file, place, text) for place, text in found if text and not text.startswith("#")]
    if not keys:
        raise ServiceError(
            f"{file} holds no API key: expected lines of name:sha256, as serinus keys create prints them"
        )
    return keys


def plain(text: str, variable: str) -> list[Key]:
    """The keys that `variable` holds as they are, with commas between: key-1, key-2 and so on."""
    keys = [key.strip() for key in text.split(",")]
    for place, key in enumerate(keys, 1):
        if len(key) < LEAST_LENGTH or not SENDABLE.fullmatch(key):
            raise ServiceError(
                f"{variable}: key {place} has {len(key)} characters; expected {LEAST_LENGTH} or more, drawn at random, "
                "without spaces or accents: serinus keys create NAME draws one"
            )
    return [Key(f"key-{place}", sha256(key.encode()).digest()) for place, key in enumerate(keys, 1)]


def _key(file: Path, place: int, text: str) -> Key:
    name, _, digest = text.partition(":")
    if not re.fullmatch(NAME, name) or not SHA256.fullmatch(digest):
        raise ServiceError(f"{file} line {place}: expected name:sha256, as serinus keys create prints it")
    return Key(name, bytes.fromhex(digest))
