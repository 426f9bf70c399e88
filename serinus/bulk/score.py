"""Score one chunk: its rows in, their predictions and the bad rows out. Pure: no file is touched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.arrays import floats, integers, repeated, texts
from serinus.bulk.chunk import BadRow, Contents, block
from serinus.bulk.scorer import Blended, Scorer, Verdict, joined
from serinus.errors import Problem
from serinus.prediction import Answers, Classes
from serinus.schema import Rows, problem_with, refused, word_problem

PROBLEMS_SHOWN = 3


@dataclass(frozen=True)
class Scored:
    """predictions: id columns, then the answers, one row per good row. bad: the others, in order."""

    predictions: pa.Table
    bad: tuple[BadRow, ...]


def score(contents: Contents, scorer: Scorer) -> Scored:
    """Answer every row of the chunk that the models may see; say of the others what is wrong with them."""
    wrong, answers = [np.zeros(0, bool)], []
    for numbers in contents.blocks():
        rows = rounded(numbers)
        wrong.append(refused(rows, scorer.nan_policy))
        good = rows[~wrong[-1]] if wrong[-1].any() else rows
        if len(good):
            answers.append(scorer.answer(good))
    refusals = np.concatenate(wrong)
    ids = contents.ids.take(integers(np.flatnonzero(~refusals))) if refusals.any() else contents.ids
    bad = [*contents.bad, *(_refused(contents, int(row), scorer) for row in np.flatnonzero(refusals))]
    by_model = [joined(same_model) for same_model in zip(*answers, strict=True)]
    predictions = _table(ids, scorer.verdict(by_model) if by_model else scorer.nothing(), scorer)
    if unanswered := _unanswered(by_model, scorer):
        origins = np.flatnonzero(~refusals)
        predictions = predictions.take(integers(np.delete(np.arange(len(origins)), [*unanswered])))
        bad += [_failed(contents, int(origins[row]), model) for row, model in unanswered.items()]
    return Scored(predictions, tuple(sorted(bad, key=lambda row: row.line)))


def output_columns(scorer: Scorer) -> tuple[str, ...]:
    """The columns a job adds to the ids."""
    return tuple(_answers(scorer.nothing(), scorer))


def rounded(numbers: NDArray[np.floating]) -> Rows:
    """`numbers` as float32 rows, each rounded once; what does not fit becomes infinity, and is refused then."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers, np.float32)


def _refused(contents: Contents, row: int, scorer: Scorer) -> BadRow:
    wrong = [problem for problem in _problems(contents, row, scorer) if problem is not None]
    if contents.problems is not None or len(wrong) <= PROBLEMS_SHOWN:
        return contents.origin(row).bad(*wrong)
    more = Problem("features", f"{len(wrong)} such values", "none")
    return contents.origin(row).bad(*wrong[:PROBLEMS_SHOWN], more)


def _unanswered(by_model: Sequence[Answers], scorer: Scorer) -> dict[int, str]:
    """The answered rows for which a model has no number, and which model."""
    pairs = zip(scorer.predictors, by_model, strict=False)  # without good rows there are no answers
    found = [(predictor.metadata.model_name, np.flatnonzero(~answer.is_answer).tolist()) for predictor, answer in pairs]
    return {row: model for model, rows in reversed(found) for row in rows}


def _failed(contents: Contents, row: int, model: str) -> BadRow:
    largest = float(np.abs(np.nan_to_num(block(contents.numbers, row, 1))).max())
    told = Problem("features", f"numbers up to {largest:g} in size", f"values that {model} has a finite answer for")
    return contents.origin(row).bad(told)


def _problems(contents: Contents, row: int, scorer: Scorer) -> Iterator[Problem | None]:
    if contents.problems is not None:
        yield from contents.problems(row)
        return
    categories, values = scorer.schema.categories_by_place, block(contents.numbers, row, 1)[0].tolist()
    for place, (field, value) in enumerate(zip(scorer.schema.names, values, strict=True)):
        if place in contents.words:
            yield word_problem(contents.words[place][row].as_py(), field, categories[place], scorer.nan_policy)
        else:
            yield problem_with(value, field, scorer.nan_policy)


def _table(ids: pa.Table, answers: Verdict, scorer: Scorer) -> pa.Table:
    columns = {name: ids.column(name) for name in ids.column_names} | _answers(answers, scorer)
    added = {name: column.type for name, column in columns.items() if name not in ids.column_names}
    fields = [*ids.schema, *(pa.field(name, kind) for name, kind in added.items())]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _answers(answers: Verdict, scorer: Scorer) -> dict[str, pa.Array]:
    match answers:
        case Classes():
            shares = np.ascontiguousarray(answers.probabilities.T)
            columns = {
                "prediction": texts(answers.labels).take(integers(answers.ids)),
                "confidence": floats(answers.confidence),
                **{f"p_{label}": floats(share) for label, share in zip(answers.labels, shares, strict=True)},
            }
        case Blended():
            columns = {
                "prediction": floats(answers.blend.values),
                "spread": floats(answers.blend.spread),
                **{f"value_{name}": floats(each.values) for name, each in answers.each.items()},
            }
        case _:
            columns = {"prediction": floats(answers.values)}
    rows = len(columns["prediction"])
    return columns | {"model": repeated(scorer.model, rows), "model_version": repeated(scorer.version, rows)}
