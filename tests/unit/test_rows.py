"""Rows as callers write them: numbers and words, by place or by name."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.category import Category
from serinus.errors import Problem
from serinus.rows import Doubled, Layout, once, read
from serinus.schema import InputSchema

COLOUR = Category(words=("red", "green", "blue"))
PLAN = Category(words=("1", "nan", ""), others="unknown")
SCHEMA = InputSchema.of(3, ("colour", "depth", "plan"), {0: COLOUR, 2: PLAN})
STRICT, LENIENT = Layout.of(SCHEMA, "reject"), Layout.of(SCHEMA, "allow")
UNNAMED = Layout.of(InputSchema.of(3), "reject")


def row(*values: object, layout: Layout = STRICT) -> list[float]:
    rows, problems = read(list(values), "features", layout)
    assert problems == []
    assert (rows.dtype, rows.shape) == (np.float32, (1, 3))
    numbers: list[float] = rows[0].tolist()
    return numbers


def problem(*values: object, layout: Layout = STRICT) -> Problem:
    rows, [found] = read(list(values), "features", layout)
    assert rows.shape == (0, 3)
    return found


def test_a_word_is_the_number_of_its_place():
    assert row("red", 0.5, "1") == [0, 0.5, 0]
    assert row("blue", -3, "nan") == [2, -3, 1]


def test_a_word_that_no_model_knows_is_unknown_where_that_is_no_bad_input():
    assert row("red", 0, "2")[2] == -1
    assert row("red", 0, "Nan")[2] == -1


def test_an_empty_word_is_a_word():
    assert row("red", 0, "")[2] == 2


def test_a_missing_word_is_a_missing_value_where_models_know_what_to_do_with_it():
    assert [math.isnan(value) for value in row(None, None, None, layout=LENIENT)] == [True, True, True]
    assert problem(None, 1, "1") == Problem("features[0]", None, "one of 'red', 'green', 'blue'")


@pytest.mark.parametrize(
    ("values", "place", "shown", "expected"),
    [
        pytest.param(("pink", 1, "1"), 0, "pink", "one of 'red', 'green', 'blue'", id="unknown word"),
        pytest.param(("Red", 1, "1"), 0, "Red", "one of 'red', 'green', 'blue'", id="capital"),
        pytest.param((0, 1, "1"), 0, 0, "one of 'red', 'green', 'blue'", id="the number of a word"),
        pytest.param(("red", 1, 1), 2, 1, "a word, such as '1', 'nan', ''", id="a number that looks like a word"),
        pytest.param(("red", 1, math.nan), 2, "nan", "a word, such as '1', 'nan', ''", id="nan"),
        pytest.param((True, 1, "1"), 0, True, "one of", id="boolean"),
        pytest.param((["red"], 1, "1"), 0, "a list of 1", "one of", id="list"),
        pytest.param(("\ud800", 1, "1"), 0, "\\ud800", "one of", id="no unicode"),
        pytest.param(("x" * 100, 1, "1"), 0, "x" * 60 + "...", "one of", id="long"),
        pytest.param(("red", "0.5", "1"), 1, "0.5", "a finite number", id="a word where a number belongs"),
    ],
)
def test_what_does_not_belong_in_its_place_is_named(values, place, shown, expected):
    found = problem(*values)
    assert (found.field, found.value) == (f"features[{place}]", shown)
    assert found.expected.startswith(expected)


def test_of_many_words_a_few_are_told():
    many = Layout(1, "allow", categories={0: Category(words=tuple(f"w{i}" for i in range(1000)))})
    [found] = read(["w1000"], "features", many)[1]
    assert found.expected == "one of 'w0', 'w1', 'w2', 'w3', 'w4' and 995 more, or null for a missing value"


@given(st.permutations(["colour", "depth", "plan"]))
def test_the_order_of_names_does_not_matter(names):
    values = {"colour": "green", "depth": 2.5, "plan": "1"}
    rows, problems = read({name: values[name] for name in names}, "features", STRICT)
    assert (rows.tolist(), problems) == ([[1, 2.5, 0]], [])


@pytest.mark.parametrize(
    ("given_row", "found"),
    [
        pytest.param(
            '{"colour": "red", "depht": 1, "plan": "1"}',
            {"features.depth": None, "features.depht": 1},
            id="renamed",
        ),
        pytest.param('{"colour": "red", "plan": "1"}', {"features.depth": None}, id="missing"),
        pytest.param('{"colour": "red", "depth": 1, "plan": "1", "id": 7}', {"features.id": 7}, id="one too many"),
        pytest.param(
            '{"colour": "red", "depth": 1, "depth": 2, "plan": "1", "plan": "1"}',
            {"features.depth": "2 times", "features.plan": "2 times"},
            id="doubled",
        ),
        pytest.param('{"colour": 1.5, "depth": "red", "plan": "1"}', {"features.colour": 1.5, "features.depth": "red"}),
        pytest.param("{}", dict.fromkeys(("features.colour", "features.depth", "features.plan")), id="empty"),
        pytest.param("[1, 2]", {"features": "a list of 2"}, id="short list"),
        pytest.param('"x"', {"features": "x"}, id="no row"),
    ],
)
def test_names_that_are_not_the_models_are_listed(given_row, found):
    rows, problems = read(json.loads(given_row, object_pairs_hook=once), "features", STRICT)
    assert {problem.field: problem.value for problem in problems} == found
    assert rows.shape == (0, 3)


def test_a_misspelt_name_is_told_the_ones_that_are_missing():
    _, [missing, unknown] = read({"colour": "red", "depht": 1, "plan": "1"}, "row 3", STRICT)
    assert str(missing) == "row 3.depth: got None, expected a value under this name"
    assert str(unknown) == "row 3.depht: got 1, expected a feature of the models, such as 'depth'"


def test_very_many_wrong_names_are_named_up_to_a_limit():
    wide = Layout(100, "reject", names=tuple(f"a{i}" for i in range(100)))
    _, problems = read({f"b{i}": 0 for i in range(100_000)}, "features", wide)
    assert [problem.field for problem in problems] == [
        *(f"features.a{i}" for i in range(10)),
        *(f"features.b{i}" for i in range(10)),
    ]
    assert len(read(Doubled({f"a{i}": 2 for i in range(100)}), "features", wide)[1]) == 20


def test_models_without_names_take_no_object():
    [found] = read({"f0": 1, "f1": 2, "f2": 3}, "features", UNNAMED)[1]
    assert (found.value, found.expected) == ("an object of 3 members", "a list of 3 numbers")
    [found] = read([1, 2], "features", STRICT)[1]
    assert found.expected == "a list of 3 numbers and words, or an object of them by name"
