"""Published tables as their owners' CSV files: trained on, exported with, and scored in bulk with bad rows planted."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas
import pytest

from export.exporter import Request, export
from serinus.bulk.scorer import load
from serinus.service import Service
from tests.export.test_exporter import NOW
from tests.unit.bulk.jobs import predictions, quarantine, run

QUIET = {"verbosity": -1, "num_threads": 1, "min_data_per_group": 1}


@dataclass(frozen=True)
class Raw:
    """lines: of the file, the header first."""

    lines: list[bytes]

    def planted(self, file: Path, bad: Mapping[int, Mapping[str, str] | bytes]) -> Path:
        """The file with other cells, or another line altogether, in place of the rows of these numbers (from 0)."""
        [header] = csv.reader([self.lines[0].decode()])
        lines = [*self.lines]
        for row, what in bad.items():
            if isinstance(what, bytes):
                lines[row + 1] = what
                continue
            [cells] = csv.reader([lines[row + 1].decode()])
            told = [what.get(name, cell) for name, cell in zip(header, cells, strict=True)]
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerow(told)
            lines[row + 1] = text.getvalue().encode()
        file.write_bytes(b"".join(lines))
        return file

    @property
    def table(self) -> pandas.DataFrame:
        """Texts, as they stand there."""
        return pandas.read_csv(io.BytesIO(b"".join(self.lines)), dtype=str, keep_default_na=False)


def coded(column: pandas.Series, words: list[str], *, missing: list[str]) -> pandas.Series:
    """What `serinus` shall make of words: the place, -1 for others, NaN for missing ones."""
    codes = column.map({word: float(place) for place, word in enumerate(words)}).fillna(-1.0)
    return codes.mask(column.isin(missing))


def scored(service: Service, models: Path, file: Path, out: Path) -> dict[str, dict[int, Any]]:
    """By the line in the file: what was answered, and why the others were not."""
    outcome = run(load(service, models, "lightgbm"), file, out)
    answers, refused = predictions(out), quarantine(out)
    bad = {row["line"]: row["reason"] for row in refused}
    assert outcome.manifest.rows_in == len(answers) + len(refused)
    assert outcome.manifest.rows_bad == len(refused)
    good = [line for line in range(2, outcome.manifest.rows_in + 2) if line not in bad]
    return {"good": dict(zip(good, answers, strict=True)), "bad": bad}


# ---- diabetes: '?' cells, words that look like missing values, ids ----

AGES = [f"[{low}-{low + 10})" for low in range(0, 100, 10)]
DIABETES = {
    "race": ["AfricanAmerican", "Asian", "Caucasian", "Hispanic", "Other"],
    "gender": ["Female", "Male"],
    "age": AGES,
    "diag_1": ["428", "414", "786", "410", "486", "427", "491", "715", "682", "434", "250.83", "V57"],
    "A1Cresult": ["None", "Norm", ">7", ">8"],
    "insulin": ["No", "Steady", "Up", "Down"],
}
COUNTS = ["time_in_hospital", "num_lab_procedures", "num_medications", "number_inpatient", "admission_type_id"]
LABELS = ["NO", ">30", "<30"]


def diabetes_service() -> Service:
    words = [{"name": name, "type": "string", "values": words} for name, words in DIABETES.items()]
    words[0] |= {"optional": True}
    words[3] |= {"optional": True, "others": "unknown"}
    counts = [{"name": name, "type": "integer", "minimum": 0, "maximum": 1000} for name in COUNTS]
    weight = {"name": "weight", "type": "string", "values": ["[50-75)", "[75-100)", "[100-125)"], "others": "unknown"}
    fields = [*words, *counts, {"name": "diabetesMed", "type": "boolean"}, weight | {"optional": True}]
    about = {"name": "readmission", "task": "classification", "labels": LABELS}
    said = {"fields": fields, "missing": ["?"]}
    return Service.model_validate({"service": about, "input": said, "models": {"lightgbm": "1.0.0"}})


def diabetes_rows(table: pandas.DataFrame) -> np.ndarray:
    columns = [coded(table[name], words, missing=["?"]) for name, words in DIABETES.items()]
    columns += [table[name].astype(float) for name in COUNTS]
    columns.append(table["diabetesMed"].map({"Yes": 1.0, "No": 0.0}))
    columns.append(coded(table["weight"], ["[50-75)", "[75-100)", "[100-125)"], missing=["?"]))
    return np.stack(columns, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def diabetes(shared_data: Path) -> Raw:
    with zipfile.ZipFile(shared_data / "risk" / "dataset_diabetes.zip") as packed:
        [name] = [name for name in packed.namelist() if name.endswith("diabetic_data.csv")]
        lines = packed.read(name).splitlines(keepends=True)
    return Raw([line.replace(b"\r\n", b"\n") for line in lines[:12_001]])


def trained_on_diabetes(raw: Raw, service: Service, folder: Path) -> lightgbm.Booster:
    table = raw.table
    truth = table["readmitted"].map(LABELS.index)
    categorical = [*range(len(DIABETES)), len(service.input.names) - 1]
    data = lightgbm.Dataset(
        diabetes_rows(table), truth, feature_name=list(service.input.names), categorical_feature=categorical
    )
    booster = lightgbm.train({"objective": "multiclass", "num_class": 3, "num_leaves": 15, **QUIET}, data, 8)
    booster.save_model(folder / "model.txt")
    (folder / "sample.csv").write_bytes(b"".join(raw.lines))
    return booster


BAD_PATIENTS: dict[int, Any] = {
    10: ({"time_in_hospital": "?"}, "time_in_hospital: got None, expected a whole number from 0 to 1000"),
    11: ({"number_inpatient": "many"}, "number_inpatient: got 'many', expected a whole number from 0 to 1000"),
    500: ({"num_lab_procedures": "3.5"}, "num_lab_procedures: got 3.5, expected a whole number"),
    501: ({"num_lab_procedures": "nan"}, "num_lab_procedures: got 'nan', expected a whole number"),
    777: ({"gender": "Unknown/Invalid"}, "gender: got 'Unknown/Invalid', expected one of 'Female', 'Male'"),
    3000: ({"age": "[75-80)"}, "age: got '[75-80)', expected one of '[0-10)'"),
    3001: ({"diabetesMed": "perhaps"}, "diabetesMed: got 'perhaps', expected true or false"),
    3002: ({"insulin": "", "A1Cresult": "none"}, "A1Cresult: got 'none', expected one of 'None'"),
    5000: (b"1,2,3\n", "row: got '3 columns', expected 50, as in the header"),
    5001: (b"\xff,2\n", "row: got 'bytes that are not UTF-8 at 0', expected UTF-8 text"),
    11_999: ({"race": "Martian"}, "race: got 'Martian', expected one of 'AfricanAmerican'"),
}


def test_patients_with_question_marks_are_scored_from_their_raw_file(diabetes: Raw, tmp_path: Path) -> None:
    service = diabetes_service()
    booster = trained_on_diabetes(diabetes, service, tmp_path)
    request = Request(tmp_path / "model.txt", "lightgbm", "1.0.0", fields=service.input, labels=tuple(LABELS))
    sampled = {**request.__dict__, "sample": tmp_path / "sample.csv", "target": "readmitted"}
    seen: list[str] = []
    bundle = export(Request(**sampled), tmp_path / "models", created_at=NOW, progress=seen.append)
    assert bundle.metadata.reference.of == 12_000
    assert any("read 12,000 rows" in word and "no fields: 'encounter_id', 'patient_nbr'" in word for word in seen)

    file = diabetes.planted(tmp_path / "raw.csv", {row: what for row, (what, _) in BAD_PATIENTS.items()})
    found = scored(service, tmp_path / "models", file, tmp_path / "out")

    assert sorted(found["bad"]) == [row + 2 for row in BAD_PATIENTS]
    for row, (_, reason) in BAD_PATIENTS.items():
        assert reason in found["bad"][row + 2]
    table = diabetes.table
    rows = [line - 2 for line in found["good"]]
    answers = [[answer[f"p_{label}"] for label in LABELS] for answer in found["good"].values()]
    np.testing.assert_allclose(answers, booster.predict(diabetes_rows(table.iloc[rows])), atol=1e-5)
    assert [answer["encounter_id"] for answer in found["good"].values()] == table["encounter_id"].iloc[rows].tolist()


# ---- plots of rice: dates, words, missing cells, and a column that is there twice ----

DISTRICTS = ["Gaya", "Jamui", "Nalanda", "Vaishali"]
SOURCES = ["Boring", "Canal", "Rainfed", "Pond", "TubeWell", "Well"]
GIVEN = ["Acre", "CultLand", "TransIrriCost", "BasalDAP", "BasalUrea", "1tdUrea", "SeedlingsPerPit"]
OPTIONAL = GIVEN[2:]


def plots_service() -> Service:
    numbers = [{"name": name, "type": "float", "minimum": 0, "optional": name in OPTIONAL} for name in GIVEN]
    dates = [
        {"name": "CropTillageDate", "type": "date", "minimum": "2022-01-01"},
        {"name": "RcNursEstDate", "type": "date", "optional": True},
        {"name": "SeedingSowingTransplanting", "type": "date"},
    ]
    words = [
        {"name": "District", "type": "string", "values": DISTRICTS},
        {"name": "TransplantingIrrigationSource", "type": "string", "values": SOURCES[:4], "others": "unknown"},
    ]
    words[1] |= {"optional": True}
    derived = [
        {"name": "tilled", "derive": "day_of_year", "of": ["CropTillageDate"]},
        {"name": "in_nursery", "derive": "days_between", "of": ["RcNursEstDate", "SeedingSowingTransplanting"]},
        {"name": "urea", "derive": "log1p", "of": ["BasalUrea"]},
    ]
    about = {"name": "rice", "task": "regression", "target": "yield", "unit": "kg"}
    said = {"fields": [*numbers, *dates, *words, *derived]}
    return Service.model_validate({"service": about, "input": said, "models": {"lightgbm": "1.0.0"}})


def plots_rows(table: pandas.DataFrame) -> np.ndarray:
    columns = [pandas.to_numeric(table[name].mask(table[name] == "")) for name in GIVEN]
    columns.append(coded(table["District"], DISTRICTS, missing=[""]))
    columns.append(coded(table["TransplantingIrrigationSource"], SOURCES[:4], missing=[""]))
    tilled, nursed, sown = (
        pandas.to_datetime(table[name].mask(table[name] == ""))
        for name in ("CropTillageDate", "RcNursEstDate", "SeedingSowingTransplanting")
    )
    columns += [tilled.dt.day_of_year, (sown - nursed).dt.days, np.log1p(columns[4])]
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1).astype(np.float32)


BAD_PLOTS: dict[int, Any] = {
    0: ({"CropTillageDate": "2022-02-30"}, "CropTillageDate: got '2022-02-30', expected a date such as 2021-10-07"),
    1: ({"CropTillageDate": "2021-12-31"}, "CropTillageDate: got '2021-12-31', expected a date"),
    2: ({"Acre": "", "District": "Patna"}, "Acre: got None, expected a number of at least 0; District: got 'Patna'"),
    1500: ({"BasalUrea": "-1"}, "BasalUrea: got -1, expected a number of at least 0, or null"),
    3869: ({"SeedingSowingTransplanting": "20/07/2022"}, "SeedingSowingTransplanting: got '20/07/2022'"),
}


@pytest.fixture(scope="module")
def plots(shared_data: Path) -> Raw:
    packed = (shared_data / "crop" / "digitalgreen_bihar_plots_train.csv.gz").read_bytes()
    return Raw([line.replace(b"\r\n", b"\n") for line in gzip.decompress(packed).splitlines(keepends=True)])


def trained_on_plots(raw: Raw, service: Service, folder: Path) -> lightgbm.Booster:
    table = raw.table
    names = list(service.input.names)
    data = lightgbm.Dataset(
        plots_rows(table), table["Yield"].astype(float), feature_name=names, categorical_feature=[7, 8]
    )
    booster = lightgbm.train({"objective": "regression", "num_leaves": 15, **QUIET}, data, 10)
    booster.save_model(folder / "model.txt")
    (folder / "raw.csv").write_bytes(b"".join(raw.lines))
    return booster


def test_plots_with_dates_and_gaps_are_scored_from_their_raw_file(plots: Raw, tmp_path: Path) -> None:
    service = plots_service()
    booster = trained_on_plots(plots, service, tmp_path)
    request = Request(
        tmp_path / "model.txt", "lightgbm", "1.0.0", fields=service.input, target="yield", unit="kg", column="Yield"
    )
    files = {"sample": tmp_path / "raw.csv", "calibration": tmp_path / "raw.csv"}
    bundle = export(Request(**request.__dict__ | files), tmp_path / "models", created_at=NOW)
    assert bundle.metadata.calibration.of == 3870

    file = plots.planted(tmp_path / "planted.csv", {row: what for row, (what, _) in BAD_PLOTS.items()})
    found = scored(service, tmp_path / "models", file, tmp_path / "out")

    assert sorted(found["bad"]) == [row + 2 for row in BAD_PLOTS]
    for row, (_, reason) in BAD_PLOTS.items():
        assert reason in found["bad"][row + 2]
    table = plots.table
    rows = [line - 2 for line in found["good"]]
    answers = [answer["prediction"] for answer in found["good"].values()]
    np.testing.assert_allclose(answers, booster.predict(plots_rows(table.iloc[rows])), rtol=1e-5)
    first = next(iter(found["good"].values()))
    assert first["ID"] == table["ID"].iloc[3]
    assert not any(name.startswith("MineralFertAppMethod") for name in first)  # two columns are called so


def test_a_gzipped_table_answers_as_the_table(plots: Raw, tmp_path: Path) -> None:
    service = plots_service()
    trained_on_plots(plots, service, tmp_path)
    request = Request(tmp_path / "model.txt", "lightgbm", "1.0.0", fields=service.input)
    export(request, tmp_path / "models", created_at=NOW)
    (tmp_path / "raw.csv.gz").write_bytes(gzip.compress((tmp_path / "raw.csv").read_bytes()))
    scorer = load(service, tmp_path / "models", "lightgbm")
    for name in ("raw.csv", "raw.csv.gz"):
        run(scorer, tmp_path / name, tmp_path / f"out-{name}")
    assert json.dumps(predictions(tmp_path / "out-raw.csv")) == json.dumps(predictions(tmp_path / "out-raw.csv.gz"))
    assert not quarantine(tmp_path / "out-raw.csv")
