"""A real table from its raw file to scored rows, by the commands a user types."""

import csv
import gzip
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from serinus import service as services
from serinus.bundle import Bundle
from serinus.predictor import Predictor
from serinus.service import Service
from serinus.tables.rows import rows_of
from serinus.tables.table import read

LEARNT_ROWS = 600
SPOILT = {3: ("CultLand", "plenty"), 700: ("CropTillageDate", "2022-13-40"), 2_000: ("District", "Atlantis")}


@dataclass(frozen=True)
class Trained:
    service: Path
    models: Path
    said: str


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def survey(shared_data: Path) -> list[list[str]]:
    """The table as it is: missing cells, words in lists, and two columns of one name."""
    with gzip.open(shared_data / "crop/digitalgreen_bihar_plots_train.csv.gz", "rt", newline="") as file:
        return list(csv.reader(file))


def written(file: Path, rows: list[list[str]]) -> Path:
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return file


@pytest.fixture(scope="module")
def trained(survey: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("survey")
    raw = written(folder / "plots.csv", survey[: LEARNT_ROWS + 1])
    goal = ["--data", raw, "--target", "Yield", "--per", "Acre", "--unit", "kg_per_acre", "--between", 200, 4000]
    places = ["--write-service", folder / "bihar", "--out", folder / "models", "--originals", folder / "originals"]
    done = python("services.nuru.train", *goal, "--leave-out", "ID", *places)
    assert done.returncode == 0, done.stderr
    return Trained(folder / "bihar/service.toml", folder / "models", done.stdout + done.stderr)


def test_a_raw_table_becomes_a_service_of_five_models(trained: Trained) -> None:
    service = services.load(trained.service)
    assert (service.name, service.service.target, service.service.unit) == ("bihar", "yield", "kg_per_acre")
    assert "Acre" not in service.input.names
    assert "rows are left out: an impossible yield" in trained.said
    assert "MineralFertAppMethod" in trained.said
    for folder in service.bundles(trained.models).values():
        assert Bundle.load(folder).metadata.training["cross_validation_folds"] == 5
        assert python("serinus.cli", "verify", folder).returncode == 0


def strangers(header: list[str], rows: list[list[str]], service: Service) -> list[int]:
    """Rows with a word that is none of the few that a field takes, as it stood in no row that was learnt."""
    lists = {header.index(field.name): {*field.values, ""} for field in service.input.given if field.values}
    strict = [header.index(field.name) for field in service.input.given if field.values and field.others == "reject"]
    return [number for number, row in enumerate(rows) if any(row[place] not in lists[place] for place in strict)]


def test_the_raw_table_is_scored_and_every_bad_row_accounted_for(
    survey: list[list[str]], trained: Trained, tmp_path: Path
) -> None:
    header, *rows = (list(row) for row in survey)
    for row, (name, text) in SPOILT.items():
        rows[row][header.index(name)] = text
    raw = written(tmp_path / "all.csv", [header, *rows])
    options = ["--service", trained.service, "--models", trained.models, "--model", "ensemble"]
    done = python("serinus.cli", "score", raw, *options, "--out", tmp_path / "scored", "--json")
    assert done.returncode == 0, done.stderr
    job, bad = json.loads(done.stdout), len({*SPOILT, *strangers(header, rows, services.load(trained.service))})
    assert (job["rows"], job["rows_ok"], job["rows_bad"]) == (len(rows), len(rows) - bad, bad)
    quarantined = "".join(file.read_text() for file in Path(job["quarantine"]).rglob("*") if file.is_file())
    for name, text in SPOILT.values():
        assert name in quarantined
        assert text in quarantined


def test_bulk_answers_as_the_model_does_to_the_rows_it_learnt(
    survey: list[list[str]], trained: Trained, tmp_path: Path
) -> None:
    raw = written(tmp_path / "learnt.csv", survey[: LEARNT_ROWS + 1])
    options = ["--service", trained.service, "--models", trained.models, "--model", "xgboost", "--id", "ID"]
    done = python("serinus.cli", "score", raw, *options, "--out", tmp_path / "scored")
    assert done.returncode == 0, done.stderr
    scored = pq.read_table(sorted((tmp_path / "scored").rglob("*.parquet")))
    service, found = services.load(trained.service), read(raw)
    model = Predictor(Bundle.load(service.bundles(trained.models)["xgboost"]))
    expected = model.predict(rows_of(service, found).rows).values  # type: ignore[union-attr]  # a regressor
    assert scored["ID"].to_pylist() == found.texts("ID").to_pylist()
    np.testing.assert_array_equal(scored["prediction"].to_numpy().astype(np.float32), expected)


def test_bundles_that_are_there_are_not_overwritten(trained: Trained, tmp_path: Path) -> None:
    done = python("services.nuru.train", "--out", trained.models, "--originals", tmp_path)
    assert done.returncode == 1
    assert "bundles are immutable" in done.stderr


def test_a_wrong_column_is_named_with_those_there_are(survey: list[list[str]], tmp_path: Path) -> None:
    raw = written(tmp_path / "plots.csv", survey[:50])
    done = python("services.nuru.train", "--data", raw, "--target", "Ernte", "--write-service", tmp_path / "s")
    assert done.returncode == 1
    assert "no column 'Ernte'" in done.stderr
    assert "District" in done.stderr
