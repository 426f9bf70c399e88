"""What nuru learns from a real table."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from serinus.service import Service, load
from serinus.tables.draft import Draft
from serinus.tables.inference import Hints, inferred
from serinus.tables.table import Table, TableError
from services.nuru import lesson
from services.nuru.lesson import Goal
from services.nuru.teaching import Settings, taught_and_cross_validated

ROWS = 40
SURVEY: dict[str, list[str]] = {
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


def survey(**more: list[str]) -> Table:
    return Table(Path("survey.csv"), pa.table(SURVEY | more), as_text=True)


def drafted(folder: Path, found: Table, *unwanted: str) -> Service:
    fields = inferred(found, Hints(unwanted=unwanted))
    about = {"task": "regression", "target": "kg"}
    return load(Draft(about, fields, {"ensemble": "1.0.0"}).write(folder / "plots"))


def learnt(folder: Path, found: Table, goal: Goal, *unwanted: str) -> lesson.Lesson:
    return lesson.of_table(drafted(folder, found, goal.target, *unwanted), found, goal)


def test_the_goal_is_told_where_it_says_something() -> None:
    assert Goal("kg").facts == {"target": "kg"}
    assert Goal("kg", "acres", (10, np.inf), "District").facts == {
        "target": "kg",
        "divided_by": "acres",
        "possible": [10, None],
        "kept_apart": "District",
    }


def test_rows_are_those_that_the_service_would_make(tmp_path: Path) -> None:
    learned = learnt(tmp_path, survey(), Goal("kg"))
    at = learned.names.index
    assert learned.names == ("District", "soil", "1tdUrea", "rent", "acres", "sown_day", "cut_day", "sown_to_cut")
    assert learned.words == [0, 1]
    assert learned.rows[0, at("rent")] != learned.rows[0, at("rent")]  # it is NaN
    assert learned.rows[1, [at("rent"), at("soil"), at("sown_day")]].tolist() == [12, 0, 202]
    assert learned.rows[-1, at("soil")] == 2
    assert learned.rows[0, at("sown_to_cut")] == 124
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
    service = drafted(tmp_path, survey(), "kg")
    worse = survey(District=["Patna", *SURVEY["District"][1:]])
    learned = lesson.of_table(service, worse, Goal("kg"))
    assert learned.left_out == learned.facts["left_out"] == {"bad input": 1}
    assert len(learned) == ROWS - 1


def test_a_table_of_mostly_bad_input_is_refused_with_an_example(tmp_path: Path) -> None:
    service = drafted(tmp_path, survey(), "kg")
    with pytest.raises(
        TableError, match=r"50.0% of 40 rows .* District in 20; such as row 2: District: got 'Patna', expected one"
    ):
        lesson.of_table(service, survey(District=["Gaya", "Patna"] * 20), Goal("kg"))


def test_a_table_without_any_yield_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="none of 40 rows has a yield"):
        learnt(tmp_path, survey(kg=[""] * ROWS), Goal("kg"))


def test_a_field_that_the_table_lacks_is_named() -> None:
    with pytest.raises(TableError, match=r"lacks .* 'latitude'"):
        lesson.of_table(load(Path("services/nuru/service.toml")), survey(), Goal("kg"))


def test_twins_are_of_one_group_and_others_are_not(tmp_path: Path) -> None:
    twice = Table(Path("a"), pa.table({name: [*cells, *cells] for name, cells in SURVEY.items()}), as_text=True)
    groups = learnt(tmp_path, twice, Goal("kg")).groups
    np.testing.assert_array_equal(groups[:ROWS], groups[ROWS:])
    assert len(set(groups.tolist())) > 10


def test_districts_may_be_kept_apart(tmp_path: Path) -> None:
    learned = learnt(tmp_path, survey(), Goal("kg", apart="District"))
    assert learned.groups.tolist() == [0, 1] * (ROWS // 2)
    with pytest.raises(TableError, match="5 folds need as many groups of rows that stay together, there are 2"):
        taught_and_cross_validated(learned, Settings())
