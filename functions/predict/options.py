"""What a request may say besides its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from serinus.ensemble import AUTO
from serinus.errors import InputError, Problem, short, shown
from serinus.rows import MOST_PROBLEMS
from serinus.service import Voting

MEMBERS = frozenset({"features", "samples", "model", "return_probabilities", "return_all_models", "voting"})
VOTINGS: tuple[Voting, ...] = ("soft", "hard")
Kind = Literal["features", "samples"]


@dataclass(frozen=True, slots=True)
class Options:
    model: str = AUTO
    return_probabilities: bool = True
    return_all_models: bool = False
    voting: Voting | None = None


def options(members: Mapping[str, object]) -> Options:
    """The options that `members`, the rows taken out, are; InputError names what is wrong with them."""
    problems = [problem for name, value in members.items() if (problem := _problem(name, value))]
    if problems:
        raise InputError(problems[:MOST_PROBLEMS])
    return Options(**members)  # type: ignore[arg-type]  # each member was just checked


def _problem(name: str, value: object) -> Problem | None:
    match name:
        case "model":
            return None if isinstance(value, str) else Problem(name, shown(value), "a model's name")
        case "return_probabilities" | "return_all_models":
            return None if isinstance(value, bool) else Problem(name, shown(value), "true or false")
        case "voting":
            return None if value is None or value in VOTINGS else Problem(name, shown(value), "soft or hard")
        case "features" | "samples":
            return Problem(name, shown(value), "features for one row or samples for a batch, not both")
        case _:
            return Problem(short(name), shown(value), f"one of {', '.join(sorted(MEMBERS))}")
