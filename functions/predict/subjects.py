"""Whom a request is about: noted while it is read and answered, for the audit record."""

from collections.abc import Callable, Sequence

from functions.predict.telemetry import Observation
from functions.predict.wire import About, BatchRequest, PredictRequest
from serinus.record import Origin

KEPT: frozenset[Origin] = frozenset({"store", "stale"})


def note_named(records: Sequence[object], named: Callable[[object], str | None], seen: Observation) -> None:
    """Before anything can be refused: a record of a refusal says about whom it was as well."""
    names = {place: named(record) for place, record in enumerate(records)}
    seen.subjects.samples = len(records)
    seen.subjects.entities = {place: name for place, name in names.items() if name is not None}


def note_answered(request: PredictRequest | BatchRequest, seen: Observation) -> None:
    """Which samples the models are given, and whose features came from the store."""
    if isinstance(request, BatchRequest):
        seen.subjects.samples, seen.subjects.rows = request.samples, request.places
        pairs = zip(request.places, request.abouts, strict=False)  # rows that are vectors have no abouts
        seen.subjects.stored = {place for place, about in pairs if _is_kept(about)}
    elif _is_kept(request.about):
        seen.subjects.stored = {0}


def _is_kept(about: About) -> bool:
    return not KEPT.isdisjoint(about.features.get("feature_sources", {}).values())
