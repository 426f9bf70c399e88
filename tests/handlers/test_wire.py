"""Reading requests: the quick reader and the careful one speak one language, and the careful one defines it."""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.predict import careful_json, quick_json
from functions.predict.options import Options, options
from functions.predict.wire import read_many, read_one
from serinus.errors import InputError, Problem
from serinus.rows import Layout, read

REJECT, ALLOW = Layout(3, "reject"), Layout(3, "allow")
MOST = 10
SPACE = st.text(" \t\n\r", max_size=2)


@st.composite
def numbers(draw: Any) -> str:
    """A JSON number as text, of any size and spelling."""
    sign, whole = draw(st.sampled_from(["", "-"])), draw(st.one_of(st.integers(0, 999), st.integers(0, 2**70)))
    fraction = draw(st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,25}", fullmatch=True)))
    exponent = draw(st.one_of(st.just(""), st.from_regex(r"[eE][+-]?[0-9]{1,3}", fullmatch=True)))
    return f"{sign}{whole}{fraction}{exponent}"


VALUE = st.one_of(
    numbers(),
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0", "-0", "-0.0", "0e0", "5e-324", "1e-46", "1e-45", "1.4e-45", "3.4028235e38", "1E2", "null"]),
    st.sampled_from(["3.4028235677973366e38", "3.4028235677973362e38", "1e39", "1e400", "9007199254740993", "1e-999"]),
    st.integers(-(2**65), 2**65).map(str),
)


@st.composite
def bodies(draw: Any, features: int = 3) -> bytes:
    """An object with `features` numbers, as many writers would write it."""

    def spaced(text: str) -> str:
        return draw(SPACE) + text + draw(SPACE)

    row = ",".join(spaced(draw(VALUE)) for _ in range(features))
    members = [f"{spaced(json.dumps('features'))}:{spaced(f'[{row}]')}"]
    members += draw(st.lists(st.sampled_from(['"model":"auto"', '"return_probabilities":false']), unique=True))
    return spaced("{" + ",".join(draw(st.permutations(members))) + "}").encode()


def careful(body: bytes, layout: Layout) -> tuple[np.ndarray, dict[str, Any]]:
    members = careful_json.members(body, "features")
    rows, problems = read(members.pop("features"), "features", layout)
    if problems:
        raise InputError(problems)
    return rows, members


def outcome(read: Any, *arguments: Any) -> Any:
    """What reading comes to, comparable: the row's bits and the options, or the problems."""
    try:
        rows, options = read(*arguments)
    except InputError as error:
        return error.problems
    return rows.tobytes(), options


def both(body: bytes, layout: Layout) -> tuple[Any, Any]:
    def whole(body: bytes, layout: Layout) -> tuple[np.ndarray, Options]:
        request = read_one(body, layout)
        return request.rows, request.options

    def slow(body: bytes, layout: Layout) -> tuple[np.ndarray, Options]:
        rows, members = careful(body, layout)
        return rows, options(members)

    return outcome(whole, body, layout), outcome(slow, body, layout)


@pytest.mark.parametrize("layout", [REJECT, ALLOW], ids=["reject", "allow"])
@given(body=bodies())
def test_both_readers_read_the_same_bits_or_refuse_for_the_same_reasons(layout, body):
    quick, slow = both(body, layout)
    assert quick == slow


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=12,
)
NAMES = st.sampled_from(["features", "model", "return_probabilities", "return_all_models", "voting", "samples", "x"])


@given(members=st.dictionaries(NAMES, JSON), row=st.lists(st.floats(-9, 9), min_size=3, max_size=3), good=st.booleans())
def test_both_readers_agree_on_any_object(members, row, good):
    body = json.dumps(members | ({"features": row} if good else {})).encode()
    quick, slow = both(body, REJECT)
    assert quick == slow


@given(st.lists(st.floats(-1e38, 1e38), min_size=3, max_size=3))
def test_what_beyond_doubt_is_good_takes_the_quick_way(row):
    body = json.dumps({"features": row, "model": "auto"}).encode()
    members = quick_json.members(body, "features")
    assert members is not None
    assert quick_json.row(members["features"], REJECT).tobytes() == careful(body, REJECT)[0].tobytes()


