"""The fixture `lab`: a test that takes it runs once for each kind of store."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from tests.features.labs import Lab, bucket_lab, disk_lab, dynamodb_lab, feast_lab, redis_lab
from tests.stores import redis_server

__all__ = ["redis_server"]

KINDS = ["redis", "dynamodb", "parquet", "parquet-s3", "feast"]


@pytest.fixture(params=KINDS)
def lab(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with _lab(request, tmp_path, monkeypatch) as lab:
        yield lab


def _lab(request: pytest.FixtureRequest, folder: Path, environment: pytest.MonkeyPatch) -> AbstractContextManager[Lab]:
    match request.param:
        case "redis":
            return redis_lab(request.getfixturevalue("redis_server"), service=folder.name)
        case "dynamodb":
            return dynamodb_lab(environment)
        case "parquet":
            return nullcontext(disk_lab(folder / "features"))
        case "parquet-s3":
            return bucket_lab(environment)
        case _:
            return feast_lab()


def only(*kinds: str) -> pytest.MarkDecorator:
    """For a test that makes sense for some kinds of store alone."""
    return pytest.mark.parametrize("lab", kinds, indirect=True)
