"""A registry in S3 and DynamoDB, as moto plays them."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from serinus.registry.shelf import Shelf
from tests.shelves import BucketPlace


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of nobody; and nothing of the machine's own settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def place(credentials: None) -> Iterator[BucketPlace]:
    with mock_aws():
        yield BucketPlace().prepare()


@pytest.fixture
def shelf(place: BucketPlace) -> Shelf:
    return place.shelf()