@given(text=VALUE)
def test_a_number_is_read_as_float64_and_rounded_once(text):
    with np.errstate(over="ignore"):
        expected = np.float32(np.nan if text == "null" else float(text))
    assume(not np.isinf(expected))
    assume(text != "-0")  # an integer, and integers know one zero
    row = read_one(f'{{"features": [{text}, 0, 0]}}'.encode(), ALLOW).rows
    assert row[0, :1].tobytes() == expected.tobytes()


@given(st.lists(st.lists(VALUE, min_size=3, max_size=3), min_size=1, max_size=MOST))
def test_a_sample_reads_in_a_batch_as_it_reads_alone(samples):
    texts = [f"[{','.join(sample)}]" for sample in samples]

    def alone(text: str) -> Any:
        return both(f'{{"features": {text}}}'.encode(), REJECT)[0]

    expected = {place: alone(text) for place, text in enumerate(texts)}
    good = [place for place, came in expected.items() if isinstance(came[0], bytes)]
    assume(good)
    batch = read_many(f'{{"samples": [{",".join(texts)}]}}'.encode(), REJECT, most=MOST)
    assert list(batch.places) == good
    assert [row.tobytes() for row in batch.rows] == [expected[place][0] for place in good]
    assert sorted(batch.problems) == sorted(set(expected) - set(good))


def problems_of(body: bytes, layout: Layout = REJECT) -> list[Problem]:
    with pytest.raises(InputError) as refusal:
        read_one(body, layout)
    return list(refusal.value.problems)


def row_with(value: str) -> bytes:
    return b'{"features": [1, %s, 3]}' % value.encode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('"2"', "2"),
        ('""', ""),
        ("true", True),
        ("null", None),
        ("[2]", "a list of 1"),
        ("[]", "a list of 0"),
        ("{}", "an object of 0 members"),
        ('{"a": 2}', "an object of 1 members"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e39", 1e39),
        ("-1e39", -1e39),
        ("1e400", "Infinity"),
        ("3.4028235677973366e38", 3.4028235677973366e38),
        ("1" + "0" * 39, "1" + "0" * 39),
        ("1" + "0" * 400, "1" + "0" * 59 + "..."),
    ],
)
def test_a_bad_value_is_named_with_its_place(value, shown):
    [problem] = problems_of(row_with(value))
    assert (problem.field, problem.value) == ("features[1]", shown)
    assert "number" in problem.expected


def test_null_is_a_missing_value_where_models_know_what_to_do_with_it():
    rows = read_one(row_with("null"), ALLOW).rows
    assert np.isnan(rows).tolist() == [[False, True, False]]


def test_the_token_nan_is_no_missing_value():
    [problem] = problems_of(row_with("NaN"), ALLOW)
    assert (problem.value, problem.expected) == ("NaN", "a finite number, or null for a missing value")


@pytest.mark.parametrize(
    "features",
    ["[[1, 2, 3]]", "[[1], 2, 3]", "[[1, 2], 3]", "[1, [2, 3], []]", "[[], 1, 2]", "[[[1]], 2, 3]", "[[1],[2],[3]]"],
)
def test_nested_lists_are_refused_even_when_they_flatten_to_the_right_count(features):
    problem, *_ = problems_of(f'{{"features": {features}}}'.encode())
    assert problem.field in ("features", "features[0]", "features[1]")
    assert "list of" in str(problem.value)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param("[[[1], 2, 3], [1, 2, 3]]", id="beside a good one"),
        pytest.param("[[[1], 2, 3], 5]", id="beside one that is no list"),
        pytest.param("[[[1, 2], 3, []], 5, null]", id="two lists, two that are none"),
    ],
)
def test_a_sample_of_nested_lists_is_never_flattened(samples):
    body = f'{{"samples": [[1, 2, 3], {samples[1:]}}}'.encode()
    batch = read_many(body, REJECT, most=MOST)
    assert 1 in batch.problems
    assert batch.problems[1][0].field == "samples[1][0]"


