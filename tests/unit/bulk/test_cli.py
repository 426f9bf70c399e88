"""The command `serinus score`: what it prints, what it writes, how it exits."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner, Result

from serinus.cli.score import score
from serinus.errors import JobError
from tests.unit.bulk.jobs import Bench, predictions, rows, table, tree, write_csv, write_jsonl

app = typer.Typer()
app.command()(score)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.scorer()
    return made


def command(bench: Bench, file: Path, *options: str) -> Result:
    arguments = [str(file), "--service", str(bench.service), "--models", str(bench.models)]
    return CliRunner().invoke(app, [*arguments, "--out", str(bench.folder / "out"), *options])


def test_the_summary_says_what_was_done_and_where(bench: Bench) -> None:
    file = write_csv(bench.folder / "rows.csv", table(rows(50), kepid=range(50)))

    result = command(bench, file)

    assert result.exit_code == 0
    assert "50" in result.stdout
    assert "rows per second" in result.stdout
    assert "100%" in result.stderr
    assert len(predictions(bench.folder / "out")) == 50


def test_json_is_one_object_and_a_second_run_says_that_all_was_done(bench: Bench) -> None:
    file = write_csv(bench.folder / "rows.csv", table(rows(50)))

    first = json.loads(command(bench, file, "--json", "--model", "ensemble").stdout)
    second = json.loads(command(bench, file, "--json", "--model", "ensemble").stdout)

    assert (first["rows"], first["rows_ok"], first["rows_bad"], first["rows_done_before"]) == (50, 50, 0, 0)
    assert (first["model"], first["model_version"]) == ("ensemble", "linear=1.0.0,bent=1.0.0")
    assert (second["rows_done_before"], second["rows_per_second"]) == (50, None)
    assert second["job"] == first["job"]


def test_a_second_run_prints_that_the_job_was_finished(bench: Bench) -> None:
    file = write_csv(bench.folder / "rows.csv", table(rows(50)))
    command(bench, file)
    assert "Finished before" in command(bench, file).stdout


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_plan_says_what_would_be_done_and_writes_nothing(bench: Bench, name: str) -> None:
    file, columns = bench.folder / name, table(rows(50), kepid=range(50), note=["a"] * 50)
    if name == "rows.parquet":
        pq.write_table(columns, file)
    else:
        (write_csv if name == "rows.csv" else write_jsonl)(file, columns)
    before = tree(bench.folder)

    planned = json.loads(command(bench, file, "--plan", "--json", "--id", "kepid", "--format", "csv").stdout)

    assert tree(bench.folder) == before
    assert planned["format"] == name.split(".")[1]
    assert (planned["rows"], planned["chunks"], planned["ids"], planned["output_format"]) == (50, 1, ["kepid"], "csv")
    assert planned["features"] == "3: 'f0', 'f1', 'f2'"
    assert planned["digests"] == bench.scorer().digests


def test_a_plan_can_be_read_too(bench: Bench) -> None:
    file = bench.folder / "rows.jsonl"
    file.write_text('{"features": [1, 2, 3]}\n')
    printed = command(bench, file, "--plan").stdout
    assert "3 in 'features'" in printed
    assert "none" in printed


def test_bad_rows_are_counted_and_pointed_to(bench: Bench) -> None:
    file = bench.folder / "rows.csv"
    file.write_text("f0,f1,f2\n1,2,3\n1,2,x\n")

    result = command(bench, file, "--json")

    assert json.loads(result.stdout)["rows_bad"] == 1
    assert json.loads(result.stdout)["quarantine"] == str(bench.folder / "out" / "quarantine")
    assert "1 bad" in result.stderr


def test_a_job_that_cannot_be_done_is_an_error(bench: Bench) -> None:
    assert isinstance(command(bench, bench.folder / "nothing.csv").exception, JobError)
