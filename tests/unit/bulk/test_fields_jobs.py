"""Whole jobs of a service with fields: every row is answered or set aside, and what is said of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serinus import service as services
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import Scorer, load
from serinus.bulk.sources import Cut
from serinus.category import Category
from serinus.cli import app
from serinus.errors import JobError
from serinus.record import Form
from tests.bundles import write_bundle
from tests.unit.bulk.jobs import predictions, quarantine, run

SERVICE = """
[service]
name = "plots"
task = "classification"
labels = ["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"]
[input]
missing = ["?"]
[[input.fields]]
name = "plot_id"
type = "string"
feature = false
[[input.fields]]
name = "rain"
type = "float"
minimum = 0
optional = true
description = "as gauged"
[[input.fields]]
name = "season"
type = "string"
values = ["Long Rains", "Short Rains"]
source = "either"
[[input.fields]]
name = "sown"
type = "date"
[[input.fields]]
name = "month"
derive = "month"
of = ["sown"]
[features]
entity = "plot_id"
store = "redis"
[models]
linear = "1.0.0"
[bulk]
max_bad_rate = 0.9
"""
CSV = """plot_id,soil,rain,season,sown,notes
P1,clay,5,Long Rains,2021-03-07,"a, b"
P2,clay,-5,Long Rains,2021-03-07,
P3,,?,Short Rains,2021-10-07,
P4,,,Monsoon,2021-13-40,
P5,clay,1
P6,clay,0.5,Short Rains,2021-12-31,"two
lines"
P7,clay,north,?,2021-12-31,
"""
PERSONAL = "[privacy]\npersonal = true\n"
WORDS = Category(words=("Long Rains", "Short Rains"))


@pytest.fixture
def scorer(tmp_path: Path) -> Callable[..., Scorer]:
    def made(text: str = SERVICE) -> Scorer:
        file = tmp_path / "service.toml"
        file.write_text(text)
        service = services.load(file)
        if not (tmp_path / "models").exists():
            said = {"names": service.input.names, "categories": {1: WORDS}, "nan_policy": "allow"}
            weights = np.float32([[1, 0, 0], [0, 9, 0], [0, 0, 1]])
            write_bundle(tmp_path / "models", weights=weights, fields=service.input.fields, **said)
        return load(service, tmp_path / "models", "linear")

    return made


@pytest.fixture
def plots(tmp_path: Path) -> Path:
    (tmp_path / "plots.csv").write_text(CSV)
    return tmp_path / "plots.csv"


def test_good_rows_are_answered_in_order_and_keep_what_is_no_field(scorer, plots: Path, tmp_path: Path) -> None:
    outcome = run(scorer(), plots, tmp_path / "out")
    assert (outcome.manifest.rows_in, outcome.manifest.rows_ok, outcome.manifest.rows_bad) == (7, 3, 4)
    rows = predictions(tmp_path / "out")
    assert [(row["plot_id"], row["soil"], row["notes"]) for row in rows] == [
        ("P1", "clay", "a, b"),
        ("P3", "", ""),
        ("P6", "clay", "two\nlines"),
    ]
    assert [row["prediction"] for row in rows] == ["CONFIRMED", "FALSE_POSITIVE", "FALSE_POSITIVE"]


REASONS = [
    "rain: got -5, expected a number of at least 0, or null for a missing value",
    "season: got 'Monsoon', expected one of 'Long Rains', 'Short Rains'; "
    "sown: got '2021-13-40', expected a date such as 2021-10-07",
    "row: got '3 columns', expected 6, as in the header",
    "rain: got 'north', expected a number of at least 0, or null for a missing value; "
    "season: got None, expected one of 'Long Rains', 'Short Rains'",
]


def test_every_bad_row_is_set_aside_with_its_reason(scorer, plots: Path, tmp_path: Path) -> None:
    run(scorer(), plots, tmp_path / "out")
    assert [(row["line"], row["reason"]) for row in quarantine(tmp_path / "out")] == [
        *zip((3, 5, 6, 9), REASONS, strict=True)
    ]
    assert quarantine(tmp_path / "out")[1]["raw"] == "P4,,,Monsoon,2021-13-40,"


def test_of_people_a_reason_names_the_field_and_no_value(scorer, plots: Path, tmp_path: Path) -> None:
    run(scorer(SERVICE + PERSONAL), plots, tmp_path / "out")
    reasons = [row["reason"] for row in quarantine(tmp_path / "out")]
    assert reasons[0] == "rain: expected a number of at least 0, or null for a missing value"
    assert not any(word in reason for reason in reasons for word in ("got", "-5", "Monsoon", "north", "2021-13-40"))


def test_of_people_nothing_goes_to_the_console(scorer, plots: Path, tmp_path: Path) -> None:
    scorer((SERVICE + PERSONAL).replace("max_bad_rate = 0.9", "max_bad_rate = 0.1"))
    asked = ["score", plots, "--service", tmp_path / "service.toml", "--models", tmp_path / "models"]
    for more in (["--plan"], [], ["--json"]):
        done = CliRunner().invoke(app, [*map(str, asked), "--out", str(tmp_path / "out"), *more])
        told = done.output + str(done.exception)
        assert not any(word in told for word in ("Monsoon", "north", "2021-13-40", "P4", "clay"))
    assert "4 of 7 rows read are bad" in told


def as_files(folder: Path) -> list[Path]:
    """The same rows as JSON lines and as Parquet, as far as these can hold them."""
    rows: dict[str, list[Any]] = {
        "plot_id": ["P1", "P2", "P3"],
        "rain": [5.0, -5.0, None],
        "season": ["Long Rains", "Long Rains", "Short Rains"],
        "sown": ["2021-03-07", "2021-03-07", "2021-10-07"],
    }
    table = pa.table(rows)
    pq.write_table(table, folder / "plots.parquet")
    lines = (json.dumps(row) for row in table.to_pylist())
    (folder / "plots.jsonl").write_text("\n".join(lines))
    return [folder / "plots.parquet", folder / "plots.jsonl"]


def test_json_lines_and_parquet_answer_alike(scorer, tmp_path: Path) -> None:
    for file in as_files(tmp_path):
        run(scorer(), file, tmp_path / file.suffix)
        assert [(row["plot_id"], row["prediction"]) for row in predictions(tmp_path / file.suffix)] == [
            ("P1", "CONFIRMED"),
            ("P3", "FALSE_POSITIVE"),
        ]
        [bad] = quarantine(tmp_path / file.suffix)
        assert bad["reason"] == REASONS[0]
        assert json.loads(bad["raw"])["plot_id"] == "P2"


def test_a_file_without_the_entity_is_scored(scorer, tmp_path: Path) -> None:
    (tmp_path / "plots.csv").write_text("sown,season,rain\n2021-03-07,Long Rains,1\n")
    run(scorer(), tmp_path / "plots.csv", tmp_path / "out")
    assert len(predictions(tmp_path / "out")) == 1


def test_columns_of_one_name_are_left_out_and_told(scorer, tmp_path: Path) -> None:
    (tmp_path / "plots.csv").write_text("id,soil,soil,sown,season,rain\n1,a,b,2021-03-07,Long Rains,1\n")
    asked = ["score", tmp_path / "plots.csv", "--service", tmp_path / "service.toml", "--models", tmp_path / "models"]
    scorer()
    told = CliRunner().invoke(app, [*map(str, asked), "--out", str(tmp_path / "out"), "--json"])
    assert json.loads(told.stdout)["left_out"] == ["soil"]
    assert set(predictions(tmp_path / "out")[0]) & {"id", "soil"} == {"id"}


@pytest.mark.parametrize("doubled", ["rain", "id"], ids=["field", "kept id"])
def test_a_field_or_an_id_of_two_columns_is_refused(scorer, tmp_path: Path, doubled: str) -> None:
    (tmp_path / "plots.csv").write_text(f"id,{doubled},sown,season,rain\n")
    with pytest.raises(JobError, match=f"more than one column named '{doubled}'"):
        run(scorer(), tmp_path / "plots.csv", tmp_path / "out", keep=["id"])


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        (("minimum = 0", "minimum = -5"), True),
        (('missing = ["?"]', 'missing = ["?", "-"]'), True),
        (("optional = true", ""), True),
        (("[models]", "[privacy]\npersonal = true\n[models]"), True),
        (("as gauged", "as measured"), False),
    ],
    ids=["range", "missing", "optional", "personal", "description"],
)
def test_a_job_is_named_by_what_its_fields_mean(scorer, plots: Path, change: tuple[str, str], is_another: bool) -> None:
    before = plan(Request(plots), scorer()).job
    assert (plan(Request(plots), scorer(SERVICE.replace(*change))).job != before) == is_another


def test_a_large_row_group_of_parquet_is_read_in_parts(scorer, tmp_path: Path) -> None:
    count = 500
    rain = [None if row % 7 == 0 else float(row) for row in range(count)]
    table = pa.table(
        {"sown": ["2021-03-07"] * count, "season": ["Long Rains"] * count, "rain": rain, "id": range(count)}
    )
    pq.write_table(table, tmp_path / "plots.parquet")
    run(scorer(), tmp_path / "plots.parquet", tmp_path / "parts", cut=Cut(rows=50))
    run(scorer(), tmp_path / "plots.parquet", tmp_path / "whole")
    assert predictions(tmp_path / "parts") == predictions(tmp_path / "whole")
    assert len(predictions(tmp_path / "parts")) == count


def test_a_form_of_a_service_reads_what_the_store_keeps_from_files(scorer) -> None:
    service = scorer().ensemble.service
    assert [field.name for field in Form.of(service.input, "allow").needed] == ["rain", "season", "sown"]
