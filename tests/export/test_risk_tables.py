"""The risk service trained on published tables: patients who came back to hospital, card holders who did not pay."""

import json
import zipfile
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer import Typer
from typer.testing import CliRunner

from serinus import service as services
from serinus.bundle import Bundle
from serinus.cli import app
from serinus.fit import misfits
from serinus.prediction import Classes
from serinus.predictor import Predictor
from serinus.tables.rows import rows_of
from serinus.tables.table import read
from services.iit import train

STAYS = 30_000  # of 101,766: enough to learn from, in seconds
STILL_THERE = "discharge_disposition_id=11,13,14,19,20,21"  # who died or went to a hospice cannot come back
CODES = ("admission_type_id", "discharge_disposition_id", "admission_source_id")
TRAIN = Typer()
TRAIN.command()(train.main)
ICD = ("diag_1", "diag_2", "diag_3")


def trained(folder: Path, *options: str) -> None:
    places = ["--out", str(folder / "models"), "--originals", str(folder / "originals")]
    result = CliRunner().invoke(TRAIN, [*places, *options])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def readmissions(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table, the service that was made of it, its model and its bundle."""
    folder = tmp_path_factory.mktemp("readmissions")
    with zipfile.ZipFile(shared_data / "risk/dataset_diabetes.zip") as archive:
        name = next(name for name in archive.namelist() if name.endswith("diabetic_data.csv"))
        lines = archive.read(name).splitlines(keepends=True)[: STAYS + 1]
    (folder / "stays.csv").write_bytes(b"".join(lines))
    told = ["--target", "readmitted", "--positive", "<30", "--labels", "AWAY,READMITTED", "--group", "patient_nbr"]
    words = [option for code in CODES for option in ("--words", code)]
    trained(
        folder,
        *("--data", str(folder / "stays.csv"), *told, *words, "--without", STILL_THERE),
        *("--judge-by", "race", "--judge-by", "gender", "--write-service", str(folder / "readmission")),
    )
    return folder


def evaluation(folder: Path) -> dict[str, dict[str, float]]:
    read: dict[str, dict[str, float]] = json.loads((folder / "originals/evaluation.json").read_text())
    return read


def bundle_of(folder: Path) -> Bundle:
    return Bundle.load(folder / "models/lightgbm/v1.0.0")


def test_readmissions_of_unseen_patients_are_told_apart(readmissions: Path) -> None:
    assert evaluation(readmissions)["performance"]["roc_auc"] >= 0.62


def test_risks_of_readmission_mean_what_they_say(readmissions: Path) -> None:
    said = evaluation(readmissions)
    assert said["performance"]["ece"] < 0.03
    assert [*said["groups"]] == ["race", "gender"]


def test_the_fields_of_the_table_are_what_one_would_say_they_are(readmissions: Path) -> None:
    service = services.load(readmissions / "readmission/service.toml")
    fields = {field.name: field for field in service.input.given}
    assert {"encounter_id", "patient_nbr", "readmitted", "examide", "citoglipton"}.isdisjoint(fields)
    assert fields["race"].optional
    assert fields["race"].values[0] == "Caucasian"
    assert "None" in fields["max_glu_serum"].values
    assert not fields["max_glu_serum"].optional
    assert fields["time_in_hospital"].type == "integer"
    assert all(fields[name].type == "string" for name in CODES)
    assert all(fields[name].others == "unknown" for name in ICD)


def test_the_bundle_is_the_model_on_stays_as_requests_say_them(readmissions: Path) -> None:
    """By words, `?` and unknown ICD codes, through the served fields; LightGBM reads its own calibrated file."""
    service = services.load(readmissions / "readmission/service.toml")
    bundle = bundle_of(readmissions)
    assert not misfits(service, {"lightgbm": bundle.metadata})
    stays = rows_of(service, read(readmissions / "stays.csv"))
    rows = stays.rows[stays.good][20_000:25_000]
    assert (rows[:, [service.input.names.index(name) for name in ICD]] == -1).any()
    assert np.isnan(rows).any()
    model = lightgbm.Booster(model_file=readmissions / "originals/lightgbm/readmission_lightgbm_model.txt")
    served = Predictor(bundle).predict(rows)
    assert isinstance(served, Classes)
    np.testing.assert_allclose(served.probabilities[:, 1], model.predict(rows, num_threads=1), atol=1e-6)


def test_the_export_passed_the_gate(readmissions: Path) -> None:
    parity = bundle_of(readmissions).metadata.parity
    assert parity.rows >= 10_000
    assert parity.label_flips == 0
    assert parity.max_difference < 1e-6


def test_no_patient_travels_in_the_bundle(readmissions: Path) -> None:
    bundle = bundle_of(readmissions)
    assert bundle.metadata.background is None
    service = services.load(readmissions / "readmission/service.toml")
    real = {row.tobytes() for row in rows_of(service, read(readmissions / "stays.csv")).rows}
    with np.load(bundle.folder / "golden.npz") as golden:
        assert not [row for row in golden["rows"] if row.tobytes() in real]


def test_card_holders_are_told_apart_and_exported(shared_data: Path, tmp_path: Path) -> None:
    trained(
        tmp_path,
        *("--data", str(shared_data / "risk/UCI_Credit_Card.csv.gz"), "--target", "default.payment.next.month"),
        *("--write-service", str(tmp_path / "credit"), "--labels", "PAID,DEFAULTED"),
    )
    assert evaluation(tmp_path)["performance"]["roc_auc"] >= 0.75
    service = services.load(tmp_path / "credit/service.toml")
    assert "ID" not in service.input.names
    assert service.service.labels == ("PAID", "DEFAULTED")
    assert not misfits(service, {"lightgbm": bundle_of(tmp_path).metadata})


def test_the_raw_table_is_scored_in_bulk_and_every_bad_row_accounted_for(readmissions: Path, tmp_path: Path) -> None:
    """With its `?`, its columns that are no features, and the dead, whose disposition the service does not know."""
    table, out = readmissions / "stays.csv", tmp_path / "scored"
    service = ["--service", str(readmissions / "readmission/service.toml"), "--models", str(readmissions / "models")]
    result = CliRunner().invoke(app, ["score", str(table), *service, "--out", str(out)])
    assert result.exit_code == 0, result.output
    stays = read(table)
    gone = np.isin(stays.texts("discharge_disposition_id").to_numpy(), STILL_THERE.partition("=")[2].split(","))
    predictions = [pq.read_table(part) for part in sorted(out.glob("predictions/*"))]
    quarantine = [line for part in sorted(out.glob("quarantine/*")) for line in part.read_text().splitlines()]
    answered = pa.concat_tables(predictions)
    assert len(answered) == (~gone).sum()
    assert [json.loads(line)["line"] - 2 for line in quarantine] == np.flatnonzero(gone).tolist()
    assert all("discharge_disposition_id: expected" in json.loads(line)["reason"] for line in quarantine)
    assert answered["encounter_id"].to_pylist() == stays.texts("encounter_id").to_numpy()[~gone].tolist()
    rows = rows_of(services.load(readmissions / "readmission/service.toml"), stays).rows[~gone]
    model = lightgbm.Booster(model_file=readmissions / "originals/lightgbm/readmission_lightgbm_model.txt")
    np.testing.assert_allclose(answered["p_READMITTED"].to_numpy(), model.predict(rows, num_threads=1), atol=1e-6)
