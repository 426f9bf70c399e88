"""Dated folders of Parquet files, on disk; in S3 there is another."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serinus.errors import StoreDown

SUFFIX = ".parquet"


@dataclass(frozen=True, order=True)
class File:
    """path: from the root of the folder on; mark: differs when the contents do; modified: seconds since the epoch."""

    path: str
    mark: str
    modified: float


class Folder(Protocol):
    """StoreDown when it cannot say or do what it is asked."""

    @property
    def where(self) -> str: ...
    def names(self) -> Sequence[str]:
        """Of the folders in it."""

    def files(self, name: str) -> Sequence[File]:
        """The Parquet files right in its folder `name`."""

    def read(self, path: str) -> bytes: ...
    def write(self, path: str, contents: bytes) -> None:
        """Whole or not at all."""


@dataclass(frozen=True)
class DiskFolder:
    root: Path

    @property
    def where(self) -> str:
        return str(self.root)

    def names(self) -> Sequence[str]:
        with _told("look into", self.root):
            return [entry.name for entry in self.root.iterdir() if entry.is_dir()]

    def files(self, name: str) -> Sequence[File]:
        with _told("look into", self.root / name):
            stats = [(file.name, file.stat()) for file in (self.root / name).glob(f"*{SUFFIX}")]
        return [File(f"{name}/{file}", f"{stat.st_size} {stat.st_mtime_ns}", stat.st_mtime) for file, stat in stats]

    def read(self, path: str) -> bytes:
        with _told("read", self.root / path):
            return (self.root / path).read_bytes()

    def write(self, path: str, contents: bytes) -> None:
        file = self.root / path
        scratch = file.with_name(f".{file.name}.{os.getpid()}")
        with _told("write", file):
            file.parent.mkdir(parents=True, exist_ok=True)
            with scratch.open("wb") as stream:
                stream.write(contents)
                stream.flush()
                os.fsync(stream.fileno())
            scratch.replace(file)


@contextmanager
def _told(doing: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreDown(f"cannot {doing} {path}: {error.strerror}") from error
