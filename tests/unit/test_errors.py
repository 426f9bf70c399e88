"""Errors hold what was wrong, in a form every JSON writer takes."""

import json

import orjson
import pytest

from serinus.errors import InputError, Problem, UnknownModel, short, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="null"),
        pytest.param(True, True, id="boolean"),
        pytest.param(0.1, 0.1, id="float"),
        pytest.param(1e39, 1e39, id="float too large for float32"),
        pytest.param(float("nan"), "nan", id="nan"),
        pytest.param(float("-inf"), "-inf", id="infinity"),
        pytest.param(2**63 - 1, 2**63 - 1, id="largest integer"),
        pytest.param(2**63, "9223372036854775808", id="integer of 65 bits"),
        pytest.param(10**100, "1" + 59 * "0" + "...", id="very long integer"),
        pytest.param("abc", "abc", id="text"),
        pytest.param("x" * 61, "x" * 60 + "...", id="long text"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param([1, 2], "a list of 2", id="list"),
        pytest.param((1,), "a list of 1", id="tuple"),
        pytest.param({"a": 1}, "an object of 1 members", id="object"),
        pytest.param(b"", "a bytes", id="anything else"),
    ],
)
def test_a_wrong_value_is_shown_as_plain_json(value, expected):
    assert shown(value) == expected
    assert json.loads(orjson.dumps(shown(value))) == expected


def test_text_is_cut_where_it_gets_long():
    assert short("x" * 60) == "x" * 60
    assert short("x" * 61) == "x" * 60 + "..."


def test_an_input_error_says_every_problem():
    error = InputError([Problem("a", None, "a number"), Problem("b", "x", "soft or hard")])
    assert str(error) == "a: got None, expected a number; b: got 'x', expected soft or hard"
    assert [problem.field for problem in error.problems] == ["a", "b"]


def test_an_unknown_model_says_which_are_known():
    error = UnknownModel("resnet", ["auto", "linear"])
    assert str(error) == "no model is named 'resnet'; expected one of: auto, linear"
    assert (error.name, error.known) == ("resnet", ("auto", "linear"))
