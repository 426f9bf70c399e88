"""The folder a job writes to: parts, markers of what is done, and at the very end the manifest.

    predictions/part-00000.parquet ...      quarantine/part-00000.jsonl ...      _SUCCESS.json
    .work/job                  whose folder this is              .work/done/00000.json   a chunk's marker

Every file appears whole under its name, after what it speaks of: a part before its marker, markers before the
manifest. So whatever moment a job dies at, the next one can tell what is done.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from serinus.bulk.collect import Manifest, Marker, Part
from serinus.errors import JobError

MANIFEST = "_SUCCESS.json"
WORK = ".work"


@dataclass(frozen=True)
class PartContents:
    """Of a part: what its file holds, how many rows that is, and what kind of file it is."""

    body: bytes
    rows: int
    suffix: str


@dataclass(frozen=True)
class JobFolder:
    out: Path
    job: str

    @property
    def scratch(self) -> Path:
        return self.out / WORK

    def manifest(self) -> Manifest | None:
        """The manifest, if this very job is finished; JobError when the folder is another job's or was altered."""
        file = self.out / MANIFEST
        if not file.exists():
            return None
        manifest = _manifest(file)
        self._check_owner(manifest.job)
        for part in manifest.parts:
            if not self._holds(part):
                raise JobError(f"{self.out / part.file} was altered after the job was finished; remove {self.out}")
        shutil.rmtree(self.scratch, ignore_errors=True)
        return manifest

    def begin(self) -> dict[int, Marker]:
        """Make the folder this job's, and say which chunks are done; JobError when something else is in it."""
        owner = self.scratch / "job"
        if owner.exists():
            self._check_owner(owner.read_text())
        elif others := [file.name for file in self.out.iterdir() if file.name != WORK]:
            raise JobError(f"{self.out} is not empty ({others[0]}) and holds no job: choose another folder")
        self._write(f"{WORK}/job", self.job.encode())
        markers = {int(file.stem): _marker(file) for file in self.scratch.glob("done/*.json")}
        return {index: marker for index, marker in markers.items() if marker and all(map(self._holds, marker.parts))}

    def put(self, index: int, predictions: PartContents, refused: PartContents) -> Marker:
        """Write the parts of a chunk."""
        return Marker(
            predictions=self._part("predictions", index, predictions),
            quarantine=self._part("quarantine", index, refused) if refused.rows else None,
        )

    def mark(self, index: int, marker: Marker) -> None:
        """Make the parts stay when the power goes, then say that the chunk is done."""
        for part in marker.parts:
            _sync(self.out / part.file)
        self._write(f"{WORK}/done/{index:05d}.json", marker.model_dump_json().encode())

    def finish(self, manifest: Manifest) -> None:
        self._write(MANIFEST, manifest.model_dump_json(indent=2).encode())
        _sync(self.out / MANIFEST)
        shutil.rmtree(self.scratch)

    def _part(self, kind: str, index: int, contents: PartContents) -> Part:
        name = f"{kind}/part-{index:05d}.{contents.suffix}"
        self._write(name, contents.body)
        return Part(file=name, rows=contents.rows, sha256=_digest(contents.body))

    def _write(self, name: str, contents: bytes) -> None:
        """Make the file `name` appear whole."""
        file = self.out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(exist_ok=True)
        scratch = self.scratch / f"{file.parent.name}-{file.name}.writing"
        scratch.write_bytes(contents)
        scratch.replace(file)

    def _holds(self, part: Part) -> bool:
        file = self.out / part.file
        return file.is_file() and _digest(file.read_bytes()) == part.sha256

    def _check_owner(self, job: str) -> None:
        if job != self.job:
            raise JobError(
                f"{self.out} holds job {job[:12]}, this one is {self.job[:12]}: another input, model or option; "
                "choose another folder, or remove that one"
            )


@contextmanager
def locked(out: Path, job: str) -> Iterator[JobFolder]:
    """The folder `out`, made if need be, for one process at a time: the lock dies with the process."""
    out.mkdir(parents=True, exist_ok=True)
    folder = os.open(out, os.O_RDONLY)
    try:
        _lock(folder, out)
        yield JobFolder(out, job)
    finally:
        os.close(folder)


def _lock(folder: int, out: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JobError(f"another process is writing to {out}") from error


def _manifest(file: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise JobError(f"{file} is no manifest of ours: choose another folder") from error


def _marker(file: Path) -> Marker | None:
    """The marker in `file`, if all of it is there: it may not be when the power went."""
    try:
        return Marker.model_validate_json(file.read_bytes())
    except ValidationError:
        return None


def _sync(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()
