"""Columns of words as the numbers a row holds in their place; which numbers, `serinus.schema.Category` says."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.arrays import floats
from serinus.bulk.chunk import Numbers
from serinus.category import Category

Words = Mapping[int, pa.ChunkedArray]


def are_words(kind: pa.DataType) -> bool:
    """Whether a column of this kind can hold words; one of nulls alone holds missing ones."""
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return bool(is_text or pa.types.is_null(kind) or (pa.types.is_dictionary(kind) and are_words(kind.value_type)))


def woven(numbers: Numbers, words: Words, categories: Mapping[int, Category]) -> Numbers:
    """`numbers`, the features that are no words, with those that are, given by place, in between."""
    if not words:
        return numbers
    columns = [*map(floats, numbers.T)] if isinstance(numbers, np.ndarray) else numbers.columns
    dtype = np.float64 if columns and columns[0].type.equals(pa.float64()) else np.float32
    for place in sorted(words):
        columns.insert(place, floats(numbers_of(words[place], categories[place]).astype(dtype)))
    return pa.RecordBatch.from_arrays(columns, names=[*map(str, range(len(columns)))])


def numbers_of(words: pa.ChunkedArray, category: Category) -> NDArray[np.float64]:
    """What a row holds in place of each word; each different word is looked up once."""
    encoded = words.cast(pa.large_string()).combine_chunks().dictionary_encode(null_encoding="encode")
    known = np.array([category.number_of(word) for word in encoded.dictionary.to_pylist()], np.float64)
    numbers: NDArray[np.float64] = known[encoded.indices.to_numpy()]
    return numbers
