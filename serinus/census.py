"""How well a feature store can serve a service: what of each field is missing or wrong, and what is too old."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from serinus.features.chunks import in_chunks
from serinus.features.store import FeatureStore, Stored, Unreadable
from serinus.stored import StoredForm, is_required, is_wrong

CHUNK = 1000


@dataclass(frozen=True)
class Census:
    """Numbers of entities: missing and wrong by field; required: the fields without which there is no prediction."""

    entities: int
    unreadable: int
    stale: int
    missing: Mapping[str, int]
    wrong: Mapping[str, int]
    required: frozenset[str]

    @property
    def is_well(self) -> bool:
        lacking = any(self.missing[name] for name in self.required)
        return bool(self.entities) and not (self.unreadable or self.stale or lacking or any(self.wrong.values()))


def census(
    store: FeatureStore, form: StoredForm, *, oldest: float, report: Callable[[int], None] = lambda entities: None
) -> Census:
    """oldest: what was put before that is stale."""
    counts: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for some in in_chunks(store.entities(), CHUNK):
        found = store.get(some)
        for stored in found.values():
            if isinstance(stored, Unreadable):
                counts["unreadable"] += 1
                continue
            counts["stale"] += stored.at < oldest
            missing.update(_missing(form, stored))
            wrong.update(field.name for field in form.fields if is_wrong(field, stored.values.get(field.name)))
        counts["entities"] += len(found)
        report(len(found))
    return Census(
        entities=counts["entities"],
        unreadable=counts["unreadable"],
        stale=counts["stale"],
        missing={name: missing[name] for name in form.names},
        wrong={name: wrong[name] for name in form.names},
        required=frozenset(field.name for field in form.fields if is_required(field)),
    )


def _missing(form: StoredForm, stored: Stored) -> list[str]:
    return [name for name in form.names if (value := stored.values.get(name)) is None or value in form.missing]