def test_a_bracket_in_a_text_costs_speed_only():
    request = read_one(b'{"features": [1, 2, 3], "model": "a[b"}', REJECT)
    assert request.rows.tolist() == [[1, 2, 3]]
    assert request.options.model == "a[b"


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        pytest.param(b"", "body", "", id="empty"),
        pytest.param(b" ", "body", " ", id="blank"),
        pytest.param(b"[1, 2, 3]", "body", "a list of 3", id="list"),
        pytest.param(b"null", "body", None, id="null"),
        pytest.param(b'"features"', "body", "features", id="text"),
        pytest.param(b"{}", "features", "an object of nothing", id="no members"),
        pytest.param(b'{"feature": [1, 2, 3]}', "features", "an object of feature", id="misspelt"),
        pytest.param(b'{"features": [1, 2, 3]', "body", " [1, 2, 3]", id="cut"),
        pytest.param(b'{"features": [1, 2, 3]}}', "body", "[1, 2, 3]}}", id="longer"),
        pytest.param(b'{"features": [1, 2, 3}', "body", ": [1, 2, 3}", id="bracket"),
        pytest.param(b'{"features": [1, 2, 03]}', "body", ": [1, 2, 03]}", id="leading zero"),
        pytest.param(b"\xff", "body", "byte 0xff at 0", id="no utf-8"),
        pytest.param('{"features": [1, 2, 3]}'.encode("utf-16"), "body", "byte 0xff at 0", id="utf-16"),
        pytest.param(b'{"features": null}', "features", None, id="null row"),
        pytest.param(b'{"features": "1, 2, 3"}', "features", "1, 2, 3", id="text row"),
        pytest.param(b'{"features": {"a": 1}}', "features", "an object of 1 members", id="object row"),
        pytest.param(b'{"features": []}', "features", "a list of 0", id="empty row"),
        pytest.param(b'{"features": [1, 2]}', "features", "a list of 2", id="short row"),
        pytest.param(b'{"features": [1, 2, 3, 4]}', "features", "a list of 4", id="long row"),
        pytest.param(b'{"features": [9, 9, 9], "features": [1, 2, 3]}', "features", "2 times", id="twice"),
        pytest.param(b'{"features": [1, 2, 3], "model": 1, "model": ""}', "model", "2 times", id="option twice"),
        pytest.param(b'{"features": [1,2,3], "\\u006dodel": "", "model": ""}', "model", "2 times", id="twice, escaped"),
        pytest.param(b'{"features": [1, 2, 3], "model": null}', "model", None, id="no model"),
        pytest.param(b'{"features": [1, 2, 3], "model": 5}', "model", 5, id="model as number"),
        pytest.param(b'{"features": [1, 2, 3], "model": [1]}', "model", "a list of 1", id="model as list"),
        pytest.param(b'{"features": [1, 2, 3], "model": {}}', "model", "an object of 0 members", id="model as object"),
        pytest.param(b'{"features": [1, 2, 3], "voting": "loud"}', "voting", "loud", id="voting"),
        pytest.param(b'{"features": [1, 2, 3], "return_probabilities": 1}', "return_probabilities", 1, id="one"),
        pytest.param(b'{"features": [1, 2, 3], "return_all_models": "yes"}', "return_all_models", "yes", id="yes"),
        pytest.param(b'{"features": [1, 2, 3], "samples": [[1]]}', "samples", "a list of 1", id="row and samples"),
        pytest.param(b'{"features": [1, 2, 3], "\\ud800": 1}', "\\ud800", 1, id="surrogate as name"),
        pytest.param(b'{"features": [1, 2, 3], "a\\u0000": 1}', "a\x00", 1, id="nul in a name"),
        pytest.param(b'{"features": [1, 2, 3], "": 1}', "", 1, id="empty name"),
        pytest.param(b'{"features": [1, 2, %s]}' % (b"1" * 5000), "body", "an integer of thousands of digits", id="5k"),
        pytest.param(
            b'{"features": ' + b"[" * 100_000, "body", "lists or objects nested too deeply", id="100,000 deep"
        ),
        pytest.param(b'{"features": ' + b"[" * 900 + b"]" * 900 + b"}", "features", "a list of 1", id="900 deep"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(body, field, value):
    [problem] = problems_of(body)
    assert (problem.field, problem.value) == (field, value)


def test_a_byte_order_mark_does_no_harm():
    assert read_one(b'\xef\xbb\xbf{"features": [1, 2, 3]}', REJECT).rows.tolist() == [[1, 2, 3]]


def test_a_missing_voting_may_be_said():
    assert read_one(b'{"features": [1, 2, 3], "voting": null}', REJECT).options == Options()


def test_every_bad_value_is_named_up_to_a_limit():
    problems = problems_of(json.dumps({"features": ["x"] * 784}).encode(), Layout(784, "reject"))
    assert [problem.field for problem in problems] == [f"features[{place}]" for place in range(20)]


def test_as_many_unknown_members_as_fit_in_a_body_are_named_up_to_a_limit():
    members = {f"m{number}": 0 for number in range(100_000)}
    assert len(problems_of(json.dumps({"features": [1, 2, 3]} | members).encode())) == 20


def test_a_doubled_name_among_very_many_is_found_at_once():
    members = ",".join(f'"m{number}":0' for number in range(100_000))
    [problem] = problems_of(f'{{"m7":1,{members}}}'.encode())
    assert (problem.field, problem.value) == ("m7", "2 times")


def batch_problems(body: bytes) -> list[Problem]:
    with pytest.raises(InputError) as refusal:
        read_many(body, REJECT, most=MOST)
    return list(refusal.value.problems)


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        pytest.param(b'{"samples": []}', "samples", "a list of 0", id="empty"),
        pytest.param(b'{"samples": {}}', "samples", "an object of 0 members", id="object"),
        pytest.param(b'{"samples": null}', "samples", None, id="null"),
        pytest.param(b'{"samples": "x"}', "samples", "x", id="text"),
        pytest.param(b'{"samples": [%s]}' % b",".join([b"[1,2,3]"] * 11), "samples", "a list of 11", id="over"),
        pytest.param(b'{"samples": [%s]}' % b",".join([b"[NaN]"] * 11), "samples", "a list of 11", id="over, careful"),
        pytest.param(b'{"features": [1, 2, 3]}', "samples", "an object of features", id="a row"),
        pytest.param(b'{"samples": [[1, 2, 3]], "voting": 1}', "voting", 1, id="option"),
        pytest.param(b'{"samples": [[1, 2, 3]], "return_all_models": true}', "return_all_models", True, id="all"),
        pytest.param(b'{"samples": [[1, 2]]}', "samples[0]", "a list of 2", id="all bad"),
        pytest.param(b'{"samples": [1, 2, 3]}', "samples[0]", 1, id="numbers"),
    ],
)
def test_what_is_wrong_with_a_batch_is_named(body, field, value):
    problem, *_ = batch_problems(body)
    assert (problem.field, problem.value) == (field, value)


def test_a_bad_sample_never_hides_the_others():
    batch = read_many(b'{"samples": [[1,2,3],[1,null,3],"x",[4,5,6],[1e39,0,0]]}', REJECT, most=MOST)
    assert batch.rows.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (batch.samples, list(batch.places), sorted(batch.problems)) == (5, [0, 3], [1, 2, 4])
    assert [problems[0].field for problems in batch.problems.values()] == [
        "samples[1][1]",
        "samples[2]",
        "samples[4][0]",
    ]


def test_the_path_names_the_model_unless_the_body_contradicts():
    request = read_one(b'{"features": [1, 2, 3]}', REJECT)
    assert request.by("bent").options.model == "bent"
    assert request.by("bent").by("bent").options.model == "bent"
    with pytest.raises(InputError, match="model: got 'bent', expected linear, as the path says"):
        request.by("bent").by("linear")


@pytest.mark.parametrize("read", [read_one, partial(read_many, most=MOST)], ids=["one", "many"])
def test_a_row_and_a_batch_at_once_are_refused(read):
    with pytest.raises(InputError, match=r"expected features for one row or samples for a batch, not both"):
        read(b'{"features": [1, 2, 3], "samples": [[1, 2, 3]]}', REJECT)
