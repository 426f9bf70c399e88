"""A build context on disk: the same files give the same bytes, modes, times and digest."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

WRITTEN_AT = 315_532_800  # 1980, the first second that every archive format knows
FILE_MODE, FOLDER_MODE = 0o644, 0o755
WHEELHOUSE = "wheelhouse"

Files = Mapping[str, bytes]


def digest(files: Files) -> str:
    """Of names and contents; modes and times are the same for all."""
    listed = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return f"sha256:{hashlib.sha256(listed.encode()).hexdigest()}"


def write(folder: Path, files: Files) -> None:
    """Make `folder` hold just these files, and an empty place for wheels, whatever it held before."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, contents in {**files, f"{WHEELHOUSE}/.gitkeep": b""}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents)
        _settle(file, FILE_MODE)
    for inner in sorted(folder.rglob("*/"), reverse=True):
        _settle(inner, FOLDER_MODE)
    _settle(folder, FOLDER_MODE)


def put_wheels(folder: Path, wheelhouse: Path) -> None:
    """Copy wheels beside the requirements: with them the build needs no index. They are no part of the digest, as the
    requirements hold theirs."""
    for wheel in sorted(wheelhouse.glob("*.whl")):
        place = folder / WHEELHOUSE / wheel.name
        shutil.copyfile(wheel, place)
        _settle(place, FILE_MODE)
    _settle(folder / WHEELHOUSE, FOLDER_MODE)


def _settle(path: Path, mode: int) -> None:
    path.chmod(mode)
    os.utime(path, (WRITTEN_AT, WRITTEN_AT))
