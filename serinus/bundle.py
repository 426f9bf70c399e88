"""A bundle on disk: one version of one model, as a folder, and the proof that nobody touched it.

    model.onnx      float32 `input` [N, F] -> `probabilities` [N, C] and `label` [N], or `value` [N, 1]
    metadata.json   what it is, where it comes from, what it was proven to equal
    golden.npz      rows and what the native library answered on them
    reference.npz   optional: what the sample looked like (see `serinus.reference`); loading a bundle only hashes it
    SHA256SUMS      digests of these files; its own digest names the bundle

A bundle is immutable: it appears whole under its final name, and is never written to again.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from serinus.errors import BundleError
from serinus.metadata import Metadata
from serinus.places import MODEL as MODEL
from serinus.places import SUMS as SUMS

METADATA = "metadata.json"
GOLDEN = "golden.npz"
FILES = (MODEL, METADATA, GOLDEN)
REFERENCE = "reference.npz"


@dataclass(frozen=True)
class Bundle:
    """files: name -> SHA-256 of what the folder holds, SHA256SUMS aside."""

    folder: Path
    metadata: Metadata
    model: bytes
    digest: str
    files: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read and verify the bundle in `folder`; BundleError names the file and both digests when one differs."""
        sums = _read(folder / SUMS)
        files = _parsed(sums, folder)
        contents = {name: _read(folder / name) for name in files}
        for name, expected in files.items():
            _compare(folder / name, expected, digest(contents[name]))
        metadata = _metadata(folder, contents[METADATA])
        _compare(folder / MODEL, metadata.checksum.value, files[MODEL])  # which is that of the contents by now
        _check_reference(folder, metadata, is_listed=REFERENCE in files)
        return cls(folder, metadata, contents[MODEL], digest(sums), files)

    @property
    def golden(self) -> Path:
        return self.folder / GOLDEN

    @property
    def reference(self) -> Path:
        return self.folder / REFERENCE


def write(folder: Path, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Make the bundle `folder` appear whole out of the contents of its `files`, or not at all."""
    if folder.exists() and not replace:
        raise BundleError(f"{folder} exists, and a bundle is immutable: give the model a new version, or --replace it")
    names = [*FILES, *files.keys() & {REFERENCE}]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as scratch:
        made = Path(scratch, folder.name)
        made.mkdir()
        for name in names:
            (made / name).write_bytes(files[name])
        (made / SUMS).write_text("".join(f"{digest(files[name])}  {name}\n" for name in names))
        if folder.exists():
            shutil.move(folder, Path(scratch, "old"))
        made.rename(folder)


def digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file.parent} is not a bundle: cannot read {file.name} ({error.strerror})") from error


def _parsed(sums: bytes, folder: Path) -> dict[str, str]:
    lines = [line.split() for line in sums.decode("ascii", "replace").splitlines()]
    pairs = {parts[1]: parts[0] for parts in lines if len(parts) == 2}
    if not set(FILES) <= set(pairs) <= {*FILES, REFERENCE} or len(lines) != len(pairs):
        raise BundleError(
            f"{folder / SUMS} must list exactly {', '.join(FILES)}, and {REFERENCE} where there is one; "
            f"got {sorted(pairs) or 'nothing'}"
        )
    return pairs


def _check_reference(folder: Path, metadata: Metadata, *, is_listed: bool) -> None:
    """A file that nothing vouches for would be believed as if it were the bundle's."""
    if not is_listed and (folder / REFERENCE).exists():
        raise BundleError(f"{folder / REFERENCE} is not listed in {SUMS}: it is no part of this bundle, remove it")
    if is_listed != bool(metadata.kept):
        told = f"arrays in {REFERENCE}: {', '.join(metadata.kept) or 'none'}"
        raise BundleError(f"{folder / METADATA} tells of {told}; {SUMS} {'lists' if is_listed else 'has no'} that file")


def _compare(file: Path, expected: str, actual: str) -> None:
    if expected != actual:
        raise BundleError(f"{file} was altered: expected sha256 {expected}, got {actual}")


def _metadata(folder: Path, contents: bytes) -> Metadata:
    try:
        return Metadata.model_validate_json(contents)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BundleError(f"{folder / METADATA}: {where}: {first['msg']}, got {first['input']!r:.80}") from error
