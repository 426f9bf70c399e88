"""Which fields a table seems to have."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from serinus.fields import DerivedField, GivenField
from serinus.tables.inference import MOST_WORDS, Hints, Inferred, inferred
from serinus.tables.left_out import FEW_WORDS, LEAST_ROWS
from serinus.tables.table import Table, TableError

OTHER = "other"  # a column that is a field, so that there is one


def found_in(columns: dict[str, list[object]], *, as_text: bool = True, **hints: object) -> Inferred:
    rows = len(next(iter(columns.values())))
    other = {OTHER: ["1.5", "2"] * rows if as_text else [1.5, 2] * rows}
    table = Table(Path("a"), pa.table({**columns, OTHER: other[OTHER][:rows]}), as_text=as_text)
    return inferred(table, Hints(**hints))  # type: ignore[arg-type]


def field(cells: list[object], *, as_text: bool = True, **hints: object) -> GivenField:
    found = found_in({"x": cells}, as_text=as_text, **hints)
    assert not found.left_out
    assert isinstance(found.fields[0], GivenField)
    return found.fields[0]


def test_numbers_are_fields_that_the_next_row_may_exceed() -> None:
    whole = field(["3", "5", "5", "0"])
    assert (whole.type, whole.minimum, whole.maximum, whole.example) == ("integer", 0, None, 5)
    assert whole.description == "0 to 5 in the table"
    assert not whole.optional
    below = field(["-3", "2.5", "1e3", "?"])
    assert (below.type, below.minimum, below.optional) == ("float", None, True)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        pytest.param([3, 5, None], "integer", id="whole"),
        pytest.param([3.0, 5.0, float("nan")], "float", id="floating"),
        pytest.param([Decimal("1.5"), Decimal(2), None], "float", id="decimal"),
        pytest.param([True, False, None], "boolean", id="truths"),
        pytest.param([date(2021, 1, 1), date(2021, 1, 2), None], "date", id="dates"),
        pytest.param([datetime(2021, 1, 1), datetime(2022, 1, 1), None], "date", id="midnights"),
        pytest.param(["2021-01-01", "2021-01-02", None], "date", id="dates as text"),
        pytest.param(["1", "2", None], "string", id="numbers as text"),
    ],
)
def test_columns_of_a_typed_file_are_what_bulk_jobs_take_them_for(cells: list[object], kind: str) -> None:
    one = field(cells, as_text=False)
    assert (one.type, one.optional) == (kind, True)


def test_dates_are_fields_that_the_next_row_may_lie_beyond() -> None:
    day = field(["2021-10-08", "2021-10-07", "2021-10-07"])
    assert (day.minimum, day.maximum, day.example) == (None, None, "2021-10-08")
    assert day.description == "2021-10-07 to 2021-10-08 in the table"


def test_words_that_are_kept_as_numbers_of_a_list_are_words() -> None:
    column = pa.array(["b", "a", "b", None]).dictionary_encode()
    found = inferred(Table(Path("a"), pa.table({"x": column})), Hints())
    assert (getattr(found.fields[0], "values", ()), found.lacking["x"]) == (("b", "a"), 0.25)


def test_words_are_fields_that_take_no_others() -> None:
    words = field(["b", "a", "b", "None"])
    assert (words.type, words.values, words.others, words.optional) == ("string", ("b", "None", "a"), "reject", False)


def test_codes_that_look_like_numbers_are_words_where_that_is_said() -> None:
    assert field(["01", "1", "1", "2"], words=["x"]).values == ("1", "01", "2")
    assert field(["1", "2", "2", "NA"], words=["x"]).values == ("2", "1", "NA")
    with pytest.raises(TableError, match="'x' holds int64: write it as text"):
        field([1, 2], as_text=False, words=["x"])


def test_few_words_are_all_kept_however_rare() -> None:
    words = field(["a"] * 99 + ["b"])
    assert (words.values, words.others) == (("a", "b"), "reject")


def test_of_many_words_the_rare_ones_are_learnt_as_unknown() -> None:
    cells = [f"w{number:02}" for number in range(FEW_WORDS + 2) for _ in range(LEAST_ROWS - (number == 0))]
    found = found_in({"x": cells})
    assert isinstance(found.fields[0], GivenField)
    assert len(found.fields[0].values) == FEW_WORDS + 1
    assert "w00" not in found.fields[0].values
    assert found.fields[0].number("w00") == -1
    assert found.cut == {"x": FEW_WORDS + 2}
    assert "column 'x': 33 of 34 words, others are unknown" in found.remarks()


def test_many_words_none_of_which_is_rare_take_no_others() -> None:
    words = field([f"w{number}" for number in range(100)] * LEAST_ROWS)
    assert (len(words.values), words.others) == (100, "reject")


@pytest.mark.parametrize(("hints", "most"), [({}, MOST_WORDS), ({"most_words": 40}, 40)])
def test_of_too_many_words_the_most_frequent_are_kept(hints: dict[str, object], most: int) -> None:
    cells = [f"w{number}" for number in range(MOST_WORDS + 5) for _ in range(LEAST_ROWS + number)]
    words = field(cells, **hints)
    assert (len(words.values), words.others, words.values[0]) == (most, "unknown", f"w{MOST_WORDS + 4}")


def test_true_and_false_are_a_boolean() -> None:
    assert field(["True", "false", "true"]).type == "boolean"
    assert field(["yes", "no", "yes"]).values == ("yes", "no")


def test_what_is_known_of_some_rows_only_is_kept_though_it_says_one_thing() -> None:
    assert field(["yes", "", ""]).optional


def test_days_are_derived_of_each_date_and_between_neighbours() -> None:
    days = ["2022-07-01", "2022-07-21"]
    found = found_in({"sown": days, "sown_day": ["1", "2.5"], "cut": ["2022-11-02", ""]})
    derived = [one for one in found.fields if isinstance(one, DerivedField)]
    assert [(one.name, one.derive, one.of) for one in derived] == [
        ("sown_day_", "day_of_year", ("sown",)),  # that name is taken
        ("cut_day", "day_of_year", ("cut",)),
        ("sown_to_cut", "days_between", ("sown", "cut")),
    ]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        pytest.param(["", "", "?"], "empty", id="empty"),
        pytest.param(["No", "No", "No"], "same in every row", id="constant"),
        pytest.param(["11", "12", "13"], "an id", id="counted"),
        pytest.param([str(7 * number) for number in range(1_000)], "an id", id="another in every row"),
        pytest.param([f"note {number}" for number in range(100)], "hardly a text", id="notes"),
        pytest.param(["x" * 201, "y", "y"], "more than 200", id="long"),
        pytest.param([*(str(number / 7) for number in range(99)), "lost"], "numbers and texts: 'lost'", id="mixed"),
        pytest.param([f"{number:02}/02/2024" for number in range(1, 10)], "none as 2021-10-07", id="other dates"),
        pytest.param(["2024-01-01 10:00", "2024-01-01 11:00"], "none as 2021-10-07", id="times"),
        pytest.param(["2024-01-01 00:00:00", "2024-01-02 00:00:00"], "none as 2021-10-07", id="midnights"),
        pytest.param([f"w{row // 2}" for row in range(2 * (FEW_WORDS + 1))], "no word stands in 5 rows", id="rare"),
    ],
)
def test_columns_that_say_nothing_are_left_out_and_why(cells: list[object], why: str) -> None:
    assert why in found_in({"x": cells}).left_out["x"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        pytest.param([[1], [2]], "holds list", id="lists"),
        pytest.param([datetime(2021, 1, 1, 10), datetime(2021, 1, 1, 11)], "it holds times", id="times"),
        pytest.param([None, None], "empty", id="nulls"),
        pytest.param([1, 2], "an id", id="ids"),
    ],
)
def test_columns_of_a_typed_file_are_left_out_too(cells: list[object], why: str) -> None:
    assert why in found_in({"x": cells}, as_text=False).left_out["x"]


def test_infinities_are_bad_input_and_no_limits() -> None:
    inf = float("inf")
    one = field([inf, 2.5, 1.5, inf, 2.5], as_text=False)
    assert (one.type, one.minimum, one.example, one.description) == ("float", 0, 2.5, "1.5 to 2.5 in the table")
    assert "no number" in found_in({"x": [inf, 1e39]}, as_text=False).left_out["x"]


def test_measurements_that_all_differ_are_no_ids_but_by_their_name() -> None:
    cells: list[object] = ["13", "11", "18", "29"]
    assert field(cells).type == "integer"
    assert "an id" in found_in({"plot_id": cells}).left_out["plot_id"]


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_a_column_without_a_name_for_a_field_is_left_out(name: str) -> None:
    assert found_in({name: ["1", "2", "2"]}).left_out[name].startswith("a name has 1 to")


def test_columns_of_one_name_are_left_out() -> None:
    table = Table(Path("a"), pa.table({"a": ["1", "3"]}), as_text=True, doubled=("b",))
    assert inferred(table, Hints()).left_out == {"b": "more than one column has this name"}


def test_what_is_unwanted_is_not_looked_at() -> None:
    found = found_in({"x": ["NA", "1.5"], "y": ["1.5", "7"]}, unwanted={"x"})
    assert [one.name for one in found.fields] == ["y", OTHER]
    assert not found.missing


@pytest.mark.parametrize(
    "others", [["1.5", "2"], ["2021-10-07", "2021-10-08"], ["true", "false"]], ids=["numbers", "dates", "truths"]
)
def test_texts_that_mean_missing_are_found_among_what_they_cannot_be(others: list[object]) -> None:
    found = found_in({"x": ["NA", "NaN", *others]})
    assert found.missing == {"NA", "NaN"}
    assert found.lacking["x"] == 0.5
    assert getattr(found.fields[0], "optional", False)


def test_among_words_they_are_words_unless_they_mean_missing_elsewhere() -> None:
    words = {"x": ["None", "a", "a"]}
    assert found_in(words).missing == frozenset()
    found = found_in({**words, "n": ["None", "1.5", "2"]})
    assert found.missing == {"None"}
    assert getattr(found.fields[0], "values", ()) == ("a",)
    assert any("'None', in every column" in remark for remark in found.remarks())


def test_a_question_mark_means_missing_everywhere() -> None:
    words = field(["?", "a", "b"])
    assert (words.values, words.optional) == (("a", "b"), True)


def test_an_empty_text_of_a_typed_file_means_missing_and_the_file_says_so() -> None:
    found = found_in({"x": ["", "a", "b"]}, as_text=False)
    assert found.missing == {""}
    assert getattr(found.fields[0], "values", ()) == ("a", "b")


def test_texts_mean_missing_where_that_is_said() -> None:
    found = found_in({"x": ["1.5", "2", "lost"]}, missing=["lost"])
    assert (found.fields[0].name, found.missing) == ("x", {"lost"})


@pytest.mark.parametrize(
    ("name", "is_suspect"), [("patient_nbr", True), ("MemberID", True), ("paid", False), ("n", False)]
)
def test_numbers_that_are_called_as_ids_are_asked_about(name: str, is_suspect: bool) -> None:
    found = found_in({name: [str(number % 90) for number in range(200)]})
    assert found.suspect == ((name,) if is_suspect else ())
    assert any("reads as an id" in remark for remark in found.remarks()) is is_suspect


def test_a_table_of_nothing_but_text_is_refused() -> None:
    with pytest.raises(TableError, match="no column that could be a feature"):
        found_in({"x": [f"note {number}" for number in range(100)]}, unwanted={OTHER})
