"""What a request may say besides its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from serinus.ensemble import AUTO
from serinus.errors import InputError, Problem, short, shown
from serinus.rows import MOST_PROBLEMS
from serinus.service import Service

Kind = Literal["features", "samples"]
ROWS = frozenset({"features", "samples"})
OPTIONS = frozenset({"model", "model_name", "return_probabilities", "return_all_models", "voting"})
MEMBERS = ROWS | OPTIONS


@dataclass(frozen=True, slots=True)
class Terms:
    """What the options of a service may be. votings: how its models' answers become one."""

    votings: tuple[str, ...] = ("soft", "hard")
    members: frozenset[str] = OPTIONS

    @classmethod
    def of(cls, service: Service) -> Self:
        if service.service.task == "classification":
            return cls()
        weighted = ("weighted",) if service.ensemble.weights else ()
        return cls(("mean", "median", *weighted), OPTIONS - {"return_probabilities"})


CLASSIFIER = Terms()


@dataclass(frozen=True, slots=True)
class Options:
    model: str = AUTO
    return_probabilities: bool = True
    return_all_models: bool = False
    voting: str | None = None


def options(members: Mapping[str, object], terms: Terms = CLASSIFIER, rows: frozenset[str] = ROWS) -> Options:
    """The options that `members`, the rows taken out, are; InputError names what is wrong with them."""
    problems = [problem for name, value in members.items() if (problem := _problem(name, value, terms, rows))]
    if problems:
        raise InputError(problems[:MOST_PROBLEMS])
    said: dict[str, Any] = dict(members)  # each member was just checked
    if "model_name" in said:
        name = said.pop("model_name")
        if said.setdefault("model", name) != name:
            raise InputError([Problem("model_name", shown(name), "what model says, or nothing")])
    return Options(**said)


def _problem(name: str, value: object, terms: Terms, rows: frozenset[str]) -> Problem | None:
    if name in ROWS & rows:
        return Problem(name, shown(value), "features for one row or samples for a batch, not both")
    if name not in terms.members:
        return Problem(short(name), shown(value), f"one of {', '.join(sorted(rows | terms.members))}")
    match name:
        case "model" | "model_name":
            return None if isinstance(value, str) else Problem(name, shown(value), "a model's name")
        case "voting":
            fits = value is None or value in terms.votings
            return None if fits else Problem(name, shown(value), " or ".join(terms.votings))
        case _:
            return None if isinstance(value, bool) else Problem(name, shown(value), "true or false")
