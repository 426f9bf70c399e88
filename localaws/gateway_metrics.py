"""Count requests the way API Gateway does.

AWS ("Monitor HTTP API metrics" and "Amazon API Gateway dimensions and metrics", API Gateway Developer Guide): each
request puts Count, Latency in milliseconds, and 4xx and 5xx (4XXError and 5XXError of a REST API; 1 or 0) into
AWS/ApiGateway: for an HTTP API by ApiId, for a REST API by ApiName, and by ApiName and Stage. Here they get there
within a second after the answer. moto counts nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from localaws.repeating import Repeatedly

LATER_S = 1.0
NAMESPACE = "AWS/ApiGateway"

Dimensions = Mapping[str, str]
Put = Callable[[str, list[dict[str, Any]]], None]


class Answered(NamedTuple):
    """path: as it was asked, which of a REST API begins with the stage."""

    path: str
    status: int
    latency_ms: float


@dataclass(frozen=True)
class HttpNames:
    """What the metrics of an HTTP API are called."""

    api_id: str
    refused: str = "4xx"
    failed: str = "5xx"

    def dimensions(self, path: str) -> Iterator[Dimensions]:
        yield {"ApiId": self.api_id}


@dataclass(frozen=True)
class RestNames:
    """What the metrics of a REST API are called."""

    name: str
    refused: str = "4XXError"
    failed: str = "5XXError"

    def dimensions(self, path: str) -> Iterator[Dimensions]:
        yield {"ApiName": self.name}
        yield {"ApiName": self.name, "Stage": path[1:].partition("/")[0]}


Names = HttpNames | RestNames


class Requests:
    """Puts what was answered, once a second and when it is left. clock: the time of what is put."""

    def __init__(self, put: Put, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._put = put
        self._clock = clock
        self._told: deque[tuple[Names, Answered]] = deque()
        self._repeatedly = Repeatedly(self._put_all, interval_s=LATER_S, name="gateway-metrics")

    def __enter__(self) -> Self:
        self._repeatedly.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._repeatedly.__exit__()
        self._put_all()

    def tell(self, names: Names, answered: Answered) -> None:
        self._told.append((names, answered))

    def _put_all(self) -> None:
        told = [self._told.popleft() for _ in range(len(self._told))]
        when = self._clock().replace(tzinfo=None)
        metrics = [metric for names, answered in told for metric in _metrics(names, answered, when)]
        if metrics:
            self._put(NAMESPACE, metrics)


def _metrics(names: Names, answered: Answered, when: datetime) -> Iterator[dict[str, Any]]:
    figures = (
        ("Count", 1.0, "Count"),
        ("Latency", answered.latency_ms, "Milliseconds"),
        (names.refused, float(400 <= answered.status < 500), "Count"),
        (names.failed, float(answered.status >= 500), "Count"),
    )
    for dimensions in names.dimensions(answered.path):
        listed = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        for name, value, unit in figures:
            yield {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": listed, "Timestamp": when}
