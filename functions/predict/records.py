"""From a request of a service with fields, and what is stored of the things it names, to rows."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from functions.predict.bases import Bases
from functions.predict.filling import Filling
from functions.predict.options import Terms
from functions.predict.record_json import SAMPLES, Asked, AskedMany, Shape, check_names
from functions.predict.stock import Outcomes, Stock
from functions.predict.subjects import note_named
from functions.predict.telemetry import Observation
from functions.predict.wire import BatchRequest, PredictRequest, nothing_good
from serinus.ensemble import Ensemble
from serinus.errors import InputError, Problem, ServiceError, StoreDown
from serinus.record import Filled, Form

Request = TypeVar("Request", PredictRequest, BatchRequest)


class Records:
    """Reads the bodies of one service. stock: its stored features, if it has any."""

    def __init__(self, ensemble: Ensemble, stock: Stock | None) -> None:
        service = ensemble.service
        check_names(service)
        if (service.features is None) != (stock is None):
            raise ServiceError(f"{service.name} has [features] and no store to ask, or a store and no [features]")
        lists = tuple(dict.fromkeys((service.input.rows, SAMPLES)))
        self._shape = Shape(Terms.of(service), lists, service.gateway.max_batch_size)
        entity = service.features.entity if service.features else ""
        form = Form.of(service.input, ensemble.nan_policy)
        self._filling = Filling(form, stock, entity, Bases(form))
        self._stock = stock
        self._is_audited = service.privacy.personal

    def one(self, body: bytes, seen: Observation) -> PredictRequest | Awaitable[PredictRequest]:
        asked = self._shape.one(body)
        return self._with_stored([asked.record], seen, partial(self._request, asked))

    def many(self, body: bytes, seen: Observation) -> BatchRequest | Awaitable[BatchRequest]:
        asked = self._shape.many(body)
        return self._with_stored(asked.records, seen, partial(self._batch, asked))

    def _with_stored(
        self, records: Sequence[object], seen: Observation, made: Callable[[Outcomes], Request]
    ) -> Request | Awaitable[Request]:
        if self._is_audited:
            note_named(records, self._filling.named, seen)
        names = dict.fromkeys(map(self._filling.wanted, records))
        wanted = [name for name in names if name is not None]
        if self._stock is None or not wanted:
            return made({})
        outcomes = self._stock.remembered(wanted)
        if outcomes is None:
            return _later(self._stock, wanted, seen, made)
        seen.lookups = self._stock.counted()
        return made(outcomes)

    def _request(self, asked: Asked, outcomes: Outcomes) -> PredictRequest:
        filled = self._filling.filled(asked.record, "", outcomes)
        return PredictRequest(filled.row, asked.options, self._filling.about(asked.record, filled))

    def _batch(self, asked: AskedMany, outcomes: Outcomes) -> BatchRequest:
        good: dict[int, Filled] = {}
        problems: dict[int, Sequence[Problem]] = {}
        down: StoreDown | None = None
        for place, record in enumerate(asked.records):
            at = f"{asked.called}[{place}]."
            try:
                good[place] = self._filling.filled(record, at, outcomes)
            except StoreDown as error:
                down, problems[place] = error, [self._filling.down(record, at)]
            except InputError as error:
                problems[place] = error.problems
        if not good:
            raise down or nothing_good(problems)
        rows = np.concatenate([filled.row for filled in good.values()])
        abouts = [self._filling.about(asked.records[place], filled) for place, filled in good.items()]
        return BatchRequest(rows, asked.options, len(asked.records), list(good), problems, abouts, asked.called)


async def _later(
    stock: Stock, wanted: Sequence[str], seen: Observation, made: Callable[[Outcomes], Request]
) -> Request:
    outcomes = await stock.fetched(wanted)
    seen.lookups = stock.counted()
    seen.trouble = next((str(outcome) for outcome in outcomes.values() if isinstance(outcome, StoreDown)), None)
    return made(outcomes)
