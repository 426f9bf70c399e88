"""Tables of fields as samples, by Python and by `serinus export --service`; and what the bundle then predicts."""

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from export.errors import ExportError, Refused
from export.exporter import export
from serinus.bundle import Bundle
from serinus.cli import app
from serinus.cli.models.rows import rows_to_ask
from serinus.errors import SerinusError
from tests.bundles import write_bundle
from tests.export.test_exporter import NOW
from tests.export.test_fields import FIELDS, FORM, PLOTS, request

RAW = {
    "plot_id": [1, 2, 3],
    "season": ["Long Rains", "other", "Short Rains"],
    "rain": ["5", "n/a", ""],
    "irrigated": ["true", "0", "No"],
    "sown": ["2021-10-07", "2024-12-31", "2021-01-01"],
    "sold": ["7.5", "8", "9"],
}
ROWS = [[1, 5, 1, 280], [-1, np.nan, 0, 366], [0, np.nan, 0, 1]]


def csv(folder: Path, **columns: list[Any]) -> Path:
    table = RAW | columns
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    (folder / "raw.csv").write_text("\n".join(lines))
    return folder / "raw.csv"


def parquet(folder: Path) -> Path:
    typed = {
        "rain": pa.array([5, None, None], pa.float32()),
        "irrigated": [True, False, False],
        "sown": pa.array(RAW["sown"]).cast(pa.timestamp("us")),
        "sold": [7.5, 8.0, 9.0],
    }
    pq.write_table(pa.table(RAW | typed), folder / "raw.parquet")
    return folder / "raw.parquet"


def exported(folder: Path, source: Path, **more: Any) -> tuple[Any, list[str]]:
    seen: list[str] = []
    asked = request(folder, sample=source, target="sold", **more)
    return export(asked, folder / "models", created_at=NOW, progress=seen.append), seen


@pytest.mark.parametrize("write", [csv, parquet])
def test_a_table_of_fields_is_a_sample(tmp_path: Path, write: Any) -> None:
    bundle, seen = exported(tmp_path, write(tmp_path))
    with np.load(bundle.folder / "reference.npz") as kept:
        np.testing.assert_array_equal(np.sort(kept["background_rows"], axis=0), np.sort(np.float32(ROWS), axis=0))
    assert bundle.metadata.reference.source.keys() == {write(tmp_path).name}
    assert any("read 3 rows" in word and "no fields: 'plot_id'" in word for word in seen)


def test_a_table_of_fields_calibrates(tmp_path: Path) -> None:
    many = {name: values * 10 for name, values in RAW.items()}
    bundle, _ = exported(tmp_path, csv(tmp_path, **many), calibration=csv(tmp_path, **many))
    assert bundle.metadata.calibration.rows == 30
    with np.load(bundle.folder / "reference.npz") as kept:
        native = lightgbm.Booster(model_file=tmp_path / "model.txt").predict(np.float32(ROWS))
        expected = np.sort(np.repeat(np.abs(native - [7.5, 8, 9]), 10))
        np.testing.assert_allclose(kept["calibration_scores"], expected, rtol=1e-5)


@pytest.mark.parametrize("personal", [False, True])
def test_bad_rows_are_refused_with_their_number_and_the_first_reasons(tmp_path: Path, personal: bool) -> None:
    bad = csv(tmp_path, irrigated=["true", "perhaps", "no"], rain=["5", "6", "-98.7"])
    with pytest.raises(ExportError) as refusal:
        exported(tmp_path, bad, is_personal=personal)
    told = str(refusal.value)
    assert "raw.csv: 2 of 3 rows are bad. line 3: irrigated: " in told
    assert "line 4: rain: " in told
    assert ("perhaps" in told, "-98.7" in told) == (not personal, not personal)


