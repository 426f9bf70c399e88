"""`serinus new`: from a table to a service.toml."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from serinus import service as services
from serinus.cli import app
from serinus.errors import SerinusError

HEADER = "roof,day,panels,area,cloud,note,fate,kwh\n"
ROW = "R{0},2024-0{1}-1{1},{2},{1}.5,{3},{0} is fine,{4},{0}.25\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = (
        ROW.format(n, n % 9 + 1, ["glass", "film"][n % 2], ["0.5", "NA"][n % 7 == 0], ["sold", "kept"][n % 3 == 0])
        for n in range(60)
    )
    file = tmp_path / "roofs.csv"
    file.write_text(HEADER + "".join(rows))
    return file


def run(data: Path, *more: object, name: str = "solar", target: str = "kwh") -> Result:
    into = ["--into", data.parent / "services"]
    words = ["new", name, "--data", data, "--target", target, *into, *more]
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True, env={"COLUMNS": "200"})


def facts(data: Path, *more: object, **options: str) -> dict[str, object]:
    result = run(data, *more, "--json", **options)
    assert result.exit_code == 0, result.output
    said: dict[str, object] = json.loads(result.stdout)
    return said


def test_a_table_becomes_a_service(data: Path) -> None:
    said = facts(data, "--unit", "kWh", "--leave-out", "fate")
    service = services.load(Path(str(said["file"])))
    assert service.name == "solar"
    assert (service.service.task, service.service.target, service.service.unit) == ("regression", "kwh", "kWh")
    assert service.input.names == ("panels", "area", "cloud", "day_day")
    assert service.input.missing == {"NA"}
    assert service.models == {"xgboost": "1.0.0"}
    assert not service.privacy.personal
    assert said["left_out"] == dict.fromkeys(["roof", "note"], "hardly a text in it is there twice")


def test_what_was_found_is_shown_with_what_to_do_next(data: Path) -> None:
    shown = run(data, "--leave-out", "fate").stdout
    for told in ("day_day", "the day_of_year of day", "film, glass", "1.5 to 9.5", "15.0%", "'roof' is left out"):
        assert told in shown
    assert "says the value: 0.25 to 59.25" in shown
    for command in ("serinus export", "--target kwh", "serinus preflight", "serinus serve", "serinus score"):
        assert command in shown


def test_words_to_predict_make_a_classifier(data: Path) -> None:
    said = facts(data, "--leave-out", "kwh", "--model", "lightgbm", "--personal", target="fate")
    service = services.load(Path(str(said["file"])))
    assert (service.service.task, service.service.labels) == ("classification", ("kept", "sold"))
    assert service.models == {"lightgbm": "1.0.0"}
    assert service.privacy.personal
    assert "--labels kept,sold" in json.dumps(said["next"])
    assert "kept 33.3%, sold 66.7%" in json.dumps(said["remarks"])


def test_the_task_may_be_told(data: Path) -> None:
    assert facts(data, "--task", "classification", target="area")["labels"] == [f"{n}.5" for n in range(1, 10)]


def test_rows_without_a_target_are_counted(data: Path) -> None:
    data.write_text(data.read_text() + "R99,2024-01-11,film,3.5,0.5,99 is fine,sold,\n")
    assert "says nothing in 1 of 61 rows" in json.dumps(facts(data)["remarks"])


def test_a_service_that_is_there_is_not_written_over(data: Path) -> None:
    before = Path(str(facts(data)["file"])).read_bytes()
    again = run(data, "--leave-out", "area")
    assert "exists: read and correct that" in str(again.exception)
    assert (data.parent / "services/solar/service.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "names", "why"),
    [
        pytest.param([], {"target": "kWh"}, "no column 'kWh'", id="target"),
        pytest.param(["--leave-out", "id"], {}, "no column 'id'", id="left out"),
        pytest.param(["--words", "code"], {}, "no column 'code'", id="words"),
        pytest.param(["--task", "regression"], {"target": "fate"}, "must be a number", id="task"),
        pytest.param([], {"name": "My Roofs"}, "must be lowercase", id="name"),
    ],
)
def test_what_cannot_be_done_is_said(data: Path, options: list[str], names: dict[str, str], why: str) -> None:
    result = run(data, *options, **names)
    assert result.exit_code == 1
    assert isinstance(result.exception, SerinusError)
    assert why in str(result.exception)
    assert not (data.parent / "services").exists()


def test_a_column_called_as_requests_call_something_else_is_refused(data: Path) -> None:
    data.write_text(data.read_text().replace("area", "model", 1))
    refused = str(run(data).exception)
    assert "fields cannot be called 'model'" in refused
    assert "leave it out with --leave-out" in refused
    assert facts(data, "--leave-out", "model")["task"] == "regression"
