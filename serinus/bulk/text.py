"""Text files, plain or gzipped: read once from start to end, cut into pieces that end where a row ends."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from serinus.errors import JobError

NEWLINE = ord("\n")
HEAD_BYTES = 4_000_000
LONGEST_ROW_BYTES = 256_000_000
BOM = b"\xef\xbb\xbf"

Text = bytes | bytearray
WholeRows = Callable[[Text], int]


@dataclass(frozen=True)
class Piece:
    """Whole rows. start: their place in the text; line: the number of their first physical line, from 1;
    reached: how many bytes of the file, as it is stored, were read by then."""

    text: Text
    start: int
    line: int
    reached: int

    def after(self, start: int) -> "Piece":
        """What stands at `start` of the text or later."""
        skipped = min(max(start - self.start, 0), len(self.text))
        line = self.line + newlines(self.text, skipped)
        return Piece(self.text[skipped:], self.start + skipped, line, self.reached) if skipped else self


def newlines(text: Text, stop: int) -> int:
    """How many lines end before `stop`; bytes.count takes three times as long, and the interpreter lock with it."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8, stop) == NEWLINE)) if stop else 0


@dataclass(frozen=True)
class TextFile:
    path: Path
    piece_bytes: int

    @property
    def is_gzipped(self) -> bool:
        return self.path.suffix.lower() == ".gz"

    @property
    def stored_bytes(self) -> int:
        return self.path.stat().st_size

    def head(self) -> bytes:
        """The beginning of the text."""
        with self._opened() as (text, _):
            return text.read(HEAD_BYTES).removeprefix(BOM)

    def pieces(self, whole_rows: WholeRows) -> Iterator[Piece]:
        """The text in order, at least one piece; `whole_rows` says how much of a text, which begins as a row does,
        is whole rows. Where pieces end depends on the text and `piece_bytes` alone."""
        with self._opened() as (text, stored):
            rest, is_last = Piece(b"", 0, 1, 0), False
            while not is_last:
                rows, is_last = self._read_behind(rest.text, text)
                if not rest.reached and rows.startswith(BOM):
                    del rows[: len(BOM)]
                piece = Piece(rows, rest.start, rest.line, stored.tell())
                whole = len(rows) if is_last else whole_rows(rows)
                rest = piece.after(piece.start + whole)
                if whole or (is_last and piece.start == 0):
                    del rows[whole:]
                    yield piece
                elif len(rows) > LONGEST_ROW_BYTES:
                    raise JobError(f"{self.path} line {piece.line}: a row that does not end within 256 MB")

    def _read_behind(self, rest: Text, text: BufferedIOBase) -> tuple[bytearray, bool]:
        """`rest` and the next `piece_bytes` of `text` in one buffer, and whether that is the end of it.

        The text of a job goes through here and no longer copies: nothing but `rest` is moved after it was read."""
        buffer = bytearray(len(rest) + self.piece_bytes)
        buffer[: len(rest)] = rest
        with memoryview(buffer) as view:
            fresh = text.readinto(view[len(rest) :])
        del buffer[len(rest) + fresh :]
        return buffer, fresh < self.piece_bytes

    @contextmanager
    def _opened(self) -> Iterator[tuple[BufferedIOBase, BufferedIOBase]]:
        """The text, and the file it is stored in."""
        try:
            with self.path.open("rb") as stored:
                yield (gzip.GzipFile(fileobj=stored) if self.is_gzipped else stored), stored
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise JobError(f"{self.path} is not a whole gzip file: {error}") from error
