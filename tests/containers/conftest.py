"""Images of a small service, built once, without a network."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import emulator
from benchmarks.engine import BASE_IMAGE, EngineError, build, docker
from serinus.baking.context import put_wheels
from tests.containers.contexts import FEATURES, baked, written

PREFIX = "serinus-test"
OWN = re.compile(rb'"(timestamp|request_id|latency_ms)":\s*("[^"]*"|[0-9.e-]+)')


def needed(what: str, how: str) -> None:
    """Nothing here may pass by not running where it was asked for."""
    if os.environ.get("SERINUS_WHEELHOUSE"):
        pytest.fail(f"{what}: {how}")
    pytest.skip(f"{what}: {how}")


@pytest.fixture(scope="session")
def wheelhouse() -> Path:
    try:
        docker("image", "inspect", BASE_IMAGE)
    except (EngineError, OSError) as error:
        needed(f"NO ENGINE, OR NO {BASE_IMAGE}", f"scripts/test-containers prepares both ({str(error)[:200]})")
    place = Path(os.environ.get("SERINUS_WHEELHOUSE", "build/wheelhouse"))
    if not list(place.glob("*.whl")):
        needed(f"NO WHEELS IN {place}", "scripts/test-containers fetches them")
    return place


@pytest.fixture(scope="session")
def rie() -> Path:
    place = emulator.binary()
    if place is None:
        needed("NO EMULATOR", "scripts/test-containers fetches it")
    assert place is not None
    return place


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="session")
def contexts(service, wheelhouse, tmp_path_factory) -> dict[str, Path]:
    made = baked(service, tmp_path_factory.mktemp("build"))
    for one in made.values():
        put_wheels(one.folder, wheelhouse)
    return {image: one.folder for image, one in made.items()}


@pytest.fixture
def context(contexts, tmp_path) -> Path:
    """A copy of the online context, to be spoilt."""
    return Path(shutil.copytree(contexts["online"], tmp_path / "context"))


def image_of(contexts: Mapping[str, Path], kind: str, target: str) -> str:
    tag = f"{PREFIX}-{target}"
    build(contexts[kind], tag, target=target)
    return tag


@pytest.fixture(scope="session")
def online(contexts) -> str:
    return image_of(contexts, "online", "online")


@pytest.fixture(scope="session")
def server(contexts) -> str:
    return image_of(contexts, "online", "server")


@pytest.fixture(scope="session")
def worker(contexts) -> str:
    return image_of(contexts, "worker", "worker")


@pytest.fixture(scope="session")
def batch(contexts) -> str:
    return image_of(contexts, "worker", "batch")


@pytest.fixture(scope="session")
def row() -> list[float]:
    values = np.random.default_rng(7).normal(size=FEATURES).astype(np.float32)
    return [float(value) for value in values]


@pytest.fixture(scope="session")
def body(row) -> bytes:
    return json.dumps({"features": row, "return_all_models": True}).encode()


@pytest.fixture(scope="session")
def event(body) -> dict[str, Any]:
    recorded = Path(__file__).parents[1] / "handlers/events/http_v2_predict.json"
    return {**json.loads(recorded.read_text()), "body": body.decode(), "isBase64Encoded": False}


def without_time_and_ids(answer: str | bytes) -> bytes:
    """An answer, byte for byte but for what two answers to the same request may not share."""
    raw = answer.encode() if isinstance(answer, str) else answer
    return OWN.sub(rb'"\1":-', raw)
