"""A classifier out of a table, as docs/new-service.md says at its end: labels are renamed, their order is kept."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner
from xgboost import XGBClassifier

from serinus import service as services
from serinus.cli import app
from serinus.tables.rows import rows_of
from serinus.tables.table import read


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    income, region = rng.gamma(3, 1000, 1_500).round(2), rng.choice(["north", "south"], 1_500)
    paid = rng.random(1_500) < 1 / (1 + np.exp((3000 - income) / 500))
    file = tmp_path / "loans.csv"
    lines = [f"{a},{b},{int(c)}" for a, b, c in zip(income, region, paid, strict=True)]
    file.write_text("\n".join(["income,region,paid", *lines, ""]))
    return file


def test_a_table_of_classes_becomes_a_classifier_of_renamed_ones(loans: Path, tmp_path: Path) -> None:
    said = json.loads(run("new", "loans", "--data", loans, "--target", "paid", "--into", tmp_path, "--json"))
    assert said["labels"] == ["0", "1"]
    file = tmp_path / "loans/service.toml"
    file.write_text(file.read_text().replace('["0", "1"]', '["LATE", "PAID"]'))
    service, table = services.load(file), read(loans)
    rows, paid = rows_of(service, table).rows, table.numbers("paid").astype(int)
    model = XGBClassifier(n_estimators=15, max_depth=3, n_jobs=1).fit(rows, paid)
    model.save_model(tmp_path / "model.json")
    truth = ["--sample", loans, "--target", "paid", "--labels", "LATE,PAID"]
    places = ["--service", file, "--out", tmp_path / "models"]
    run("export", tmp_path / "model.json", "--name", "xgboost", "--version", "1.0.0", *truth, *places)
    run("score", loans, "--service", file, "--models", tmp_path / "models", "--out", tmp_path / "scored")
    scored = pq.read_table(sorted((tmp_path / "scored/predictions").iterdir()))
    np.testing.assert_allclose(scored["p_PAID"].to_numpy(), model.predict_proba(rows)[:, 1], atol=1e-6)
    assert (np.array(scored["prediction"].to_pylist()) == np.array(["LATE", "PAID"])[paid]).mean() > 0.7