def test_of_many_bad_rows_some_are_shown(tmp_path: Path) -> None:
    many = {name: values * 3 for name, values in RAW.items()}
    with pytest.raises(ExportError, match=r"9 of 9 rows are bad.* line 6: .*; and 4 more"):
        exported(tmp_path, csv(tmp_path, **many | {"sown": ["soon"] * 9}))


@pytest.mark.parametrize(
    ("columns", "target", "message"),
    [
        ({"sold": ["cheap"] * 3}, "sold", "column sold holds texts, expected numbers"),
        ({}, "rain", "rain is a field of the service, and cannot be the truth as well"),
        ({}, "price", "calibration needs the truth: name its column with --target"),
    ],
)
def test_a_truth_that_is_none_is_refused(
    tmp_path: Path, columns: dict[str, list[Any]], target: str, message: str
) -> None:
    source = csv(tmp_path, **columns)
    asked = request(tmp_path, sample=source, calibration=source, column=target)
    with pytest.raises(ExportError, match=message):
        export(asked, tmp_path / "models", created_at=NOW)


def test_a_truth_of_two_columns_is_refused(tmp_path: Path) -> None:
    source = csv(tmp_path)
    source.write_text("\n".join(line + "," + line.rpartition(",")[2] for line in source.read_text().splitlines()))
    with pytest.raises(Refused, match="more than one column sold"):
        exported(tmp_path, source)


def test_a_table_that_lacks_a_field_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("season,rainfall,irrigated,sown\n")
    with pytest.raises(ExportError, match=r"cannot read .*raw.csv: the file lacks 1 of the 4 fields .*'rain'"):
        exported(tmp_path, tmp_path / "raw.csv")


# ---- on the command line ----

SERVICE = """
[service]
name = "plots"
task = "regression"
target = "yield"
unit = "kg"
[models]
plots = "1.0.0"
[input]
missing = ["?", "n/a"]
"""


PERSONAL = "[privacy]\npersonal = true\n"


def service(folder: Path, text: str = SERVICE) -> Path:
    told = [[f"{name} = {json.dumps(value)}" for name, value in field.items()] for field in FIELDS]
    (folder / "service.toml").write_text("\n[[input.fields]]\n".join([text, *map("\n".join, told)]))
    return folder / "service.toml"


def command(*words: object) -> Any:
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    source = request(tmp_path).source
    said = ("--service", service(tmp_path), "--sample", csv(tmp_path), "--target", "sold")
    models = ("--models", tmp_path / "models")
    done = command("export", source, "--name", "plots", "--version", "1.0.0", *said, *models, "--json")
    assert done.exit_code == 0, done.output
    return tmp_path / "models" / "plots" / "v1.0.0"


def test_a_service_gives_an_export_its_fields_and_the_name_of_its_value(made: Path) -> None:
    told = json.loads((made / "metadata.json").read_text())
    assert told["output_schema"] == {"task": "regression", "target": "yield", "unit": "kg"}
    assert [field["name"] for field in told["input_schema"]["fields"]][:3] == ["plot_id", "season", "rain"]
    assert told["input_schema"]["missing"] == ["?", "n/a"]


def test_verify_says_how_many_fields_there_are(made: Path) -> None:
    done = command("verify", made, "--json")
    assert (json.loads(done.stdout)["fields"], json.loads(done.stdout)["derived"]) == (5, 1)


def test_verify_refuses_fields_that_make_other_features(tmp_path: Path) -> None:
    names = [name for name in FORM.names if name != "rain"]
    bundle = write_bundle(tmp_path, names=names, weights=np.eye(3, dtype=np.float32), fields=PLOTS.fields)
    assert "its fields make other features than it has" in str(command("verify", bundle.folder).exception)


def test_another_unit_than_the_services_is_refused(tmp_path: Path) -> None:
    said = ("--service", service(tmp_path), "--unit", "t", "--models", tmp_path)
    done = command("export", request(tmp_path).source, "--name", "plots", "--version", "1.0.0", *said)
    assert done.exit_code == 2
    assert "kg" in done.output


