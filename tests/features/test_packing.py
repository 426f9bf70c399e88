"""Blobs of features: what goes in comes out, and nothing else is taken for features."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.features.packing import pack, unpack
from serinus.features.store import Stored, Unreadable

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1)
VALUES = st.dictionaries(st.text(), NUMBERS | st.booleans() | st.text() | st.none())


@given(VALUES, st.floats(0, 4e9))
def test_what_is_packed_comes_out_the_same(values, at):
    stored = unpack(pack(Stored(values, at)))
    assert stored == Stored(values, at)
    assert [type(value) for value in stored.values.values()] == [type(value) for value in values.values()]


def test_nan_is_a_missing_value():
    assert unpack(pack(Stored({"a": float("nan")}, 1.0))) == Stored({"a": None}, 1.0)


def test_an_infinite_number_is_refused_by_name():
    with pytest.raises(ValueError, match="b: expected a finite number"):
        pack(Stored({"a": 1.0, "b": float("inf")}, 1.0))


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half"),
        pytest.param(b"\x80\x04K\x01.", id="pickle"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b'{"values": {"a": 1}}', id="no time"),
        pytest.param(b'{"at": 1, "values": {}, "more": 1}', id="more than we know"),
        pytest.param(b'{"at": "1", "values": {}}', id="the time is text"),
        pytest.param(b'{"at": true, "values": {}}', id="the time is a truth"),
        pytest.param(b'{"at": 1, "values": [1]}', id="values in a list"),
        pytest.param(b'{"at": 1, "values": {"a": [1]}}', id="a list of values"),
        pytest.param(b'{"at": 1, "values": {"a": {"b": 1}}}', id="nested"),
    ],
)
def test_what_is_no_blob_of_ours_is_unreadable(blob):
    assert isinstance(unpack(blob), Unreadable)


def test_why_it_is_unreadable_says_nothing_of_what_stands_there():
    reason = unpack(b'{"at": 1, "values": {"patient": ["Ada Lovelace"]}}').reason
    assert "Ada" not in reason
    assert "patient" not in reason
