"""Features in Redis: one packed string per entity, under `features:<service>:<entity>`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import InvalidResponse, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from serinus.errors import ServiceError, StoreDown
from serinus.features.chunks import in_chunks
from serinus.features.packing import pack, unpack
from serinus.features.store import Stored, Unreadable

PREFIX = "features"
CHUNK = 500
CONNECTIONS = 64


@dataclass(frozen=True)
class RedisStore:
    client: Redis
    prefix: str

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        with _told("read"):
            blobs = self._blobs(entities)
            found = {entity: unpack(blob) for entity, blob in zip(entities, blobs, strict=True) if blob is not None}
            absent = [entity for entity, blob in zip(entities, blobs, strict=True) if blob is None]
            return found | self._foreign(absent)

    def put(self, records: Mapping[str, Stored]) -> None:
        with _told("write"):
            for some in in_chunks(records.items(), CHUNK):
                self.client.mset({self.prefix + entity: pack(stored) for entity, stored in some})

    def entities(self) -> Iterator[str]:
        seen: set[bytes] = set()  # a scan may say a key twice
        with _told("read"):
            for key in self.client.scan_iter(match=self.prefix + "*", count=1000):
                if key not in seen:
                    seen.add(key)
                    yield key.decode("utf-8", "replace").removeprefix(self.prefix)

    def ping(self) -> None:
        with _told("reach"):
            self.client.ping()

    def _blobs(self, entities: Iterable[str]) -> list[bytes | None]:
        pipeline = self.client.pipeline(transaction=False)
        for some in in_chunks(entities, CHUNK):
            pipeline.mget([self.prefix + entity for entity in some])
        return [blob for blobs in pipeline.execute() for blob in blobs]

    def _foreign(self, absent: Sequence[str]) -> dict[str, Unreadable]:
        """To MGET, what is no string is not there; to us it is somebody else's."""
        if not absent:
            return {}
        pipeline = self.client.pipeline(transaction=False)
        for entity in absent:
            pipeline.type(self.prefix + entity)
        kinds = (kind.decode() for kind in pipeline.execute())
        return {
            entity: Unreadable(f"it is a {kind}, not a string")
            for entity, kind in zip(absent, kinds, strict=True)
            if kind not in ("none", "string")
        }


def redis_store(address: str, *, service: str, timeout_s: float) -> RedisStore:
    """timeout_s: for each answer, and for connecting. Retries and all else that waits is the business of the caller."""
    try:
        pool = BlockingConnectionPool.from_url(
            address,
            max_connections=CONNECTIONS,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            retry_on_error=[],
            maint_notifications_config=MaintNotificationsConfig(enabled=False),  # they stretch timeouts to 10 s
        )
    except ValueError:
        raise ServiceError(
            "[features] address: not the address of a Redis; expected redis://[user:password@]host[:port][/db], with "
            "what is special in a password percent-encoded"
        ) from None  # the reason quotes a part of the address, which may be a part of the password
    return RedisStore(Redis(connection_pool=pool), f"{PREFIX}:{service}:")


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """What Redis answers may quote a key or a value, which may be a patient's: of that just the kind is told."""
    try:
        yield
    except (ResponseError, InvalidResponse) as error:
        raise StoreDown(f"cannot {doing} the features in Redis: {type(error).__name__}") from None
    except RedisTimeout:
        raise StoreDown(f"cannot {doing} the features in Redis: no answer in time") from None
    except RedisError as error:
        raise StoreDown(f"cannot {doing} the features in Redis: {error}") from None
