"""Dated folders of Parquet files of features, in S3."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from serinus.aws.failures import code_of
from serinus.errors import ServiceError, StoreDown
from serinus.features.folder import SUFFIX, File

CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})


@dataclass(frozen=True)
class BucketFolder:
    """client: boto3's of S3, which has no types. prefix: of every key, empty or ending in a slash."""

    client: Any
    bucket: str
    prefix: str

    @property
    def where(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def names(self) -> Sequence[str]:
        pages = self._pages(self.prefix)
        return [str(each["Prefix"]).split("/")[-2] for page in pages for each in page.get("CommonPrefixes", ())]

    def files(self, name: str) -> Sequence[File]:
        pages = self._pages(f"{self.prefix}{name}/")
        objects = [each for page in pages for each in page.get("Contents", ()) if each["Key"].endswith(SUFFIX)]
        return [
            File(each["Key"].removeprefix(self.prefix), each["ETag"], each["LastModified"].timestamp())
            for each in objects
        ]

    def read(self, path: str) -> bytes:
        with self._told("read"):
            return bytes(self.client.get_object(Bucket=self.bucket, Key=self.prefix + path)["Body"].read())

    def write(self, path: str, contents: bytes) -> None:
        with self._told("write"):
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + path, Body=contents)

    def _pages(self, prefix: str) -> Iterator[dict[str, Any]]:
        with self._told("look into"):
            pages = self.client.get_paginator("list_objects_v2")
            yield from pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise StoreDown(f"cannot {doing} {self.where}: {code_of(error)}") from None
        except BotoCoreError as error:
            raise StoreDown(f"cannot {doing} {self.where}: {type(error).__name__}") from None


def bucket_folder(url: str) -> BucketFolder:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise ServiceError(f"[features] address: expected s3://bucket/prefix, got {url!r}")
    prefix = prefix.strip("/")
    return BucketFolder(boto3.client("s3", config=CONFIG), bucket, f"{prefix}/" if prefix else "")
