"""The store of a registry in S3: `<prefix>/models/<name>/v1.0.0/...`, and the small objects `latest` and `stable`.

An upload is conditional: on nothing being there, or on what we saw being there still. A push that finds files of
another bundle looks into the ledger before it writes over them: they are what a killed push left, or a rival's.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serinus.aws.objects import Bucket, Found, Overtaken, Watched
from serinus.errors import RegistryError
from serinus.registry.record import Record, StoredFile
from serinus.registry.shelf import Leftover, Missing, Parcel, Report, digest_of

POINTERS = ("latest", "stable")
TABLE = "table"  # an object that names it


@dataclass(frozen=True)
class BucketStore:
    """prefix: of every key, empty or ending in a slash; table: where the ledger of these files is."""

    bucket: Bucket
    prefix: str
    table: str

    def path(self, name: str, version: str) -> str:
        return self.bucket.url(self._key(name, f"v{version}"))

    def check_table(self) -> None:
        """RegistryError when the records are in another table: here nothing would seem to be registered."""
        told = b"".join(self.bucket.read(self._key(TABLE)) or ()).decode()
        if told not in ("", self.table):
            registry = self.bucket.url(self.prefix)
            raise RegistryError(f"the records of {registry} are in table {told}, not {self.table}: say --table {told}")

    def receive(self, parcel: Parcel, report: Report, *, over_leftover: bool = False) -> None:
        if not self.bucket.is_versioned():
            raise RegistryError(
                f"bucket {self.bucket.name} keeps no versions of its objects, which a registry restores from; turn "
                f"versioning on: serinus models init --registry {self.bucket.url(self.prefix)}"
            )
        if self.bucket.find(self._key(TABLE)) is None:
            self._write(self._key(TABLE), self.table.encode())
        self.check_table()
        version = f"v{parcel.metadata.version}"
        for name, file in parcel.files.items():
            key = self._key(parcel.metadata.model_name, version, name)
            seen = self.bucket.find(key)
            if seen is not None and seen.sha256 == file.sha256:
                report(file.size)
            elif seen is None or over_leftover:
                self._upload(key, Upload(parcel.folder / name, file, seen), report)
            else:
                raise Leftover(f"{self.bucket.url(key)} is a file of another bundle")

    def read(self, record: Record, file: str, start: int = 0) -> Iterator[bytes]:
        key = self._key_of(record, file)
        blocks = self.bucket.read(key, start)
        if blocks is None:
            raise Missing(f"{self.bucket.url(key)} is not there")
        return blocks

    def bring_back(self, record: Record, file: str, copy: Path | None) -> str:
        key, wanted = self._key_of(record, file), record.files[file]
        kept = self._version_of(key, wanted)
        if kept is not None:
            self.bucket.make_current(key, kept)
            return f"version {kept} of {self.bucket.url(key)}"
        if copy is None:
            raise RegistryError(
                f"no version of {self.bucket.url(key)} that the bucket keeps has sha256 {wanted.sha256}: name a copy "
                "of the bundle with --from"
            )
        if not copy.is_file() or digest_of(iter([copy.read_bytes()])) != wanted.sha256:
            raise RegistryError(f"{copy} is not what was registered: expected a file of sha256 {wanted.sha256}")
        self._upload(key, Upload(copy, wanted, self.bucket.find(key)), lambda size: None)
        return str(copy)

    def point(self, name: str, pointers: Mapping[str, str]) -> None:
        """An object without contents shows nothing: to write it takes no right to delete."""
        shown = self.pointers(name)
        for pointer in POINTERS:
            if shown.get(pointer) != pointers.get(pointer):
                key = self._key(name, pointer)
                body = f"v{pointers[pointer]}\n".encode() if pointer in pointers else b""
                self._write(key, body)

    def pointers(self, name: str) -> Mapping[str, str]:
        shown = {}
        for pointer in POINTERS:
            text = b"".join(self.bucket.read(self._key(name, pointer)) or ()).decode().strip()
            if text:
                shown[pointer] = text.removeprefix("v")
        return shown

    def _upload(self, key: str, upload: "Upload", report: Report) -> None:
        with Watched(upload.source, report) as body:
            try:
                self.bucket.put(key, body, upload.file.sha256, upload.seen)
            except Overtaken as error:
                now = self.bucket.find(key)
                if now is None or now.sha256 != upload.file.sha256:
                    raise Leftover(f"somebody else is writing {self.bucket.url(key)} right now: push again") from error

    def _write(self, key: str, body: bytes) -> None:
        """Others may write it at the same time; whoever does looks once more at what is there and should be."""
        try:
            self.bucket.put(key, io.BytesIO(body), hashlib.sha256(body).hexdigest(), self.bucket.find(key))
        except Overtaken:
            return

    def _version_of(self, key: str, wanted: StoredFile) -> str | None:
        """The newest kept version of the object that is what was registered."""
        sizes = (version for version, size in self.bucket.versions(key) if size == wanted.size)
        return next((version for version in sizes if self._sha256(key, version) == wanted.sha256), None)

    def _sha256(self, key: str, version: str) -> str | None:
        found = self.bucket.find(key, version)
        if found is None or found.sha256 is not None:
            return None if found is None else found.sha256
        return digest_of(self.bucket.read(key, version=version) or iter(()))

    def _key_of(self, record: Record, file: str) -> str:
        return self._key(record.model_name, f"v{record.version}", file)

    def _key(self, *parts: str) -> str:
        return f"{self.prefix}models/{'/'.join(parts)}"


@dataclass(frozen=True)
class Upload:
    """seen: what lay at its key when we looked."""

    source: Path
    file: StoredFile
    seen: Found | None
