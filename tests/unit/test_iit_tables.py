"""Tables of somebody's own: what is read of them, and which fields they seem to have."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from serinus import service as services
from serinus.fields import GivenField
from services.iit import own_table, service_file, tables, train
from services.iit.evaluation import FEWEST
from services.iit.forms import TableError, rows_of
from services.iit.groups import groups
from services.iit.inferred import MOST_WORDS, inferred
from services.iit.lesson import Wishes

QUIET = Console(quiet=True)
ROWS = 2_000


def table(**columns: list[str]) -> pa.Table:
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def field(cells: list[str], **more: object) -> GivenField:
    found = inferred(table(x=cells), **more)
    assert not found.left_out
    return found.fields[0]


@pytest.fixture(scope="module")
def stays() -> pa.Table:
    """Stays in hospital of 700 people, some columns as odd as real ones."""
    rng = np.random.default_rng(0)
    number, group = rng.poisson(3, ROWS), rng.choice(["old", "young", "?"], ROWS)
    came_back = rng.random(ROWS) < 1 / (1 + np.exp(2 - 0.5 * number - (group == "old")))
    return table(
        stay=list(map(str, range(ROWS))),
        person=list(map(str, rng.integers(700, size=ROWS))),
        **{"times before": list(map(str, number))},
        group=group.tolist(),
        code=list(map(str, rng.integers(8, size=ROWS))),
        ended=rng.choice(["home", "dead"], ROWS, p=[0.9, 0.1]).tolist(),
        readmitted=np.where(came_back, "<30", rng.choice(["NO", ">30"], ROWS)).tolist(),
    )


@pytest.fixture
def file(stays: pa.Table, tmp_path: Path) -> Path:
    path = tmp_path / "stays.csv"
    pa.csv.write_csv(stays.rename_columns({"times before": "times_before"}), path)
    return path


def test_cells_are_read_as_they_are_written(tmp_path: Path) -> None:
    for name, opened in (("a.csv", open), ("a.csv.gz", gzip.open)):
        with opened(tmp_path / name, "wt") as out:
            out.write("a,b,c\n01,NA,\n1.50,None,true\n")
        assert tables.read(tmp_path / name).to_pydict() == {"a": ["01", "1.50"], "b": ["NA", "None"], "c": ["", "true"]}


def test_a_parquet_file_is_read_as_the_texts_it_would_be(tmp_path: Path) -> None:
    day = pa.array([19_000, None], pa.date32())
    pq.write_table(
        pa.table({"n": [1, 2], "f": [0.1, None], "w": pa.array(["u", "v"]).dictionary_encode(), "d": day}),
        tmp_path / "a.parquet",
    )
    assert tables.read(tmp_path / "a.parquet").to_pydict() == {
        "n": ["1", "2"],
        "f": ["0.1", ""],
        "w": ["u", "v"],
        "d": ["2022-01-08", ""],
    }


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.xlsx", b"", "ending in .csv"),
        ("a.csv", b"a,b\n1\n", "cannot read"),
        ("a.csv", b"a,a\n1,2\n", "more than once"),
        ("a.csv", b"a,b\n", "has no rows"),
        ("a.parquet", b"PAR", "cannot read"),
        ("b.csv", None, "cannot read"),
    ],
    ids=["suffix", "ragged", "repeated", "empty", "no-parquet", "absent"],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, name: str, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=why):
        tables.read(tmp_path / name)


def test_numbers_are_fields_that_the_next_row_may_exceed() -> None:
    whole = field(["3", "5", "5", "0"])
    assert (whole.type, whole.minimum, whole.maximum, whole.example) == ("integer", 0, None, 5)
    assert whole.description == "0 to 5 in the table"
    below = field(["-3", "2.5", "1e3", "?"], missing=["?"])
    assert (below.type, below.minimum, below.optional) == ("float", None, True)


def test_words_are_fields_that_take_no_others() -> None:
    words = field(["b", "a", "b", "None"])
    assert (words.type, words.values, words.others, words.optional) == ("string", ("b", "None", "a"), "reject", False)


def test_codes_that_look_like_numbers_are_words_where_that_is_said() -> None:
    assert field(["01", "1", "1", "2"], words=["x"]).values == ("1", "01", "2")


def test_of_many_words_the_most_frequent_are_kept_and_others_are_unknown() -> None:
    cells = [f"w{number}" for number in range(MOST_WORDS + 5) for _ in range(number + 1)]
    found = inferred(table(x=cells))
    assert found.cut == {"x": MOST_WORDS + 5}
    assert len(found.fields[0].values) == MOST_WORDS
    assert found.fields[0].others == "unknown"
    assert "w0" not in found.fields[0].values
    assert found.fields[0].number("w0") == -1


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["", "", "?"], "empty"),
        (["No", "No", "No"], "same in every row"),
        (["11", "12", "13"], "an id"),
        (["2024-01-01", "2024-01-02", "2024-01-02"], "dates"),
        ([f"note {number}" for number in range(100)], "hardly a text"),
        (["x" * 201, "y", "y"], "more than 200"),
        ([str(number / 7) for number in range(99)] + ["NA"], "numbers and texts: 'NA'. Say --missing"),
    ],
    ids=["empty", "constant", "id", "dates", "notes", "long", "mixed"],
)
def test_columns_that_say_nothing_are_left_out_and_why(cells: list[str], why: str) -> None:
    found = inferred(table(x=cells), missing=["?"])
    assert not found.fields
    assert why in found.left_out["x"]


def test_a_column_without_a_name_is_left_out() -> None:
    assert inferred(table(**{"": ["1", "2", "2"], "x": ["1", "2", "2"]})).left_out[""].startswith("a name has 1 to")


def test_texts_among_numbers_are_missing_values_where_that_is_said() -> None:
    cells = [str(number / 7) for number in range(99)] + ["NA"]
    assert (field(cells, missing=["NA"]).type, field(cells, missing=["NA"]).optional) == ("float", True)


def test_what_is_known_of_some_rows_only_is_kept_though_it_says_one_thing() -> None:
    assert field(["yes", "", ""]).optional


@pytest.mark.parametrize(
    ("name", "is_suspect"), [("patient_nbr", True), ("MemberID", True), ("paid", False), ("n", False)]
)
def test_numbers_that_are_called_as_ids_are_asked_about(name: str, is_suspect: bool) -> None:
    found = inferred(table(**{name: [str(number % 90) for number in range(200)]}))
    assert found.suspect == ((name,) if is_suspect else ())


def test_true_and_false_are_a_boolean() -> None:
    assert field(["True", "false", "true"]).type == "boolean"


def test_the_service_that_is_written_is_the_one_that_was_inferred(tmp_path: Path) -> None:
    odd = ['say "a"', "b\\c", "\x7f", "ü", "# d", "a"]
    found = inferred(table(x=odd * 3, n=["1", "2.5", ""] * 6, left=["?"] * 18), missing=["?"])
    text = service_file.written("odd", ("KEPT", "LOST"), found, missing=["?", "-"], share=0.3)
    (tmp_path / "service.toml").write_text(text, encoding="utf-8")
    service = services.load(tmp_path / "service.toml")
    assert service.input.fields == found.fields
    assert service.input.missing == {"?", "-"}
    assert service.service.labels == ("KEPT", "LOST")
    assert service.bands is not None
    assert service.bands.of(0.29) == "low"
    assert service.bands.of(0.61) == "high"
    assert service.privacy.personal
    assert '# left out "left": it is empty' in text


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_bands_begin_at_different_probabilities(tmp_path: Path, share: float) -> None:
    found = inferred(table(x=["a", "b"]))
    (tmp_path / "s.toml").write_text(service_file.written("s", ("A", "B"), found, missing=[], share=share))
    bands = services.load(tmp_path / "s.toml").bands
    assert bands is not None
    assert bands.of(1.0) == "high"


def test_the_target_says_which_rows_it_happened_to() -> None:
    readmitted = table(y=["<30", "NO", ">30", "<30"], z=["0", "1", "1", "0"])
    told = tables.told(readmitted, "y", "<30")
    assert told.happened.tolist() == [True, False, False, True]
    assert told.labels == ("not <30", "<30")
    assert tables.told(readmitted, "z", None).labels == ("0", "1")
    assert tables.told(readmitted, "z", None).happened.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("cells", "positive", "why"),
    [
        (["a", "b"], None, "--positive"),
        (["a", "b"], "c", "must hold 'c'"),
        (["a", "a"], "a", "something else"),
        (["a", "", "b"], "a", "no value in 1 rows: leave them out with --without y=..."),
        (["a", "?", "?", "b"], "a", "no value in 2 rows"),
    ],
)
def test_a_target_that_does_not_tell_is_refused(cells: list[str], positive: str | None, why: str) -> None:
    with pytest.raises(TableError, match=why):
        tables.told(table(y=cells), "y", positive, ["?"])


def test_rows_are_left_out_by_what_they_say(stays: pa.Table) -> None:
    home = tables.without(stays, {"ended": ["dead"], "group": ["?", "young"]})
    assert set(home["ended"].to_pylist()) == {"home"}
    assert set(home["group"].to_pylist()) == {"old"}
    with pytest.raises(TableError, match="no column 'end'"):
        tables.without(stays, {"end": ["dead"]})
    with pytest.raises(TableError, match="no row is left"):
        tables.without(stays, {"ended": ["dead", "home"]})


def test_a_table_teaches_a_service_of_its_own(file: Path, tmp_path: Path) -> None:
    wishes = Wishes(file, "readmitted", "<30", ("KEPT", "BACK"), "person", words=("code",), missing=("?",))
    lesson = own_table.by_itself(wishes, tmp_path / "stays", QUIET, seed=0)
    service = services.load(tmp_path / "stays/service.toml")
    assert service.name == "stays"
    assert service.input.names == ("times_before", "group", "code", "ended")
    assert len(lesson.visits) == ROWS
    assert np.isnan(lesson.visits.rows[:, 1]).any()
    same = Wishes(file, "readmitted", "<30", group="person")
    again = own_table.by_service(same, tmp_path / "stays/service.toml", seed=0)
    np.testing.assert_array_equal(again.visits.rows, lesson.visits.rows)
    np.testing.assert_array_equal(again.split.held_out, lesson.split.held_out)


def test_no_person_is_learnt_from_and_judged_by(file: Path, tmp_path: Path, stays: pa.Table) -> None:
    wishes = Wishes(file, "readmitted", "<30", group="person", missing=("?",))
    parts = own_table.by_itself(wishes, tmp_path / "stays", QUIET, seed=0).split
    people = np.array(stays["person"].to_pylist())
    learnt = {*people[parts.train], *people[parts.stop], *people[parts.calibrate]}
    assert not learnt & {*people[parts.held_out]}


def test_a_service_that_somebody_may_have_corrected_is_not_written_over(file: Path, tmp_path: Path) -> None:
    wishes = Wishes(file, "readmitted", "<30", missing=("?",))
    own_table.by_itself(wishes, tmp_path / "stays", QUIET, seed=0)
    with pytest.raises(TableError, match="train with --service"):
        own_table.by_itself(wishes, tmp_path / "stays", QUIET, seed=0)


@pytest.mark.parametrize(
    ("wishes", "folder", "why"),
    [
        ({}, "My Stays", "'My Stays' must be lowercase"),
        ({"group": "patient"}, "stays", "no column 'patient'"),
        ({"group": "group", "missing": ("?",)}, "stays", "group has no value in"),
        ({"words": ("codes",)}, "stays", "no column 'codes'"),
        ({"target": "readmission"}, "stays", "no column 'readmission'"),
        ({"without": {"readmitted": ["NO", ">30"]}}, "stays", "something else"),
        ({"without": {"code": list("1234567"), "group": ["old"]}}, "stays", f"expected at least {FEWEST}"),
        (
            {"leave_out": ("times_before", "group", "code", "ended", "person")},
            "stays",
            "no column that could be a feature",
        ),
    ],
    ids=["name", "group", "nobody", "words", "target", "one-class", "few", "nothing"],
)
def test_a_wish_that_cannot_be_met_is_said(
    file: Path, tmp_path: Path, wishes: dict[str, object], folder: str, why: str
) -> None:
    asked = Wishes(file, **({"target": "readmitted", "positive": "<30"} | wishes))  # type: ignore[arg-type]
    with pytest.raises(TableError, match=why):
        own_table.by_itself(asked, tmp_path / folder, QUIET, seed=0)


def test_rows_that_the_service_does_not_take_are_counted_and_too_many_are_refused(file: Path, tmp_path: Path) -> None:
    own_table.by_itself(Wishes(file, "readmitted", "<30", missing=("?",)), tmp_path / "stays", QUIET, seed=0)
    own, text = tmp_path / "stays/service.toml", (tmp_path / "stays/service.toml").read_text()
    own.write_text(text.replace('"times_before"\n', '"times_before"\nmaximum = 8\n'))
    lesson = own_table.by_service(Wishes(file, "readmitted", "<30"), own, seed=0)
    assert lesson.bad["times_before"] == ROWS - len(lesson.visits) > 0
    own.write_text(text.replace('"times_before"\n', '"times_before"\nmaximum = 2\n'))
    with pytest.raises(TableError, match=r"% of the rows .* times_before in [\d,]+ rows"):
        own_table.by_service(Wishes(file, "readmitted", "<30"), own, seed=0)


def test_groups_are_words_or_quarters_of_a_number(file: Path, tmp_path: Path) -> None:
    own_table.by_itself(Wishes(file, "readmitted", "<30", missing=("?",)), tmp_path / "stays", QUIET, seed=0)
    service = services.load(tmp_path / "stays/service.toml")
    rows = rows_of(service, tables.read(file), as_text=True).rows
    assert set(groups(service, rows, "group")) == {"old", "young", "missing"}
    quarters = groups(service, rows, "times_before")
    assert len(set(quarters)) == 4
    assert {*rows[quarters == "4 to 10", service.input.names.index("times_before")]} <= set(range(4, 11))
    with pytest.raises(TableError, match="cannot judge by stay"):
        groups(service, rows, "stay")


def test_an_unknown_word_is_a_group_of_its_own(tmp_path: Path) -> None:
    found = inferred(table(x=["a", "b"] * 2, n=["5"] * 3 + ["6"]))
    known = found.fields[0].model_copy(update={"others": "unknown"})
    text = service_file.written("s", ("A", "B"), type(found)((known, found.fields[1]), {}, {}), missing=[], share=0.5)
    (tmp_path / "s.toml").write_text(text)
    service = services.load(tmp_path / "s.toml")
    rows = np.array([[-1, 5], [0, 5], [np.nan, 5]], np.float32)
    assert groups(service, rows, "x").tolist() == ["others", "a", "missing"]
    assert groups(service, rows, "n").tolist() == ["5"] * 3


def test_rows_to_leave_out_may_be_told_one_by_one() -> None:
    assert train._rows(["a=1,2", "b=x", "a=3", "c="]) == {"a": ["1", "2", "3"], "b": ["x"], "c": [""]}


def test_a_cell_may_hold_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n"one\ntwo",1\n')
    assert tables.read(tmp_path / "a.csv").to_pydict() == {"a": ["one\ntwo"], "b": ["1"]}
