"""Files that LightGBM wrote: text, gzipped or not. LightGBM itself ends the process when one of them was cut."""

import gzip
import re
from pathlib import Path

from export.errors import Refused

GZIP = b"\x1f\x8b"
START = re.compile(rb"tree\r?\n")
SIZES = re.compile(rb"^tree_sizes=([\d ]+)\n\n", re.MULTILINE)
END = re.compile(rb"^feature[ _]importances:", re.MULTILINE)


def is_lightgbm(source: Path) -> bool:
    """Whether `source` begins as the text of a LightGBM model does."""
    if not source.is_file():
        return False
    with source.open("rb") as file:
        zipped = file.read(len(GZIP)) == GZIP
    try:
        with gzip.open(source) if zipped else source.open("rb") as file:
            return START.match(file.read(8)) is not None
    except (EOFError, OSError):
        return False


def read(source: Path) -> str:
    """The text in `source`; Refused when it is not whole."""
    content = source.read_bytes()
    try:
        text = gzip.decompress(content) if content.startswith(GZIP) else content
    except (EOFError, OSError) as error:
        raise Refused(f"{source} is gzipped, but not to its end: {error}") from error
    if not START.match(text):
        raise Refused(f"{source} is not a LightGBM model: expected text that begins with 'tree', got {text[:20]!r}")
    text = text.replace(b"\r\n", b"\n")
    if not _is_whole(text):
        raise Refused(f"{source} was cut or changed: its trees do not lie where it says they do; save the model again")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise Refused(f"{source} is not text in UTF-8: {error}") from error


def _is_whole(text: bytes) -> bool:
    sizes = SIZES.search(text)
    place = sizes.end() if sizes else 0
    for number, size in enumerate(map(int, sizes[1].split()) if sizes else ()):
        if not text.startswith(b"Tree=%d\n" % number, place):
            return False
        place += size
    return END.search(text, place) is not None
