"""Registries in a folder and in S3 with DynamoDB, as the same thing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from serinus.registry.shelf import Shelf
from tests.shelves import BucketPlace, FolderPlace, Place


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "folder":
        yield FolderPlace(tmp_path / "models")
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield BucketPlace().prepare()


@pytest.fixture
def shelf(place: Place) -> Shelf:
    return place.shelf()
