"""Writing a service.toml for a table."""

from pathlib import Path

import pyarrow as pa
import pytest

from serinus import service as services
from serinus.tables.draft import Draft, slug
from serinus.tables.inference import Hints, Inferred, inferred
from serinus.tables.table import Table, TableError

ABOUT = {"task": "classification", "labels": ["KEPT", "LOST"]}
MODELS = {"lightgbm": "1.0.0"}


@pytest.fixture
def found() -> Inferred:
    """Of names and words that TOML has to quote."""
    odd = ['say "a"', "b\\c", "\x7f", "ü", "# d", "a"]
    columns = {
        'a "quoted" name\\ é': odd * 3,
        "n": ["1", "2.5", ""] * 6,
        "day": ["2021-10-07", "?"] * 9,
        "left": ["?"] * 18,
    }
    return inferred(Table(Path("a"), pa.table(columns), as_text=True), Hints(missing=["?", "-"]))


def test_the_service_that_is_written_is_the_one_that_was_inferred(found: Inferred, tmp_path: Path) -> None:
    bands = {"label": "LOST", "from": {"low": 0.0, "high": 0.3}}
    sections = {"privacy": {"personal": True}, "bands": bands}
    service = services.load(Draft(ABOUT, found, MODELS, sections).write(tmp_path / "odd"))
    assert service.name == "odd"
    assert service.input.fields == found.fields
    assert service.input.missing == {"?", "-"}
    assert service.service.labels == ("KEPT", "LOST")
    assert service.bands is not None
    assert service.bands.of(0.29) == "low"
    assert service.privacy.personal
    assert '# left out "left": it is empty' in (tmp_path / "odd/service.toml").read_text()


def test_a_regressor_has_a_target(found: Inferred, tmp_path: Path) -> None:
    about = {"task": "regression", "target": slug("kg / acre", "value"), "unit": "kg_per_acre"}
    service = services.load(Draft(about, found, MODELS).write(tmp_path / "plots"))
    assert (service.service.target, service.service.unit) == ("kg_acre", "kg_per_acre")


@pytest.mark.parametrize(("text", "name"), [("hg/ha_yield", "hg_ha_yield"), ("2nd", "nd"), ("%", "value")])
def test_a_target_is_spelt_as_names_are(text: str, name: str) -> None:
    assert slug(text, "value") == name


def test_a_service_that_somebody_may_have_corrected_is_not_written_over(found: Inferred, tmp_path: Path) -> None:
    Draft(ABOUT, found, MODELS).write(tmp_path / "odd")
    before = (tmp_path / "odd/service.toml").read_text()
    with pytest.raises(TableError, match="exists: read and correct that"):
        Draft(ABOUT, found, {"other": "1.0.0"}).write(tmp_path / "odd")
    assert (tmp_path / "odd/service.toml").read_text() == before


def test_the_folder_has_to_be_the_name_of_a_service(found: Inferred, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="'My Stays' must be lowercase"):
        Draft(ABOUT, found, MODELS).write(tmp_path / "My Stays")


def test_what_no_service_can_say_is_not_written(found: Inferred, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="two or more different labels"):
        Draft({"task": "classification", "labels": ["A", "A"]}, found, MODELS).write(tmp_path / "odd")
    assert not (tmp_path / "odd").exists()
