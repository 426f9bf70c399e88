"""Find the rows that make Arrow refuse a text: read its numbers once more as text, and see which are none."""

import csv
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serinus.bulk.csv_grammar import Grammar, are_numbers
from serinus.bulk.csv_rows import ends_at_newlines, fields


def suspects(rows: Sequence[bytes], grammar: Grammar) -> NDArray[np.bool_]:
    """Which of the `rows` look bad; a row may look bad and be good, or the other way round, but hardly ever."""
    odd = np.array([_is_misshapen(row, len(grammar.names)) for row in rows])
    shapely = np.flatnonzero(~odd)
    texts = grammar.numbers_as_text(b"".join(rows[row] for row in shapely.tolist())) if grammar.numbers else None
    if texts is not None and texts.num_rows == len(shapely):
        odd[shapely[sorted({row for column in texts.columns for row in _no_numbers(column)})]] = True
    return odd


def _is_misshapen(row: bytes, columns: int) -> bool:
    try:
        text = row.decode()
        count = len(fields(text)) if '"' in text else text.count(",") + 1
    except (UnicodeDecodeError, csv.Error):
        return True
    return count != columns or not ends_at_newlines(row)


def _no_numbers(texts: pa.ChunkedArray) -> list[int]:
    """Where `texts` hold something else than numbers."""
    if _all_numbers(texts) or _all_numbers(trimmed := pc.ascii_trim_whitespace(texts)):
        return []
    return [row for row, text in enumerate(trimmed.to_pylist()) if text is not None and not are_numbers([text])]


def _all_numbers(texts: pa.ChunkedArray) -> bool:
    try:
        texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True
