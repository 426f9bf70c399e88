"""The fields that a table seems to have, for somebody to correct: numbers, words, and what is better left out."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from serinus.errors import listed
from serinus.fields import GivenField

MOST_WORDS = 32
LONGEST_WORD, LONGEST_NAME = 200, 100
FEW_TEXTS = 3  # among many numbers: NA, null and the like; codes such as V58 are more
WHOLE = re.compile(r"[-+]?\d{1,15}")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?")
IDS = re.compile(r"(^|[\W_]|(?<=[a-z])(?=[A-Z]))(?i:id|nbr|no|mrn|key|number)$")
TRUTHS = {"true", "false"}

Cells = Mapping[str, int]


@dataclass(frozen=True)
class Inferred:
    """left_out: columns that are no fields, and why; cut: fields that know just the most frequent of so many words.

    suspect: numbers that are called as ids are
    """

    fields: tuple[GivenField, ...]
    left_out: Mapping[str, str]
    cut: Mapping[str, int]
    suspect: tuple[str, ...] = ()


def inferred(table: pa.Table, *, words: Collection[str] = (), missing: Collection[str] = ()) -> Inferred:
    """What the columns of `table`, whose cells are texts, seem to be.

    words: columns of codes that only look like numbers; missing: texts that mean that there is no value
    """
    fields: list[GivenField] = []
    left_out: dict[str, str] = {}
    cut: dict[str, int] = {}
    suspect: list[str] = []
    for name in table.column_names:
        counted = {cell: count for cell, count in _counts(table[name]).items() if cell not in missing and cell}
        if why := _nameless(name) or _useless(counted, len(table), is_word=name in words):
            left_out[name] = why
            continue
        fields.append(_field(name, counted, len(table), is_word=name in words))
        if fields[-1].type == "integer" and len(counted) > MOST_WORDS and IDS.search(name):
            suspect.append(name)
        if fields[-1].others == "unknown":
            cut[name] = len(counted)
    return Inferred(tuple(fields), left_out, cut, tuple(suspect))


def _counts(column: pa.ChunkedArray) -> Cells:
    return {one["values"]: one["counts"] for one in column.value_counts().to_pylist()}


def _nameless(name: str) -> str | None:
    return None if 0 < len(name) <= LONGEST_NAME else f"a name has 1 to {LONGEST_NAME} characters"


def _useless(cells: Cells, rows: int, *, is_word: bool) -> str | None:
    """Why a column says nothing of use, if it does not."""
    is_constant = len(cells) == 1 and sum(cells.values()) == rows
    texts = [cell for cell in cells if not NUMBER.fullmatch(cell)]
    has_strange = 0 < len(texts) <= FEW_TEXTS and len(cells) > MOST_WORDS and not is_word
    reasons = {
        "it is empty": not cells,
        "it says the same in every row": is_constant,
        "it holds dates: make it a date field, and derive features of it": all(map(DATE.fullmatch, cells)),
        "it holds another number in every row, as an id does": len(cells) == rows and all(map(WHOLE.fullmatch, cells)),
        f"it holds texts of more than {LONGEST_WORD} characters": any(len(cell) > LONGEST_WORD for cell in cells),
        f"it holds numbers and texts: {listed(texts)}. Say --missing, or --words": has_strange,
        "hardly a text in it is there twice": len(cells) > max(MOST_WORDS, rows / 2) and (bool(texts) or is_word),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def _field(name: str, cells: Cells, rows: int, *, is_word: bool) -> GivenField:
    optional = sum(cells.values()) < rows
    if not is_word and all(map(NUMBER.fullmatch, cells)):
        return _number(name, cells, optional=optional)
    if set(map(str.lower, cells)) == TRUTHS:
        return GivenField(name=name, type="boolean", optional=optional, example=True)
    known = sorted(cells, key=lambda word: (-cells[word], word))[:MOST_WORDS]
    others: Literal["reject", "unknown"] = "unknown" if len(known) < len(cells) else "reject"
    return GivenField(name=name, type="string", values=tuple(known), others=others, optional=optional, example=known[0])


def _number(name: str, cells: Cells, *, optional: bool) -> GivenField:
    is_whole = all(map(WHOLE.fullmatch, cells))
    numbers = sorted((int(cell) if is_whole else float(cell), count) for cell, count in cells.items())
    least, most = numbers[0][0], numbers[-1][0]
    return GivenField(
        name=name,
        type="integer" if is_whole else "float",
        minimum=0 if least >= 0 else None,  # the table's own ends are no law: the next row may lie outside
        optional=optional,
        description=f"{least} to {most} in the table",
        example=max(numbers, key=lambda number: number[1])[0],
    )
