"""What a request of a service with fields says: its fields lie flat in the body, next to the options.

orjson reads; it would keep the last of two values under one name without a word. In JSON each member has one colon:
where there are as many colons as members that were kept, none was doubled, and no text or nested object hid one.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from functions.predict import careful_json
from functions.predict.options import OPTIONS, Options, Terms, options
from functions.predict.regression import predicted_name
from functions.predict.wire import batch_options, checked_samples
from serinus.errors import InputError, Problem, ServiceError, listed, shown
from serinus.service import Service

SAMPLES = "samples"
RESERVED = OPTIONS | {"features", SAMPLES}
ANSWERED = frozenset(
    {
        *("prediction", "model", "metadata", "ensemble_prediction", "individual_predictions", "agreement_score"),
        *("class", "class_name", "class_id", "confidence", "probabilities", "risk_band"),
        *("model_name", "model_version", "confidence_score", "spread", "lowest", "highest"),
        *("features_used", "feature_sources", "timestamp", "request_id"),
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One record, not looked at yet."""

    record: dict[str, object]
    options: Options


@dataclass(frozen=True, slots=True)
class AskedMany:
    """Records, if they are any; called: the name of their list."""

    records: list[object]
    options: Options
    called: str


@dataclass(frozen=True, slots=True)
class Shape:
    """terms: what the options may be; lists: what a batch may call its records, `most` of them at once."""

    terms: Terms
    lists: tuple[str, ...]
    most: int

    def one(self, body: bytes) -> Asked:
        members = _flat(body) or careful_json.any_members(body, "a JSON object of the service's fields")
        said = {name: members.pop(name) for name in self.terms.members & members.keys()}
        return Asked(members, options(said, self.terms))

    def many(self, body: bytes) -> AskedMany:
        expected = f'a JSON object with "{self.lists[0]}"'
        members = self._flat_batch(body) or careful_json.any_members(body, expected)
        called = self._called(members)
        records = checked_samples(members.pop(called), called, self.most)
        return AskedMany(records, batch_options(members, self.terms, frozenset({called})), called)

    def _called(self, members: dict[str, Any]) -> str:
        names = [name for name in self.lists if name in members]
        if not names:
            got = f"an object of {careful_json.names(members)}"
            raise InputError([Problem(self.lists[0], got, "a list of records under this name")])
        if len(names) > 1:
            expected = f"{' or '.join(self.lists)}, not both"
            raise InputError([Problem(name, shown(members[name]), expected) for name in names])
        return names[0]

    def _flat_batch(self, body: bytes) -> dict[str, Any] | None:
        members = _object(body)
        if members is None:
            return None
        records = [record for name in self.lists for record in _list(members.get(name))]
        kept = len(members) + sum(len(record) for record in records if isinstance(record, dict))
        return members if body.count(b":") == kept else None


def check_names(service: Service) -> None:
    """A name cannot be a field and something else; ServiceError when one would be."""
    said = service.input
    taken = RESERVED | ({said.rows} - {SAMPLES})
    if doubled := sorted(taken & {field.name for field in said.given}):
        raise ServiceError(f"fields cannot be called {listed(doubled)}: requests say something else by that name")
    if said.rows in RESERVED - {SAMPLES}:
        raise ServiceError(f"[input] rows cannot be {said.rows!r}: requests say something else by that name")
    if service.features and service.features.entity in ANSWERED | {predicted_name(service.service)}:
        entity = service.features.entity
        raise ServiceError(f"the entity cannot be called {entity!r}: answers say something else by that name")


def _flat(body: bytes) -> dict[str, Any] | None:
    """The members of the object in `body`, if that is beyond doubt."""
    members = _object(body)
    return members if members is not None and body.count(b":") == len(members) else None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) is dict else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