def test_records_of_a_file_are_predicted_by_their_fields(made: Path, tmp_path: Path) -> None:
    native = lightgbm.Booster(model_file=tmp_path / "model.txt").predict(np.float32(ROWS))
    lines = [
        {"season": "Long Rains", "rain": 5, "irrigated": True, "sown": "2021-10-07", "plot_id": 1},
        {"season": "other", "rain": "n/a", "irrigated": False, "sown": "2024-12-31"},
        {"season": "Short Rains", "irrigated": False, "sown": "2021-01-01"},
    ]
    (tmp_path / "raw.json").write_text(json.dumps(lines))
    (tmp_path / "one.json").write_text(json.dumps(lines[0]))
    (tmp_path / "raw.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for name in ("raw.json", "raw.jsonl", "raw.csv", "one.json"):
        done = command("predict", made, tmp_path / name, "--json")
        assert done.exit_code == 0, done.output
        answers = [answer["prediction"] for answer in json.loads(done.stdout)]
        np.testing.assert_allclose(answers, native[: len(answers)], rtol=1e-6)
        assert len(answers) == (1 if name == "one.json" else 3)
    first = command("predict", made, tmp_path / "raw.csv", "--rows", 2, "--json")
    assert len(json.loads(first.stdout)) == 2


GOOD = {"season": "Long Rains", "rain": 5, "irrigated": True, "sown": "2021-10-07"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps(GOOD | {"rain": -1}), "row 0: rain: got -1, expected a number of at least 0"),
        (json.dumps(GOOD | {"rain": "5"}), "row 0: rain: got '5', expected a number"),
        (json.dumps(GOOD | {"soil": 1}), "row 0: soil: got 1, expected one of plot_id, season"),
        (json.dumps([GOOD, [1, 2, 3, 4]]), "row 1: got 'a list of 4', expected an object of fields by name"),
        ('{"rain": 1, "rain": 2}', "rain: got '2 times', expected each name once"),
        ("{", "expected a JSON object"),
    ],
)
def test_a_bad_record_of_json_is_named(made: Path, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    done = command("predict", made, tmp_path / "bad.json")
    assert isinstance(done.exception, SerinusError)
    assert message in str(done.exception)


def test_a_bad_row_of_a_table_is_named_by_its_line(made: Path, tmp_path: Path) -> None:
    bad = csv(tmp_path, rain=["1", "-2", "x"])
    done = command("predict", made, bad)
    assert "raw.csv line 3: rain: got -2" in str(done.exception)
    assert command("predict", made, bad, "--rows", 1).exit_code == 0


@pytest.mark.parametrize(
    ("more", "asked", "kept"),
    [("", (), True), (PERSONAL, (), False), (PERSONAL, ("--background",), True), ("", ("--no-background",), False)],
    ids=["things", "people", "people, asked", "things, not asked"],
)
def test_rows_of_people_are_kept_only_when_asked_for(
    tmp_path: Path, more: str, asked: tuple[str, ...], kept: bool
) -> None:
    said = ("--service", service(tmp_path, SERVICE + more), "--sample", csv(tmp_path), "--target", "sold", *asked)
    words = ("--name", "plots", "--version", "1.0.0", "--models", tmp_path / "models", "--json")
    done = command("export", request(tmp_path).source, *said, *words)
    assert (json.loads(done.stdout)["background"] is not None) == kept


def test_two_versions_are_asked_the_rows_of_a_raw_table(made: Path, tmp_path: Path) -> None:
    bundle = Bundle.load(made)
    asked = rows_to_ask(csv(tmp_path), (bundle.metadata, bundle.metadata), "sold")
    blocks = list(asked.blocks)
    np.testing.assert_array_equal(np.concatenate([block.rows for block in blocks]), np.float32(ROWS))
    assert [*blocks[-1].truth] == [7.5, 8, 9]
