import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from export.boundaries import above, below, first_reaching, number, ordinal
from export.steps import apply, steps_of
from tests.export.originals import FEATURES, sample_rows

floats = st.floats(width=32, allow_nan=False)


@given(floats)
def test_ordinals_come_back_as_the_same_number(value: float) -> None:
    assert number(ordinal(np.float32([value])))[0] == np.float32(value)


@given(floats, floats)
def test_ordinals_are_in_the_order_of_the_numbers(one: float, other: float) -> None:
    first, second = ordinal(np.float32([one, other]))
    assert (first < second) == (one < other)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(float(np.finfo(np.float32).max))
@example(float(np.finfo(np.float32).min))
def test_neighbours_differ_by_one(value: float) -> None:
    values = np.float32([value])
    assert ordinal(above(values))[0] - 1 == ordinal(values)[0] == ordinal(below(values))[0] + 1


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()], ids=str)
def test_the_first_input_to_reach_a_target_reaches_it_and_its_neighbour_does_not(scaler) -> None:
    rows = sample_rows()
    steps = steps_of(scaler.fit(rows))
    targets = apply(steps, sample_rows(count=50)).reshape(-1)
    features = np.tile(np.arange(FEATURES, dtype=np.int32), 50)
    first = first_reaching(targets, features, steps).reshape(50, FEATURES)
    assert (apply(steps, first) >= targets.reshape(50, FEATURES)).all()
    assert (apply(steps, below(first)) < targets.reshape(50, FEATURES)).all()


def test_what_a_clipping_scaler_never_reaches_is_at_infinity() -> None:
    steps = steps_of(MinMaxScaler(clip=True).fit(sample_rows()))
    assert first_reaching(np.float32([1.5]), np.array([0], np.int32), steps)[0] == np.inf


def test_without_steps_the_target_is_its_own_place() -> None:
    targets = np.float32([1.5, -2.0])
    assert first_reaching(targets, np.array([0, 1], np.int32), ()).tolist() == targets.tolist()


def test_between_two_float32_numbers_the_upper_one_is_reached_first() -> None:
    between = np.nextafter(np.array([1.5, -2.0, 1e300]), np.inf)
    expected = [np.nextafter(np.float32(1.5), np.float32(2)), np.nextafter(np.float32(-2), np.float32(0)), np.inf]
    assert first_reaching(between, np.array([0, 1, 2], np.int32), ()).tolist() == expected
