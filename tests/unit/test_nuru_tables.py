import gzip
import hashlib
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.fields import DerivedField, GivenField
from serinus.service import load
from services.nuru import inference, lesson, service_file, table
from services.nuru.inference import LEAST_ROWS, MOST_WORDS, InferenceError, inferred
from services.nuru.lesson import Goal
from services.nuru.table import Table, TableError
from services.nuru.teaching import Settings, taught_and_cross_validated

ROWS = 40
SURVEY: dict[str, list[object]] = {
    "name of farmer": [f"farmer {row}" for row in range(ROWS)],
    "District": ["Gaya", "Nalanda"] * (ROWS // 2),
    "soil": ["clay"] * 30 + ["sand"] * 9 + ["peat"],
    "1tdUrea": [str(row % 7 + 0.5) for row in range(ROWS)],
    "sown": ["2022-07-01", "2022-07-21"] * (ROWS // 2),
    "cut": ["2022-11-02", ""] * (ROWS // 2),
    "rent": ["?", "12"] + ["30"] * (ROWS - 2),
    "survey": ["2022"] * ROWS,
    "acres": ["0.5", "2"] * (ROWS // 2),
    "kg": [str(500 + row) for row in range(ROWS)],
}


def survey(**more: list[object]) -> Table:
    return Table(Path("survey.csv"), SURVEY | more, as_text=True)


def write_csv(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def learnt(folder: Path, found: Table, goal: Goal, *unwanted: str) -> lesson.Lesson:
    fields = inferred(found, {goal.target, *unwanted})
    return lesson.of_table(
        load(service_file.write(folder, fields, target="kg", unit=None, version="1.0.0")), found, goal
    )


def test_a_csv_file_is_read_as_the_text_it_is(tmp_path: Path) -> None:
    found = table.read(write_csv(tmp_path / "a.csv", 'a,b\n1,"x, y"\n\n?,\n'))
    assert found.columns == {"a": ("1", "?"), "b": ("x, y", "")}
    assert found.as_text
    assert len(found) == 2


def test_a_file_is_known_by_its_digest(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", "a,b\n1,2\n")
    assert table.read(file).digest == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


def test_the_goal_is_told_where_it_says_something() -> None:
    assert Goal("kg").facts == {"target": "kg"}
    assert Goal("kg", "acres", (10, np.inf), "District").facts == {
        "target": "kg",
        "divided_by": "acres",
        "possible": [10, None],
        "kept_apart": "District",
    }


def test_a_gzipped_csv_file_is_read_alike(tmp_path: Path) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert table.read(file).columns == {"a": ("1",), "b": ("2",)}


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1.5, None], "d": [date(2021, 10, 7)] * 2}), tmp_path / "a.parquet")
    found = table.read(tmp_path / "a.parquet")
    assert found.columns == {"n": [1.5, None], "d": [date(2021, 10, 7)] * 2}
    assert not found.as_text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "no rows", id="empty"),
        pytest.param("a,b\n", "no rows", id="only a header"),
        pytest.param("a,b\n1,2\n1\n", "row 2 has 1 cells, the header 2", id="a short row"),
        pytest.param('a,b\n1,"2\n', "cannot read", id="an open quote"),
    ],
)
def test_a_broken_csv_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        table.read(write_csv(tmp_path / "a.csv", text))


@pytest.mark.parametrize(
    ("name", "held"),
    [
        pytest.param("a.csv.gz", b"no gzip", id="no gzip"),
        pytest.param("b.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:-20], id="half a gzip file"),
        pytest.param("a.parquet", b"PAR1", id="no parquet"),
        pytest.param("a.csv", b"a\n\xff\n", id="no text"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, held: bytes) -> None:
    (tmp_path / name).write_bytes(held)
    with pytest.raises(TableError, match=f"cannot read .*{name}"):
        table.read(tmp_path / name)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"nothing\.csv"):
        table.read(tmp_path / "nothing.csv")


def test_an_empty_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.float64())}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match="no rows"):
        table.read(tmp_path / "a.parquet")


