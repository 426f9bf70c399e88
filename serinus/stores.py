"""Opens the feature store that a service names. Each kind of store is imported only where it is used."""

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from serinus.errors import ServiceError
from serinus.features.address import Kind
from serinus.features.store import FeatureStore
from serinus.sections import FeaturesSection
from serinus.service import Service
from serinus.stored import StoredForm, elsewhere, features_of

if TYPE_CHECKING:
    from serinus.features.folder import Folder
    from serinus.features.lookup import Lookup

LOOK_S = 60


def open_lookup(service: Service, store: FeatureStore) -> "Lookup":
    from serinus.features.lookup import Lookup, Patience, World

    section = features_of(service)
    patience = Patience(ttl_s=section.ttl_s, entries=section.cache_entries, retries=section.retries)
    return Lookup(store, patience, World(clock=time.monotonic, sleep=time.sleep, chance=random.random))


def open_store(service: Service, address: str = "", *, timeout_ms: float | None = None) -> FeatureStore:
    """address, timeout_ms: instead of what the service says; the address may be that of another kind of store.

    Nothing is asked of the store yet: `ping` does."""
    said = elsewhere(features_of(service), address)
    if not said.address:
        raise ServiceError(
            f"where is the {said.store} store of {service.name}? Say [features] address, or SERINUS_FEATURES_ADDRESS"
        )
    section = said.model_copy(update={"timeout_ms": timeout_ms or said.timeout_ms})
    return STORES[section.store](service, section)


def prepare(section: FeaturesSection) -> bool:
    """Make what has to be there before features can be put into it; whether there was anything to make."""
    if section.store == "dynamodb":
        from serinus.aws.table_features import create

        return create(_table(section.address))
    folder = Path(section.address)
    if section.store == "parquet" and not section.address.startswith("s3://") and not folder.is_dir():
        folder.mkdir(parents=True)
        return True
    return False


def _redis(service: Service, section: FeaturesSection) -> FeatureStore:
    from serinus.features.redis_store import redis_store

    return redis_store(section.address, service=service.name, timeout_s=section.timeout_ms / 1000)


def _dynamodb(service: Service, section: FeaturesSection) -> FeatureStore:
    from serinus.aws.table_features import table_features

    table = _table(section.address)
    return table_features(table, service=service.name, timeout_s=section.timeout_ms / 1000, pause=time.sleep)


def _table(address: str) -> str:
    return address.removeprefix("dynamodb://")


def _parquet(service: Service, section: FeaturesSection) -> FeatureStore:
    from serinus.features.parquet_store import Freshness, ParquetStore

    freshness = Freshness(look_s=min(LOOK_S, section.ttl_s), trust_s=section.ttl_s, wait_s=section.timeout_ms / 1000)
    aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="features")
    return ParquetStore(_folder(section.address), section.entity, freshness, time.monotonic, aside)


def _folder(address: str) -> "Folder":
    if address.startswith("s3://"):
        from serinus.aws.bucket_features import bucket_folder

        return bucket_folder(address)
    from serinus.features.folder import DiskFolder

    return DiskFolder(Path(address))


def _feast(service: Service, section: FeaturesSection) -> FeatureStore:
    from serinus.features.feast_store import Question, feast_store

    url = urlsplit(section.address)
    said = {name: values[-1] for name, values in parse_qs(url.query).items()}
    if url.scheme not in ("http", "https") or len({*said} & {"feature_service", "view"}) != 1 or len(said) > 1:
        raise ServiceError("[features] address: expected http://host:6566/?feature_service=NAME or .../?view=NAME")
    form = StoredForm.of(service)
    named = {"features": [f"{said['view']}:{name}" for name in form.names]} if "view" in said else said
    key: Callable[[str], object] = int if form.entity.type == "integer" else str
    server = url._replace(query="", fragment="").geturl()
    question = Question(named, section.entity, key)
    return feast_store(server, question, timeout_s=section.timeout_ms / 1000, clock=time.time)


STORES: Mapping[Kind, Callable[[Service, FeaturesSection], FeatureStore]] = {
    "redis": _redis,
    "dynamodb": _dynamodb,
    "parquet": _parquet,
    "feast": _feast,
}
