from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from export.original import Original, Tree, value
from export.probes import Probes, probes
from serinus.category import Category
from serinus.schema import LARGEST, NanPolicy, Rows

SOILS = ("clay", "loam", "sand", "silt")
CODES = np.array([0, 1, 5, 40], np.float32)
TYPICAL = ("noisy", "shuffled")


def split(feature: int, *thresholds: float) -> Tree:
    """A chain of turns on one feature."""
    count = len(thresholds)
    leaves = np.full(count + 1, -1)
    return Tree(
        feature=np.concatenate([np.full(count, feature), leaves]).astype(np.int32),
        threshold=np.concatenate([thresholds, np.zeros(count + 1)]).astype(np.float32),
        left=np.concatenate([np.arange(count) + count, leaves]).astype(np.int32),
        right=np.concatenate([np.arange(count - 1) + 1, [2 * count], leaves]).astype(np.int32),
    )


def original(
    *,
    categories: Mapping[int, Category] | None = None,
    codes: Mapping[int, NDArray[np.float32]] | None = None,
    trees: tuple[Tree, ...] = (),
    nan_policy: NanPolicy = "allow",
) -> Original:
    return Original(
        framework="lightgbm",
        predict=lambda rows: np.zeros((len(rows), 1)),
        graph=lambda: None,
        output=value(None),
        features=3,
        nan_policy=nan_policy,
        dependencies={},
        framework_version="",
        trees=trees,
        categories=categories or {},
        codes=codes or {},
    )


def tried(model: Original, sample: Rows | None = None) -> Probes:
    return probes(model, sample, np.random.default_rng(0))


def sample(column: NDArray[np.float32]) -> Rows:
    rows = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    rows[:, 1] = np.random.default_rng(2).choice(column, len(rows))
    return rows


def values(found: Probes, *kinds: str) -> set[float]:
    """What the second feature holds in rows of the `kinds`."""
    column = found.rows[np.isin(found.kinds, kinds), 1]
    return set(column[~np.isnan(column)].tolist())


@pytest.mark.parametrize("given", [None, sample(CODES)], ids=["imagined", "sampled"])
def test_ordinary_rows_hold_codes_that_there_are(given: Rows | None) -> None:
    found = tried(original(codes={1: CODES}), given)
    assert values(found, *TYPICAL) == {0.0, 1.0, 5.0, 40.0}


def test_a_missing_code_is_filled_with_one_that_there_is() -> None:
    """The median of 0, 1, 5 and 40 is 3."""
    rows = np.repeat(sample(CODES), 4, axis=0)
    rows[:, 1] = np.tile([*CODES, np.nan, np.nan], len(rows))[: len(rows)]
    assert values(tried(original(codes={1: CODES}), rows), *TYPICAL) == {0.0, 1.0, 5.0, 40.0}


def test_codes_are_tried_known_unknown_between_and_missing() -> None:
    found = tried(original(codes={1: CODES}))
    beside = {float(np.nextafter(np.float32(code), np.float32(-np.inf))) for code in CODES}
    assert {0.0, 1.0, 5.0, 40.0, 0.5, 40.5, 41.0, -1.0, -0.5, 3e9, LARGEST, -LARGEST} | beside <= values(
        found, "category"
    )
    assert np.isnan(found.rows[found.kinds == "category", 1]).any()


@pytest.mark.parametrize("others", ["unknown", "reject"])
def test_a_word_is_always_the_number_of_a_word(others) -> None:
    model = original(categories={1: Category(words=SOILS, others=others)}, trees=(split(1, -0.99999994, 2, 3, 9),))
    found = tried(model)
    known = {0.0, 1.0, 2.0, 3.0}
    assert values(found, *TYPICAL) == known
    assert values(found, "category") == known | ({-1.0} if others == "unknown" else set())
    assert values(found, *np.unique(found.kinds)) == values(found, "category")
    assert not np.signbit(found.rows[found.rows[:, 1] == 0, 1]).any()


def test_words_stand_on_both_sides_of_a_turn() -> None:
    """Right below the number 2 stands the word 1, right below the first one an unknown one."""
    model = original(categories={1: Category(words=SOILS, others="unknown")}, trees=(split(1, -0.99999994, 2),))
    assert values(tried(model), "turn") == {-1.0, 0.0, 1.0, 2.0}


def test_nothing_is_missing_where_nothing_may_be() -> None:
    words = {1: Category(words=SOILS)}
    found = tried(original(categories=words, codes={2: CODES}, nan_policy="reject"))
    assert not np.isnan(found.rows).any()


def test_more_codes_than_rows_are_tried_by_chance() -> None:
    many = np.arange(50_000, dtype=np.float32)
    found = tried(original(codes={1: many}))
    assert len(values(found, "category")) > 4_000


def test_numbers_alone_make_no_such_rows() -> None:
    assert "category" not in tried(original()).kinds
