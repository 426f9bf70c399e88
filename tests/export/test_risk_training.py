"""`python -m services.iit.train`, from options to files."""

import json
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from serinus import service as services
from serinus.bundle import Bundle
from serinus.cli import app
from serinus.fit import misfits
from serinus.tables.rows import rows_of
from serinus.tables.table import read
from services.iit import train
from services.iit.simulator import simulate

OWN = Path("services/iit/service.toml")
VISITS = 4_000
TRAIN = Typer()
TRAIN.command()(train.main)


def run(folder: Path, *options: object) -> Result:
    places = ["--out", str(folder / "models"), "--originals", str(folder / "originals")]
    return CliRunner().invoke(TRAIN, [*places, *map(str, options)])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("iit")
    result = run(folder, "--visits", VISITS)
    assert result.exit_code == 0, result.output
    assert "roc_auc" in result.output
    return folder


def test_the_bundle_is_what_the_service_serves(trained: Path) -> None:
    service = services.load(OWN)
    bundle = Bundle.load(trained / "models/lightgbm/v1.0.0")
    assert not misfits(service, {"lightgbm": bundle.metadata})
    assert bundle.metadata.input_schema.names == service.input.names
    assert bundle.metadata.output_schema.model_dump()["labels"] == ("RETAINED", "INTERRUPTED")


def test_the_metadata_say_how_good_it_is_and_how_it_was_calibrated(trained: Path) -> None:
    metadata = Bundle.load(trained / "models/lightgbm/v1.0.0").metadata
    assert {"roc_auc", "pr_auc", "brier", "log_loss", "ece", "f1_score"} <= set(metadata.performance)
    assert 0.65 < metadata.performance["roc_auc"] < 0.9
    assert metadata.training["calibration_samples"] == VISITS * 0.15
    assert metadata.calibration is not None
    assert metadata.calibration.also_in_sample == 0


def test_the_evaluation_is_of_held_out_visits_before_and_after(trained: Path) -> None:
    said = json.loads((trained / "originals/evaluation.json").read_text())
    assert sum(one["visits"] for one in said["reliability"]) == VISITS * 0.15
    assert set(said["before_calibration"]) == set(said["performance"])
    assert said["bands"]["high"]["observed"] > said["bands"]["medium"]["observed"] > said["bands"]["low"]["observed"]
    assert set(said["groups"]) == set(train.JUDGE_BY)


def test_the_patients_are_there_to_push_and_their_visits_to_score(trained: Path) -> None:
    service = services.load(OWN)
    stored = pq.read_table(trained / "originals/patient_features.parquet")
    visits = pa.csv.read_csv(trained / "originals/visits.csv")
    sources = {field.name: field.source for field in service.input.given}
    assert stored.column_names == ["patient_id", *(name for name, source in sources.items() if source == "either")]
    assert visits.column_names == [*sources, "interrupted"]
    assert stored["patient_id"].to_pylist() == visits["patient_id"].to_pylist()
    assert len(stored) == VISITS * 0.15


def test_the_visits_are_scored_in_bulk_as_the_model_answers_them(trained: Path, tmp_path: Path) -> None:
    visits, service = trained / "originals/visits.csv", ["--service", str(OWN), "--models", str(trained / "models")]
    result = CliRunner().invoke(app, ["score", str(visits), *service, "--out", str(tmp_path / "scored")])
    assert result.exit_code == 0, result.output
    answered = pa.concat_tables([pq.read_table(part) for part in sorted(tmp_path.glob("scored/predictions/*"))])
    model = lightgbm.Booster(model_file=trained / "originals/lightgbm/iit_lightgbm_model.txt")
    rows = rows_of(services.load(OWN), read(visits)).rows
    assert len(rows) == VISITS * 0.15
    np.testing.assert_allclose(answered["p_INTERRUPTED"].to_numpy(), model.predict(rows, num_threads=1), atol=1e-6)


def test_a_bundle_that_is_there_is_not_replaced_unless_that_is_said(trained: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "--visits", 1_500).exit_code == 0
    refused = run(tmp_path, "--visits", 1_500)
    assert refused.exit_code == 1
    assert "--replace" in refused.output
    assert run(tmp_path, "--visits", 1_500, "--replace").exit_code == 0


def test_visits_of_a_clinic_are_learnt_by_the_services_own_fields(tmp_path: Path) -> None:
    cohort = simulate(VISITS, seed=9)
    table = cohort.visits.append_column(
        "outcome", pa.array(["lost" if lost else "back" for lost in cohort.interrupted])
    )
    pa.csv.write_csv(table, tmp_path / "clinic.csv")
    told = ["--data", tmp_path / "clinic.csv", "--target", "outcome", "--positive", "lost", "--service", OWN]
    result = run(tmp_path, *told, "--judge-by", "sex")
    assert result.exit_code == 0, result.output
    bundle = Bundle.load(tmp_path / "models/lightgbm/v1.0.0")
    assert not misfits(services.load(OWN), {"lightgbm": bundle.metadata})
    assert bundle.metadata.performance["roc_auc"] > 0.65
    assert bundle.metadata.background is None
    assert bundle.metadata.training["dataset_version"] == "clinic.csv"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--data", "x.csv"], "--service FILE, or have it inferred with --write-service"),
        (["--data", "x.csv", "--service", OWN], "cannot read x.csv"),
        (["--data", "x.csv", "--service", "nothing"], "no service 'nothing'"),
        (["--data", "x.csv", "--service", OWN, "--labels", "A"], "expected two different labels"),
        (["--data", "x.csv", "--service", OWN, "--labels", "A,A"], "expected two different labels"),
        (["--data", "x.csv", "--service", OWN, "--words", "state"], "service.toml itself says these"),
        (["--data", "x.csv", "--service", OWN, "--without", "dead"], "expected --without COLUMN=WORD"),
        (["--visits", 1_500, "--judge-by", "patient_id"], "cannot judge by patient_id"),
        (["--visits", 1_500, "--service", "kepler"], "kepler is none"),
        (["--visits", 1_500, "--service", "nuru"], "nuru is none"),
    ],
    ids=["nothing", "absent", "service", "label", "labels", "words", "without", "judge", "vector", "regression"],
)
def test_what_cannot_be_done_is_said_in_a_line(tmp_path: Path, options: list[object], why: str) -> None:
    result = run(tmp_path, *options)
    assert result.exit_code == 1
    assert why in " ".join(result.output.split())
    assert "Traceback" not in result.output
