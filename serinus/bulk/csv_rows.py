"""Where the rows of a CSV text end. A newline inside quotes belongs to a field, not between rows."""

import csv
import io
import re

import numpy as np
from numpy.typing import NDArray

from serinus.bulk.text import NEWLINE, Text

RETURN, QUOTE, COMMA = b'\r",'

# A quote opens a field only at the field's start; elsewhere it is a character like any other.
FIELD = rb'(?:"(?:[^"]|"")*+"[^,\n]*+|(?!")[^,\n]*+)'
ROW = re.compile(FIELD + rb"(?:," + FIELD + rb")*+\n")


def row_ends(text: Text) -> NDArray[np.int64]:
    """The offsets behind the newline of each row of `text`, which begins as a row does."""
    codes = np.frombuffer(text, np.uint8)
    newlines = np.flatnonzero(codes == NEWLINE) + 1
    if b'"' not in text:
        return newlines
    quotes = np.flatnonzero(codes == QUOTE)
    if _opens_at_field_starts(codes, quotes):
        return np.asarray(newlines[np.searchsorted(quotes, newlines) % 2 == 0])
    return _slowly(text)


def whole_rows(text: Text) -> int:
    if b'"' not in text:
        return text.rfind(b"\n") + 1
    return int(row_ends(text)[-1:].sum())


def ends_at_newlines(text: Text) -> bool:
    """Whether rows end at newlines only: Arrow takes a lone carriage return for the end of a row too."""
    return b"\r" not in text or text.count(b"\r") == text.count(b"\r\n")


def fields(row: str) -> list[str]:
    """The fields of the first row; csv.Error when Python's reader cannot take it."""
    return next(csv.reader(io.StringIO(row, newline="")), [])


def _opens_at_field_starts(codes: NDArray[np.uint8], quotes: NDArray[np.int64]) -> bool:
    """Whether every quote that would open a field stands at a field's start, or right behind the one that closed it."""
    opening = quotes[0::2]
    before = codes[opening[opening > 0] - 1]
    return bool(np.isin(before, (COMMA, NEWLINE, QUOTE)).all())


def _slowly(text: Text) -> NDArray[np.int64]:
    ends, end = [], 0
    while found := ROW.match(text, end):
        end = found.end()
        ends.append(end)
    return np.array(ends, np.int64)
