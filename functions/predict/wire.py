"""What a request says: raw JSON in, checked float32 rows out.

Two readers of one language: a quick one for lists of numbers, and a careful one that names each wrong value with its
place (`serinus.rows` defines the language).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import simdjson

from functions.predict import careful_json, quick_json
from functions.predict.options import CLASSIFIER, ROWS, Options, Terms, options
from serinus.ensemble import AUTO
from serinus.errors import InputError, Problem, shown
from serinus.rows import MOST_PROBLEMS, Layout, read
from serinus.schema import Rows

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What an answer repeats of its record. entity: its name and value; features: what was used, and its sources."""

    entity: Json
    features: Json


NOTHING = About({}, {})


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """rows: float32 [1, F]"""

    rows: Rows
    options: Options
    about: About = NOTHING

    def by(self, name: str) -> "PredictRequest":
        """The same, to be answered by the model `name`; InputError when the request itself names another."""
        if self.options.model not in (AUTO, name):
            raise InputError([Problem("model", shown(self.options.model), f"{name}, as the path says, or nothing")])
        return replace(self, options=replace(self.options, model=name))


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """rows: float32 [N, F], the good samples; places: which samples they are; problems: of the bad ones, by place.

    abouts: of the good ones, where there is anything to say; called: what the request calls its samples
    """

    rows: Rows
    options: Options
    samples: int
    places: Sequence[int]
    problems: Mapping[int, Sequence[Problem]]
    abouts: Sequence[About] = ()
    called: str = "samples"


def read_one(body: bytes, layout: Layout, terms: Terms = CLASSIFIER) -> PredictRequest:
    """The one row in `body`; InputError names what is wrong with it."""
    quick = None if layout.categories else quick_json.members(body, "features")
    if quick is not None:
        rows = quick_json.row(quick.pop("features"), layout)
        if rows is not None and body.find(b"[") == body.rfind(b"["):
            return PredictRequest(rows, options(quick, terms))
    members = careful_json.members(body, "features")
    values, problems = read(members.pop("features"), "features", layout)
    if problems:
        raise InputError(problems)
    return PredictRequest(values, options(members, terms))


def read_many(body: bytes, layout: Layout, terms: Terms = CLASSIFIER, *, most: int) -> BatchRequest:
    """The samples in `body`, good and bad ones apart; InputError when it is no batch, or one of more than `most`."""
    members = _quick_batch(body, layout) or careful_json.members(body, "samples")
    samples = checked_samples(members.pop("samples"), "samples", most)
    chosen = batch_options(members, terms)
    return _batch(samples, body.count(b"["), layout, chosen)


def checked_samples(samples: object, called: str, most: int) -> list[Any]:
    if not isinstance(samples, list) or not 0 < len(samples) <= most:
        raise InputError([Problem(called, shown(samples), f"a list of 1 to {most} rows")])
    return samples


def batch_options(members: Mapping[str, object], terms: Terms, rows: frozenset[str] = ROWS) -> Options:
    chosen = options(members, terms, rows)
    if chosen.return_all_models:
        raise InputError([Problem("return_all_models", True, "false in a batch; ask row by row for every model")])
    return chosen


def nothing_good(problems: Mapping[int, Sequence[Problem]]) -> InputError:
    """A batch without one good sample is refused whole."""
    return InputError([problem for found in problems.values() for problem in found][:MOST_PROBLEMS])


def _quick_batch(body: bytes, layout: Layout) -> dict[str, Any] | None:
    """The members of a batch, if all its samples are lists, as far as the quick reader sees."""
    members = None if layout.categories else quick_json.members(body, "samples")
    if members is None:
        return None
    members["samples"] = list(members["samples"])
    return members if all(isinstance(sample, simdjson.Array) for sample in members["samples"]) else None


def _batch(samples: Sequence[object], brackets: int, layout: Layout, chosen: Options) -> BatchRequest:
    """`samples` read one by one; `brackets`, how many `[` the body holds, tells whether one may hold lists."""
    flat = brackets == 1 + len(samples)
    found = [_sample(sample, place, layout, flat=flat) for place, sample in enumerate(samples)]
    problems = {place: problems for place, (_, problems) in enumerate(found) if problems}
    if len(problems) == len(found):
        raise nothing_good(problems)
    good = [place for place in range(len(found)) if place not in problems]
    return BatchRequest(np.concatenate([found[place][0] for place in good]), chosen, len(found), good, problems)


def _sample(sample: object, place: int, layout: Layout, *, flat: bool) -> tuple[Rows, list[Problem]]:
    rows = quick_json.row(sample, layout) if flat else None
    if rows is not None:
        return rows, []
    plain = sample.as_list() if isinstance(sample, simdjson.Array) else sample
    return read(plain, f"samples[{place}]", layout)
