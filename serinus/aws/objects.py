"""Objects of a versioned S3 bucket whose SHA-256 S3 itself has computed, compared and kept."""

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from serinus.aws.failures import code_of, told

BLOCK = 1 << 20
ABSENT = ("404", "NoSuchKey", "NoSuchVersion")
OVERTAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


class Overtaken(Exception):
    """The object is no longer what it was when we looked."""


@dataclass(frozen=True)
class Found:
    """An object as it lies there. sha256: as S3 computed it, None for one that was uploaded without."""

    etag: str
    sha256: str | None


@dataclass(frozen=True)
class Bucket:
    """client: boto3's of S3, which has no types."""

    client: Any
    name: str

    def url(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def is_versioned(self) -> bool:
        with told(f"ask whether bucket {self.name} keeps versions"):
            return bool(self.client.get_bucket_versioning(Bucket=self.name).get("Status") == "Enabled")

    def find(self, key: str, version: str | None = None) -> Found | None:
        which = {"VersionId": version} if version else {}
        with told(f"look at {self.url(key)}"):
            try:
                head = self.client.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED", **which)
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise
        return Found(head["ETag"], _hex(head.get("ChecksumSHA256")))

    def put(self, key: str, body: io.IOBase, sha256: str, seen: Found | None) -> None:
        """Write the object if it still is what was `seen`; S3 refuses a body of another `sha256`. Or Overtaken."""
        still: dict[str, str] = {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen.etag}
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with told(f"write {self.url(key)}"):
            try:
                self.client.put_object(
                    Bucket=self.name, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum, **still
                )
            except ClientError as error:
                if code_of(error) in OVERTAKEN:
                    raise Overtaken(key) from error
                raise

    def read(self, key: str, start: int = 0, version: str | None = None) -> Iterator[bytes] | None:
        """The object from byte `start` on, nothing when it ends before that; None when there is no such object."""
        which = {"VersionId": version} if version else {}
        span = {"Range": f"bytes={start}-"} if start else {}
        with told(f"read {self.url(key)}"):
            try:
                body = self.client.get_object(Bucket=self.name, Key=key, **which, **span)["Body"]
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                if code_of(error) == "InvalidRange":
                    return iter(())
                raise
        return self._blocks(key, body)

    def versions(self, key: str) -> Iterator[tuple[str, int]]:
        """Every version of the object that is kept, the newest first: its id and its size."""
        with told(f"list the versions of {self.url(key)}"):
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=key):
                for version in page.get("Versions", ()):
                    if version["Key"] == key:  # the prefix of others, too
                        yield version["VersionId"], version["Size"]

    def make_current(self, key: str, version: str) -> None:
        """Copy an earlier version of the object over what is there now, which is kept as an earlier one itself."""
        source = {"Bucket": self.name, "Key": key, "VersionId": version}
        with told(f"restore version {version} of {self.url(key)}"):
            self.client.copy_object(Bucket=self.name, Key=key, CopySource=source, ChecksumAlgorithm="SHA256")

    def _blocks(self, key: str, body: Any) -> Iterator[bytes]:
        with told(f"read {self.url(key)}"):
            yield from body.iter_chunks(BLOCK)


class Watched(io.FileIO):
    """A file that reports how far it was read; what is read again, to sign or to retry, counts once."""

    def __init__(self, file: Path, report: Callable[[int], None]) -> None:
        super().__init__(file)
        self._report = report
        self._furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(-1 if size is None else size)
        reached = self.tell()
        self._report(max(0, reached - self._furthest))
        self._furthest = max(reached, self._furthest)
        return block or b""


def _hex(checksum: str | None) -> str | None:
    """S3's base64 as hexadecimal; a checksum of checksums of parts ("...-3") says nothing about the whole."""
    if checksum is None or "-" in checksum:
        return None
    return base64.b64decode(checksum).hex()