def test_columns_of_one_name_are_all_left_out_and_said_so(tmp_path: Path) -> None:
    found = table.read(write_csv(tmp_path / "a.csv", "a,b,b,c\n" + "1,2,3,4\n2,3,4,5\n"))
    assert found.columns == {"a": ("1", "2"), "c": ("4", "5")}
    assert inferred(found, ()).left_out == {"b": "more than one column has this name"}
    with pytest.raises(TableError, match="more than one column b"):
        found.cells("b")
    with pytest.raises(TableError, match="no column d"):
        found.cells("d")


def test_fields_are_what_the_cells_are() -> None:
    found = inferred(survey(), {"kg"})
    kinds = {field.name: getattr(field, "type", "derived") for field in found.fields}
    assert kinds == {
        "District": "string",
        "soil": "string",
        "1tdUrea": "float",
        "sown": "date",
        "cut": "date",
        "rent": "float",
        "acres": "float",
        "sown day": "derived",
        "cut day": "derived",
        "sown to cut": "derived",
    }
    assert found.missing == {"?"}
    assert set(found.left_out) == {"name of farmer", "survey"}


def test_what_is_sometimes_missing_may_be_missing() -> None:
    optional = {field.name for field in inferred(survey(), {"kg"}).fields if getattr(field, "optional", False)}
    assert optional == {"cut", "rent"}


def test_rare_words_are_learnt_as_unknown_ones_and_where_none_is_rare_no_other_is_taken() -> None:
    words = [field for field in inferred(survey(), {"kg"}).fields if isinstance(field, GivenField) and field.values]
    assert [(field.name, field.values, field.others) for field in words] == [
        ("District", ("Gaya", "Nalanda"), "reject"),
        ("soil", ("clay", "sand"), "unknown"),
    ]


def test_a_value_that_is_there_or_not_is_a_field() -> None:
    found = Table(Path("a"), {"urea": ["5", ""] * 9, "dap": ["yes", ""] * 9}, as_text=True)
    assert [field.name for field in inferred(found, ()).fields] == ["urea", "dap"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        pytest.param(
            [f"w{row // LEAST_ROWS}" for row in range((MOST_WORDS + 1) * LEAST_ROWS)], "129 different", id="many"
        ),
        pytest.param(["x" * 201, "y", "y", "y", "y", "y"], "more than 200 characters", id="long"),
        pytest.param([1, "a"] * 5, "several kinds", id="mixed"),
        pytest.param([datetime(2021, 1, 1), datetime(2022, 1, 1)], "several kinds", id="moments"),
        pytest.param(["a"] * 9, "never varies", id="constant"),
        pytest.param(["", ""], "never varies", id="empty"),
    ],
)
def test_what_no_field_can_hold_is_left_out_with_the_reason(cells: list[object], why: str) -> None:
    whole = Table(Path("a"), {"a": cells, "b": list(range(len(cells)))}, as_text=False)
    assert why in inferred(whole, ()).left_out["a"]


def test_truths_and_dates_of_parquet_are_fields() -> None:
    found = Table(Path("a"), {"t": [True, False], "d": [date(2021, 1, 1), date(2021, 1, 2)]}, as_text=False)
    assert [getattr(field, "type", None) for field in inferred(found, ()).fields] == ["boolean", "date", None]


def test_a_column_without_a_name_is_no_field() -> None:
    found = Table(Path("a"), {"": ["0", "1"], "b": ["1", "2"]}, as_text=True)
    assert inferred(found, ()).left_out == {"": "it has no name"}


def test_a_table_of_nothing_but_text_is_refused() -> None:
    with pytest.raises(InferenceError, match="no column that a model could take"):
        inferred(survey(), set(SURVEY) - {"name of farmer"})


def test_the_service_file_says_just_what_was_inferred(tmp_path: Path) -> None:
    odd = {'a "quoted" name\\ é': [str(row) for row in range(ROWS)]}
    found = inferred(survey(**odd), {"kg"})
    file = service_file.write(
        tmp_path / "Bihar plots 2022", found, target="kg / acre", unit="kg_per_acre", version="1.0.0"
    )
    service = load(file)
    assert service.input.fields == found.fields
    assert service.input.missing == found.missing
    assert (service.name, service.service.target, service.service.unit) == (
        "bihar_plots_2022",
        "kg_acre",
        "kg_per_acre",
    )
    assert '# "survey" is left out: it never varies' in file.read_text()


