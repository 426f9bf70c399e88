"""The bodies of a service whose rows are vectors, as rows."""

from dataclasses import dataclass
from typing import Self

from functions.predict.options import Terms
from functions.predict.telemetry import Observation
from functions.predict.wire import BatchRequest, PredictRequest, read_many, read_one
from serinus.ensemble import Ensemble
from serinus.rows import Layout


@dataclass(frozen=True, slots=True)
class Vectors:
    """Reads the bodies of one service; there is nothing to wait for."""

    layout: Layout
    terms: Terms
    most: int

    @classmethod
    def of(cls, ensemble: Ensemble) -> Self:
        service = ensemble.service
        layout = Layout.of(ensemble.schema, ensemble.nan_policy)
        return cls(layout, Terms.of(service), service.gateway.max_batch_size)

    def one(self, body: bytes, seen: Observation) -> PredictRequest:
        return read_one(body, self.layout, self.terms)

    def many(self, body: bytes, seen: Observation) -> BatchRequest:
        return read_many(body, self.layout, self.terms, most=self.most)
