"""What a request says: raw JSON in, checked float32 rows out.

Two readers of one language. The quick one never makes a Python list of floats: simdjson hands over the numbers as a
buffer. It takes only what is beyond doubt; all else goes to the careful one, which defines the language and names
each wrong value with its place. simdjson's buffer flattens nested lists without a word, hence the look for a second
`[`.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import simdjson
from numpy.typing import NDArray

from serinus.ensemble import AUTO
from serinus.errors import InputError, Problem, short, shown
from serinus.schema import OVERFLOWS, NanPolicy, Rows, expected_number, problem_with, refused
from serinus.service import Voting

MEMBERS = frozenset({"features", "samples", "model", "return_probabilities", "return_all_models", "voting"})
VOTINGS: tuple[Voting, ...] = ("soft", "hard")
NUMBERS = {int, float, type(None)}
NESTED = (simdjson.Array, simdjson.Object)
MOST_PROBLEMS = 20
Kind = Literal["features", "samples"]


@dataclass(frozen=True, slots=True)
class Width:
    """What a row of this service is: how many numbers, and whether one may be missing."""

    features: int
    nan_policy: NanPolicy


@dataclass(frozen=True, slots=True)
class Options:
    model: str = AUTO
    return_probabilities: bool = True
    return_all_models: bool = False
    voting: Voting | None = None


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """rows: float32 [1, F]"""

    rows: Rows
    options: Options

    def by(self, name: str) -> "PredictRequest":
        """The same, to be answered by the model `name`; InputError when the request itself names another."""
        if self.options.model not in (AUTO, name):
            raise InputError([Problem("model", shown(self.options.model), f"{name}, as the path says, or nothing")])
        return replace(self, options=replace(self.options, model=name))


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """rows: float32 [N, F], the good samples; places: which samples they are; problems: of the bad ones, by place."""

    rows: Rows
    options: Options
    samples: int
    places: Sequence[int]
    problems: Mapping[int, Sequence[Problem]]


def read_one(body: bytes, width: Width) -> PredictRequest:
    """The one row in `body`; InputError names what is wrong with it."""
    quick = _quick_members(body, "features")
    if quick is not None:
        rows = _quick_row(quick.pop("features"), width)
        if rows is not None and body.find(b"[") == body.rfind(b"["):
            return PredictRequest(rows, _options(quick))
    members = _careful_members(body, "features")
    values, problems = _careful_row(members.pop("features"), "features", width)
    if problems:
        raise InputError(problems)
    return PredictRequest(values, _options(members))


def read_many(body: bytes, width: Width, *, most: int) -> BatchRequest:
    """The samples in `body`, good and bad ones apart; InputError when it is no batch, or one of more than `most`."""
    members = _quick_members(body, "samples") or _careful_members(body, "samples")
    samples = members.pop("samples")
    if not isinstance(samples, list | simdjson.Array) or not 0 < len(samples) <= most:
        raise InputError([Problem("samples", _size(samples), f"a list of 1 to {most} rows")])
    options = _options(members)
    if options.return_all_models:
        raise InputError([Problem("return_all_models", True, "false in a batch; ask row by row for every model")])
    return _batch(list(samples), body.count(b"["), width, options)


def nothing_good(problems: Mapping[int, Sequence[Problem]]) -> InputError:
    """A batch without one good sample is refused whole."""
    return InputError([problem for found in problems.values() for problem in found][:MOST_PROBLEMS])


def _batch(samples: Sequence[object], brackets: int, width: Width, options: Options) -> BatchRequest:
    """`samples` read one by one; `brackets`, how many `[` the body holds, tells whether one may hold lists."""
    flat = brackets == 1 + sum(isinstance(sample, simdjson.Array) for sample in samples)
    read = [_sample(sample, place, width, flat=flat) for place, sample in enumerate(samples)]
    problems = {place: problems for place, (_, problems) in enumerate(read) if problems}
    if len(problems) == len(read):
        raise nothing_good(problems)
    good = [place for place in range(len(read)) if place not in problems]
    return BatchRequest(np.concatenate([read[place][0] for place in good]), options, len(read), good, problems)


def _quick_members(body: bytes, kind: Kind) -> dict[str, Any] | None:
    """The members of the object in `body`, `kind` among them; None when in any doubt."""
    try:
        document = simdjson.Parser().parse(body)
    except (ValueError, RuntimeError):
        return None
    if not isinstance(document, simdjson.Object):
        return None
    names = list(document.keys())
    if not MEMBERS.issuperset(names):
        return None
    members = {name: document[name] for name in names}  # items() would make Python lists
    nested = [name for name, value in members.items() if isinstance(value, NESTED)]
    sure = nested == [kind] and isinstance(members[kind], simdjson.Array) and len(members) == len(names)
    return members if sure else None


def _quick_row(numbers: object, width: Width) -> Rows | None:
    """`numbers` as float32 [1, F], if they are that many good ones; the caller rules out nested lists."""
    if not isinstance(numbers, simdjson.Array) or len(numbers) != width.features:
        return None
    values = _quick_values(numbers)
    return None if values is None or len(values) != width.features else _checked(values, width)


def _quick_values(numbers: simdjson.Array) -> NDArray[np.float64] | None:
    try:
        return np.frombuffer(numbers.as_buffer(of_type="d"))
    except TypeError:  # something that is no number: a null may be a missing value
        values = numbers.as_list()
        return np.array(values, np.float64) if set(map(type, values)) <= NUMBERS else None


def _checked(values: NDArray[np.float64], width: Width) -> Rows | None:
    if np.maximum.reduce(values) < OVERFLOWS and np.minimum.reduce(values) > -OVERFLOWS:  # so none is NaN either
        return values.astype(np.float32)[None]
    with np.errstate(over="ignore"):
        rows = values.astype(np.float32)[None]
    return None if refused(rows, width.nan_policy)[0] else rows


def _sample(sample: object, place: int, width: Width, *, flat: bool) -> tuple[Rows, list[Problem]]:
    rows = _quick_row(sample, width) if flat else None
    if rows is not None:
        return rows, []
    plain = sample.as_list() if isinstance(sample, simdjson.Array) else sample
    return _careful_row(plain, f"samples[{place}]", width)


def _careful_members(body: bytes, kind: Kind) -> dict[str, Any]:
    """The members of the object in `body`; InputError when it is no JSON object or has no `kind`."""
    if not body:
        raise InputError([Problem("body", "", f'a JSON object with "{kind}"')])
    try:
        members = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once)
    except RecursionError:
        raise InputError([Problem("body", "lists or objects nested too deeply", "a flat JSON object")]) from None
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 10) : error.pos + 10]
        where = f"line {error.lineno} column {error.colno}"
        raise InputError([Problem("body", near, f"JSON: {error.msg} at {where}")]) from None
    except UnicodeDecodeError as error:
        raise InputError([Problem("body", f"byte {body[error.start]:#x} at {error.start}", "UTF-8")]) from None
    except ValueError:
        raise InputError([Problem("body", "an integer of thousands of digits", "shorter numbers")]) from None
    if not isinstance(members, dict):
        raise InputError([Problem("body", shown(members), f'a JSON object with "{kind}"')])
    if kind not in members:
        raise InputError([Problem(kind, None, f"a list under this name; got {_names(members)}")])
    return members


def _names(members: Mapping[str, object]) -> str:
    return short(", ".join(sorted(members))) or "nothing"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        [(doubled, times)] = Counter(name for name, _ in pairs).most_common(1)
        raise InputError([Problem(short(doubled), f"{times} times", "each name once")])
    return members


def _careful_row(values: object, field: str, width: Width) -> tuple[Rows, list[Problem]]:
    """`values` as float32 [1, F], or what is wrong with them, at most MOST_PROBLEMS of it."""
    nothing = np.empty((0, width.features), np.float32)
    if not isinstance(values, list) or len(values) != width.features:
        return nothing, [Problem(field, _size(values), f"a list of {width.features} numbers")]
    problems = [problem for problem in _problems(values, field, width.nan_policy) if problem][:MOST_PROBLEMS]
    return (nothing, problems) if problems else (np.array([values], np.float64).astype(np.float32), [])


def _problems(values: Sequence[object], field: str, nan_policy: NanPolicy) -> Iterator[Problem | None]:
    for place, value in enumerate(values):
        yield _problem(value, f"{field}[{place}]", nan_policy)


def _problem(value: object, field: str, nan_policy: NanPolicy) -> Problem | None:
    if value is None and nan_policy == "allow":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Problem(field, shown(value), expected_number(nan_policy))
    try:
        number = float(value)
    except OverflowError:
        number = float("inf") if value > 0 else float("-inf")
    if math.isnan(number):  # the token NaN, which JSON does not have: missing values are null
        return Problem(field, "NaN", expected_number(nan_policy))
    problem = problem_with(number, field, nan_policy)
    return problem and Problem(field, problem.value if isinstance(value, float) else shown(value), problem.expected)


def _size(values: object) -> str | int | float | bool | None:
    return f"a list of {len(values)}" if isinstance(values, list | simdjson.Array) else shown(values)


def _options(members: Mapping[str, object]) -> Options:
    problems = [problem for name, value in members.items() if (problem := _option_problem(name, value))]
    if problems:
        raise InputError(problems[:MOST_PROBLEMS])
    return Options(**members)  # type: ignore[arg-type]  # each member was just checked


def _option_problem(name: str, value: object) -> Problem | None:
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
