"""Fixtures that more than one folder of tests needs."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundles import write_bundle

LONGEST = ("e2e", "export", "localaws", "infra")
UNMEASURED = ("localaws", "infra")  # test what coverage is not asked of, and tracing takes as long as they do
SERVICE = """
[service]
name = "tiny"
task = "classification"
labels = ["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"]
[input]
features = 3
[models]
linear = "1.0.0"
bent = "1.0.0"
[auto]
by = "f1_score"
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders whose files take longest go first: a long one at the end would leave all cores but one without work."""
    items.sort(
        key=lambda item: next((place for place, name in enumerate(LONGEST) if name in item.path.parts), len(LONGEST))
    )
    for item in items:
        if any(name in item.path.parts for name in UNMEASURED):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data and third-party models, which the project never ships."""
    folder = Path(os.environ.get("SERINUS_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"REAL DATA MISSING: no folder {folder.resolve()}; set SERINUS_DATA to where it lies")
    return folder


@pytest.fixture
def tiny_service(tmp_path: Path) -> Path:
    """A service.toml of two three-feature models, `linear` (the better) and `bent`, its bundles in ./models."""
    models = tmp_path / "models"
    linear = write_bundle(models, "linear", f1_score=0.9)
    write_bundle(models, "bent", f1_score=0.8, labels=linear.metadata.output_schema.model_dump()["labels"])
    file = tmp_path / "service.toml"
    file.write_text(SERVICE)
    return file


@pytest.fixture
def process() -> Iterator[None]:
    """Puts back what is one for the whole process, and hushed by a service about people."""
    factory, thread, finalizer = logging.getLogRecordFactory(), threading.excepthook, sys.unraisablehook
    yield
    logging.captureWarnings(False)
    logging.setLogRecordFactory(factory)
    threading.excepthook, sys.unraisablehook = thread, finalizer
