"""One record of a request, and what is stored of the thing it names, into one row."""

from dataclasses import dataclass

from functions.predict.bases import Bases
from functions.predict.stock import Outcome, Outcomes, Stock
from functions.predict.wire import About
from serinus.errors import InputError, Problem, StoreDown, UnknownEntity, short, shown
from serinus.features.store import Stored, Unreadable
from serinus.record import Filled, Form
from serinus.rows import MOST_PROBLEMS, Doubled

DOWN = "stored features, or all of them in the request: the feature store does not answer at the moment"


@dataclass(frozen=True, slots=True)
class Filling:
    """stock: where features are stored, under the name that the field `entity` says; None where nothing is stored."""

    form: Form
    stock: Stock | None
    entity: str
    bases: Bases

    def wanted(self, record: object) -> str | None:
        """Whose features are to be looked up; None when nobody's are, or when `record` says it badly."""
        if self.stock is None or type(record) is not dict or not self.form.asks_store(record):
            return None
        return self.named(record)

    def named(self, record: object) -> str | None:
        """The entity that `record` names well, if it does."""
        if not self.entity or type(record) is not dict:
            return None
        try:
            return self.form.entity(record, self.entity)
        except InputError:
            return None

    def filled(self, record: object, at: str, outcomes: Outcomes) -> Filled:
        """`record`, which a request holds `at` a place, as a row; StoreDown or InputError when it makes none."""
        if type(record) is not dict:
            raise InputError(_not_a_record(record, at))
        if self.stock is None or not self.form.asks_store(record):
            return self.form.read(record, at=at)
        try:
            outcome = outcomes[self.form.entity(record, self.entity, at)]
        except InputError as error:
            raise InputError([*self._own_problems(record, at), *error.problems][:MOST_PROBLEMS]) from None
        if isinstance(outcome, StoreDown) or not isinstance(outcome.stored, Stored):
            raise self._without(record, at, outcome)
        kept = "stale" if self.stock.is_old(outcome.stored) else outcome.source
        return self.form.read(record, self.bases.of(outcome.stored, kept), at)

    def about(self, record: object, filled: Filled) -> About:
        named = {self.entity: record.get(self.entity)} if self.stock is not None and isinstance(record, dict) else {}
        return About(named, {"features_used": filled.used, "feature_sources": filled.sources})

    def down(self, record: object, at: str) -> Problem:
        """Why a record of a batch is not answered while the store is down."""
        assert isinstance(record, dict)
        return Problem(at + self.entity, shown(record.get(self.entity)), DOWN)

    def _without(self, record: dict[str, object], at: str, outcome: Outcome) -> InputError | StoreDown:
        """Why there is no row without stored features; what the request itself says wrong comes first."""
        if own := self._own_problems(record, at):
            return InputError(own)
        if isinstance(outcome, StoreDown):
            return outcome
        said = (at + self.entity, shown(record.get(self.entity)))
        if isinstance(outcome.stored, Unreadable):
            reason = f"one whose stored features can be read: {outcome.stored.reason}"
            return InputError([Problem(*said, f"{reason}; put them anew, or send them")])
        return UnknownEntity([Problem(*said, "one that the feature store has, or all features in the request")])

    def _own_problems(self, record: dict[str, object], at: str) -> list[Problem]:
        """What is wrong with that which `record` says, the entity aside."""
        try:
            self.form.read(record, at=at)
        except InputError as error:
            others = (problem for problem in error.problems if problem.field != at + self.entity)
            return [problem for problem in others if problem.value is not None]
        return []


def _not_a_record(record: object, at: str) -> list[Problem]:
    if isinstance(record, Doubled):
        doubled = list(record.items())[:MOST_PROBLEMS]
        return [Problem(at + short(name), f"{times} times", "each name once") for name, times in doubled]
    return [Problem(at.removesuffix("."), shown(record), "an object of the service's fields")]
