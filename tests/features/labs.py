"""Each kind of feature store with something real behind it, and the means to hurt it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Protocol

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from serinus.aws.bucket_features import bucket_folder
from serinus.aws.table_features import create, table_features
from serinus.features.feast_store import Question, feast_store
from serinus.features.folder import DiskFolder, Folder
from serinus.features.parquet_store import Freshness, ParquetStore
from serinus.features.redis_store import redis_store
from serinus.features.store import FeatureStore, Stored
from tests.stores import ToMoto, http_server, line_to

AT = 1_763_690_000.5
REGION = "eu-central-1"


class Way(Protocol):
    """The way to what is behind a store."""

    delay_s: float

    def cut(self) -> None: ...
    def mend(self) -> None: ...


@dataclass(frozen=True)
class Lab:
    """opened: the store, which gives up an answer after so many seconds; poison: makes an entity unreadable."""

    way: Way
    opened: Callable[[float], FeatureStore]
    fill: Callable[[Mapping[str, Stored]], None]
    poison: Callable[[str], None]

    @property
    def store(self) -> FeatureStore:
        return self.opened(5)


@contextmanager
def redis_lab(port: int, service: str) -> Iterator[Lab]:
    with line_to(port) as line:

        def opened(timeout_s: float) -> FeatureStore:
            return redis_store(f"redis://127.0.0.1:{line.port}/0", service=service, timeout_s=timeout_s)

        direct = redis_store(f"redis://127.0.0.1:{port}/0", service=service, timeout_s=5)

        def poison(entity: str) -> None:
            direct.client.set(direct.prefix + entity, b"\x80\x04not features")

        yield Lab(line, opened, direct.put, poison)


@contextmanager
def aws_line(environment: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto, as boto3's clients see it that are made from now on: at the end of a line."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment.setenv(name, "of-tests")
    environment.setenv("AWS_DEFAULT_REGION", REGION)
    environment.setenv("AWS_CONFIG_FILE", "/dev/null")
    environment.delenv("AWS_PROFILE", raising=False)
    with mock_aws(), http_server(ToMoto) as port, line_to(port) as line:
        environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{line.port}")
        yield line


@contextmanager
def dynamodb_lab(environment: pytest.MonkeyPatch) -> Iterator[Lab]:
    with aws_line(environment) as line:
        create("features")

        def opened(timeout_s: float) -> FeatureStore:
            return table_features("features", service="plots", timeout_s=timeout_s, pause=time.sleep)

        def poison(entity: str) -> None:
            item = {"entity": {"S": f"plots:{entity}"}, "features": {"B": b"\x80\x04not features"}}
            boto3.client("dynamodb").put_item(TableName="features", Item=item)

        yield Lab(line, opened, opened(30).put, poison)


def parquet_lab(way: Way, folder: Folder) -> Lab:
    aside = ThreadPoolExecutor(max_workers=1)

    def opened(timeout_s: float) -> FeatureStore:
        fresh = Freshness(look_s=0, trust_s=0, wait_s=timeout_s)
        return ParquetStore(folder, "plot_id", fresh, time.monotonic, aside)

    def poison(entity: str) -> None:
        stream = pa.BufferOutputStream()
        pq.write_table(pa.table({"plot_id": [entity, entity], "altitude": [1.0, 2.0], "__at": [4e9, 4e9]}), stream)
        folder.write("2025-11-21/twice.parquet", bytes(stream.getvalue()))

    return Lab(way, opened, lambda records: opened(30).put(records), poison)


@dataclass
class Mount:
    """A folder that can go away."""

    folder: Path
    delay_s: float = 0.0

    def cut(self) -> None:
        self.folder.rename(self.folder.with_name("gone"))

    def mend(self) -> None:
        if not self.folder.exists():
            self.folder.with_name("gone").rename(self.folder)


def disk_lab(folder: Path) -> Lab:
    folder.mkdir()
    return parquet_lab(Mount(folder), DiskFolder(folder))


@contextmanager
def bucket_lab(environment: pytest.MonkeyPatch) -> Iterator[Lab]:
    with aws_line(environment) as line:
        location = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket="nuru-yield", CreateBucketConfiguration=location)
        yield parquet_lab(line, bucket_folder("s3://nuru-yield/features"))


class Feast(BaseHTTPRequestHandler):
    """Answers as Feast's own server does: one result per feature, the entity first, one value per entity asked for.

    kept: the entities; extra: members of values that are not from `kept`
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    kept: dict[str, Stored]
    statuses: dict[str, str]
    status = 200

    def do_GET(self) -> None:
        self._send(b"{}")

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        [(entity, keys)] = question["entities"].items()
        names = [name.partition(":")[2] for name in question["features"]]
        columns = [self._entities(keys), *(self._column(name, keys) for name in names)]
        answer = {"metadata": {"feature_names": [entity, *names]}, "results": columns}
        self._send(json.dumps(answer).encode())

    def _entities(self, keys: Sequence[object]) -> dict[str, list[object]]:
        never = "1970-01-01T00:00:00Z"
        return {"values": [*keys], "statuses": ["PRESENT"] * len(keys), "event_timestamps": [never] * len(keys)}

    def _column(self, name: str, keys: Sequence[object]) -> dict[str, list[object]]:
        cells = [self._cell(name, str(key)) for key in keys]
        values, statuses, times = (list(column) for column in zip(*cells, strict=True))
        return {"values": values, "statuses": statuses, "event_timestamps": times}

    def _cell(self, name: str, key: str) -> tuple[object, str, str]:
        stored = self.kept.get(key)
        if stored is None or name not in stored.values:
            return None, "NOT_FOUND", "1970-01-01T00:00:00Z"
        value = stored.values[name]
        status = self.statuses.get(name, "NULL_VALUE" if value is None else "PRESENT")
        return value, status, datetime.fromtimestamp(stored.at, UTC).isoformat().replace("+00:00", "Z")

    def _send(self, body: bytes) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


FEAST_FEATURES = ("precip_total", "altitude", "irrigated", "soil", "mean_ndvi")


@contextmanager
def feast_lab() -> Iterator[Lab]:
    kept: dict[str, Stored] = {}
    wanted = {"features": [f"plots:{name}" for name in FEAST_FEATURES]}
    with http_server(Feast, kept=kept, statuses={}) as port, line_to(port) as line, ExitStack() as clients:

        def opened(timeout_s: float) -> FeatureStore:
            address, question = f"http://127.0.0.1:{line.port}", Question(wanted, "plot_id", str)
            store = feast_store(address, question, timeout_s=timeout_s, clock=time.time)
            clients.callback(store.client.close)
            return store

        def poison(entity: str) -> None:
            kept[entity] = Stored({"altitude": [1.0, 2.0]}, AT)  # type: ignore[dict-item]  # that is the poison

        yield Lab(line, opened, kept.update, poison)


@dataclass
class Clock:
    """Moves when somebody sleeps, or is told to. naps: how long the sleeps were."""

    now: float = 1000.0
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