def test_rows_are_those_that_the_service_would_make(tmp_path: Path) -> None:
    learned = learnt(tmp_path, survey(), Goal("kg"))
    at = learned.names.index
    assert learned.names == ("District", "soil", "1tdUrea", "rent", "acres", "sown day", "cut day", "sown to cut")
    assert learned.words == [0, 1]
    assert learned.rows[0, at("rent")] != learned.rows[0, at("rent")]  # it is NaN
    assert learned.rows[1, [at("rent"), at("soil"), at("sown day")]].tolist() == [12, 0, 202]
    assert learned.rows[-1, at("soil")] == -1
    assert learned.rows[0, at("sown to cut")] == 124
    assert learned.truth.tolist() == list(range(500, 540))


def test_a_yield_per_area_is_learnt_where_both_are_known_and_possible(tmp_path: Path) -> None:
    kg = ["", "100", "1000", "nan", "50", *["200"] * (ROWS - 5)]
    acres = ["1", "2", "1", "1", "0", *["2"] * (ROWS - 5)]
    learned = learnt(tmp_path, survey(kg=kg, acres=acres), Goal("kg", "acres", (10, 500)), "acres")
    assert len(learned) == ROWS - 4
    assert set(learned.truth) == {50, 100}
    assert learned.left_out == {"no kg": 3, "an impossible yield": 1}
    assert "acres" not in learned.names


def test_rows_of_bad_input_are_left_out_and_counted(tmp_path: Path) -> None:
    fields = inferred(survey(), {"kg"})
    service = load(service_file.write(tmp_path, fields, target="kg", unit=None, version="1.0.0"))
    worse = survey(District=["Patna", *SURVEY["District"][1:]])
    learned = lesson.of_table(service, worse, Goal("kg"))
    assert learned.left_out == learned.facts["left_out"] == {"bad input": 1}
    assert len(learned) == ROWS - 1


def test_a_table_of_mostly_bad_input_is_refused_with_an_example(tmp_path: Path) -> None:
    service = load(service_file.write(tmp_path, inferred(survey(), {"kg"}), target="kg", unit=None, version="1.0.0"))
    with pytest.raises(TableError, match=r"20 of 40 rows are bad input.*row 2: District: got 'Patna', expected one of"):
        lesson.of_table(service, survey(District=["Gaya", "Patna"] * 20), Goal("kg"))


def test_a_table_without_any_yield_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="0 can be learnt from"):
        learnt(tmp_path, survey(kg=[""] * ROWS), Goal("kg"))


def test_a_field_that_the_table_lacks_is_named() -> None:
    with pytest.raises(TableError, match="no column latitude"):
        lesson.of_table(load(Path("services/nuru/service.toml")), survey(), Goal("kg"))


def test_twins_are_of_one_group_and_others_are_not(tmp_path: Path) -> None:
    twice = Table(Path("a"), {name: [*cells, *cells] for name, cells in SURVEY.items()}, as_text=True)
    groups = learnt(tmp_path, twice, Goal("kg")).groups
    np.testing.assert_array_equal(groups[:ROWS], groups[ROWS:])
    assert len(set(groups.tolist())) > 10


def test_districts_may_be_kept_apart(tmp_path: Path) -> None:
    learned = learnt(tmp_path, survey(), Goal("kg", apart="District"))
    assert learned.groups.tolist() == [0, 1] * (ROWS // 2)
    with pytest.raises(TableError, match="5 folds need as many groups of rows that stay together, there are 2"):
        taught_and_cross_validated(learned, Settings())


def test_days_are_derived_of_each_date_and_between_neighbours() -> None:
    derived = [field for field in inferred(survey(), {"kg"}).fields if isinstance(field, DerivedField)]
    assert [(field.derive, field.of) for field in derived] == [
        ("day_of_year", ("sown",)),
        ("day_of_year", ("cut",)),
        ("days_between", ("sown", "cut")),
    ]


def test_every_missing_text_is_none_of_the_values() -> None:
    found = inferred(survey(District=["NA", *SURVEY["District"][1:]]), {"kg"})
    assert found.missing == {"?", "NA"}
    [district] = [field for field in found.fields if field.name == "District"]
    assert (getattr(district, "values", ()), getattr(district, "optional", False)) == (("Gaya", "Nalanda"), True)
    assert set(inference.NO_VALUE) >= found.missing
