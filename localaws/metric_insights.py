"""CloudWatch's Metrics Insights, as far as one line over many metrics goes.

AWS ("Metrics Insights query components and syntax", User Guide): SELECT AVG, COUNT, MAX, MIN or SUM of a metric FROM a
namespace, or FROM SCHEMA(namespace, the names of exactly its dimensions), WHERE dimensions have values.
GROUP BY, ORDER BY and LIMIT, which make several lines, are refused here, as is WHERE with OR.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from localaws.measurements import dimensions_of
from localaws.series import UnknownMath

WORD = r"(?:\"[^\"]+\"|[\w./-]+)"
QUERY = re.compile(
    rf"\s*SELECT\s+(?P<statistic>AVG|COUNT|MAX|MIN|SUM)\((?P<metric>{WORD})\)"
    rf"\s+FROM\s+(?:SCHEMA\((?P<schema>[^)]*)\)|(?P<namespace>{WORD}))"
    r"(?:\s+WHERE\s+(?P<where>.+?))?\s*",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(rf"\s*({WORD})\s*(=|!=)\s*'([^']*)'\s*")
STATISTICS: Mapping[str, str] = MappingProxyType(
    {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
)


def is_insights(expression: str) -> bool:
    return expression.lstrip()[:6].upper() == "SELECT"


@dataclass(frozen=True)
class Insight:
    """dimensions: what a metric has exactly, None where any will do; where: dimension, whether it is equal, value."""

    statistic: str
    metric: str
    namespace: str
    dimensions: frozenset[str] | None
    where: tuple[tuple[str, bool, str], ...]

    @classmethod
    def read(cls, query: str) -> "Insight":
        found = QUERY.fullmatch(query)
        if found is None:
            raise UnknownMath(f"cannot read the query {query!r}")
        schema = [_plain(part) for part in (found["schema"] or "").split(",")]
        dimensions = frozenset(schema[1:]) if found["schema"] else None
        namespace = schema[0] if found["schema"] else _plain(found["namespace"])
        statistic = STATISTICS[found["statistic"].upper()]
        return cls(statistic, _plain(found["metric"]), namespace, dimensions, _conditions(found["where"]))

    def accepts(self, datum: Any) -> bool:
        if datum.name != self.metric or datum.namespace != self.namespace:
            return False
        has = dimensions_of(datum)
        if self.dimensions is not None and has.keys() != self.dimensions:
            return False
        return all(name in has and (has[name] == value) is equal for name, equal, value in self.where)


def _conditions(where: str | None) -> tuple[tuple[str, bool, str], ...]:
    conditions = []
    for part in re.split(r"\s+AND\s+", where or "", flags=re.IGNORECASE) if where else []:
        found = CONDITION.fullmatch(part)
        if found is None:
            raise UnknownMath(f"localaws knows no {part!r} after WHERE: dimension = 'value', or !=, joined by AND")
        conditions.append((_plain(found[1]), found[2] == "=", found[3]))
    return tuple(conditions)


def _plain(word: str) -> str:
    return word.strip().strip('"')
