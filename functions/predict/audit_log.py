"""Where audit records go: a file that several processes append to, or standard output among the other lines."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TextIO

from serinus.errors import ServiceError

APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
OWNER_ONLY = 0o600


class AuditLog(Protocol):
    def write(self, lines: Sequence[bytes]) -> None:
        """OSError when not all of them could be written, in full."""


class Stream:
    """Each line in one write, so that those of other processes stay whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, lines: Sequence[bytes]) -> None:
        try:
            for line in lines:
                self._stream.write(line.decode() + "\n")
                self._stream.flush()
        except ValueError as error:  # of a stream that was closed
            raise OSError(str(error)) from None


class File:
    """All lines in one write: the kernel appends them together, whoever else appends.

    A file that was moved or removed is made anew, so that it can be rotated by renaming it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._is_cut = False
        try:
            self._open()
        except OSError as error:
            raise ServiceError(f"SERINUS_AUDIT_LOG: cannot write to {path}: {error.strerror}") from None

    def write(self, lines: Sequence[bytes]) -> None:
        if not self._is_in_place():
            os.close(self._file)
            self._open()
        text = (b"\n" if self._is_cut else b"") + b"\n".join(lines) + b"\n"
        self._is_cut = True
        if os.write(self._file, text) != len(text):
            raise OSError(f"only some of {len(text)} bytes were written")
        self._is_cut = False

    def _open(self) -> None:
        self._file = os.open(self._path, APPEND, OWNER_ONLY)
        self._is_cut = not _ends_a_line(self._path)

    def _is_in_place(self) -> bool:
        try:
            there, here = os.stat(self._path), os.fstat(self._file)  # noqa: PTH116  # half the cost of Path.stat
        except FileNotFoundError:
            return False
        return (there.st_ino, there.st_dev) == (here.st_ino, here.st_dev)


def audit_log(file: Path | None, stream: TextIO = sys.stdout) -> AuditLog:
    return Stream(stream) if file is None else File(file)


def _ends_a_line(path: Path) -> bool:
    """Whether the next line can begin at the end: not where a full disk or a crash cut the last one short."""
    if not path.stat().st_size:
        return True
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except PermissionError:  # it may well be for appending only
        return False
