"""What the disk says when it cannot, as an error of ours; and what it takes to be sure that it has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serinus.errors import RegistryError


@contextmanager
def told(doing: str) -> Iterator[None]:
    """RegistryError instead of OSError: "cannot `doing`", and the reason."""
    try:
        yield
    except OSError as error:
        raise RegistryError(f"cannot {doing}: {error.strerror}: {error.filename}") from error


def sync(path: Path) -> None:
    """Have the file, or the names in the folder, on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
