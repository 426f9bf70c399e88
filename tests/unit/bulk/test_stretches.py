"""Row groups of any size become chunks of like size that cover every row once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.bulk.stretches import LARGE, Stretch, chunk_rows, stretches

CASES = {
    "nothing": ([], [Stretch((), 0, 0)]),
    "as they are": ([10, 10], [Stretch((0,), 0, 10), Stretch((1,), 10, 10)]),
    "small ones together": ([4, 4, 4], [Stretch((0, 1), 0, 8), Stretch((2,), 8, 4)]),
    "a large one cut": ([25], [Stretch((0,), 0, 10, 0), Stretch((0,), 10, 10, 1), Stretch((0,), 20, 5, 2)]),
    "a little too large": ([20, 1], [Stretch((0,), 0, 20), Stretch((1,), 20, 1)]),
}


@pytest.mark.parametrize(("groups", "expected"), CASES.values(), ids=CASES)
def test_row_groups_become_chunks(groups: list[int], expected: list[Stretch]) -> None:
    assert stretches(groups, 10) == expected


@given(st.lists(st.integers(0, 60), max_size=30))
def test_every_row_is_in_one_chunk(groups: list[int]) -> None:
    made = stretches(groups, 10)
    assert sum(stretch.rows for stretch in made) == sum(groups)
    assert [stretch.first for stretch in made] == [sum(s.rows for s in made[:i]) for i in range(len(made))]
    assert max(stretch.rows for stretch in made) <= LARGE * 10


def test_a_chunk_fits_a_workers_memory() -> None:
    assert chunk_rows(784) == 10_204
    assert chunk_rows(3) == 100_000
    assert chunk_rows(100_000_000) == 1
