"""What iit learns from a table of somebody's own."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from rich.console import Console

from serinus import service as services
from serinus.service import Service
from serinus.tables.inference import Hints, inferred
from serinus.tables.rows import rows_of
from serinus.tables.table import Table, TableError, read
from services.iit import own_table, tables, train
from services.iit.evaluation import FEWEST
from services.iit.groups import groups
from services.iit.lesson import Wishes
from services.iit.tables import Told

QUIET = Console(quiet=True)
ROWS = 2_000


def table(**columns: list[str]) -> Table:
    return Table(Path("a.csv"), pa.table(columns), as_text=True)


@pytest.fixture(scope="module")
def stays() -> Table:
    """Stays in hospital of 700 people, some columns as odd as real ones."""
    rng = np.random.default_rng(0)
    number, group = rng.poisson(3, ROWS), rng.choice(["old", "young", "?"], ROWS)
    came_back = rng.random(ROWS) < 1 / (1 + np.exp(2 - 0.5 * number - (group == "old")))
    return table(
        stay=list(map(str, range(ROWS))),
        person=list(map(str, rng.integers(700, size=ROWS))),
        times_before=list(map(str, number)),
        group=group.tolist(),
        code=list(map(str, rng.integers(8, size=ROWS))),
        ended=rng.choice(["home", "dead"], ROWS, p=[0.9, 0.1]).tolist(),
        readmitted=np.where(came_back, "<30", rng.choice(["NO", ">30"], ROWS)).tolist(),
    )


@pytest.fixture
def file(stays: Table, tmp_path: Path) -> Path:
    path = tmp_path / "stays.csv"
    pa.csv.write_csv(stays.cells, path)
    return path


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_bands_begin_at_different_probabilities(tmp_path: Path, share: float) -> None:
    happened = Told(np.arange(100) < 100 * share, ("A", "B"))
    draft = own_table.drafted(inferred(table(x=["a", "b"]), Hints()), happened, Wishes(Path("a"), "y"))
    service = services.load(draft.write(tmp_path / "s"))
    assert service.bands is not None
    assert service.bands.of(1.0) == "high"
    assert service.privacy.personal


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


def test_no_person_is_learnt_from_and_judged_by(file: Path, tmp_path: Path, stays: Table) -> None:
    wishes = Wishes(file, "readmitted", "<30", group="person", missing=("?",))
    parts = own_table.by_itself(wishes, tmp_path / "stays", QUIET, seed=0).split
    people = np.array(stays.texts("person").to_pylist())
    learnt = {*people[parts.train], *people[parts.stop], *people[parts.calibrate]}
    assert not learnt & {*people[parts.held_out]}


def test_a_service_that_somebody_may_have_corrected_is_not_written_over(file: Path, tmp_path: Path) -> None:
    wishes = Wishes(file, "readmitted", "<30", missing=("?",))
    own_table.by_itself(wishes, tmp_path / "stays", QUIET, seed=0)
    with pytest.raises(TableError, match="read and correct that"):
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
    with pytest.raises(TableError, match=r"% of 2,000 rows .* times_before in [\d,]+$"):
        own_table.by_service(Wishes(file, "readmitted", "<30"), own, seed=0)


def test_groups_are_words_or_quarters_of_a_number(file: Path, tmp_path: Path) -> None:
    own_table.by_itself(Wishes(file, "readmitted", "<30", missing=("?",)), tmp_path / "stays", QUIET, seed=0)
    service = services.load(tmp_path / "stays/service.toml")
    rows = rows_of(service, read(file)).rows
    assert set(groups(service, rows, "group")) == {"old", "young", "missing"}
    quarters = groups(service, rows, "times_before")
    assert len(set(quarters)) == 4
    assert {*rows[quarters == "4 to 10", service.input.names.index("times_before")]} <= set(range(4, 11))
    with pytest.raises(TableError, match="cannot judge by stay"):
        groups(service, rows, "stay")


def test_an_unknown_word_is_a_group_of_its_own() -> None:
    words = {"name": "x", "type": "string", "values": ["a", "b"], "others": "unknown", "optional": True}
    about = {"name": "s", "task": "classification", "labels": ["A", "B"]}
    said = {"service": about, "input": {"fields": [words, {"name": "n", "type": "float"}]}, "models": {"m": "1.0.0"}}
    service = Service.model_validate(said)
    rows = np.array([[-1, 5], [0, 5], [np.nan, 5]], np.float32)
    assert groups(service, rows, "x").tolist() == ["others", "a", "missing"]
    assert groups(service, rows, "n").tolist() == ["5"] * 3


def test_rows_to_leave_out_may_be_told_one_by_one() -> None:
    assert train._rows(["a=1,2", "b=x", "a=3", "c="]) == {"a": ["1", "2", "3"], "b": ["x"], "c": [""]}
