"""The import contracts hold, and would notice if they did not."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]


@pytest.fixture
def copy(tmp_path) -> Path:
    """The packages, where a violation may be planted."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]:
        for file in (ROOT / package).rglob("*.py"):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return tmp_path


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, check=False)


def test_the_tree_keeps_its_contracts():
    run = linted(ROOT)
    assert run.returncode == 0, run.stdout
    assert " 0 broken" in run.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        pytest.param("serinus/schema.py", "import serinus.bundle", "imports point down", id="upwards"),
        pytest.param("serinus/errors.py", "import functions.predict.wire", "knows no entry point", id="entry point"),
        pytest.param("functions/predict/wire.py", "import export", "do not know each other", id="between entry points"),
        pytest.param("serinus/service.py", "import onnxruntime", "Only the session knows", id="onnxruntime"),
        pytest.param("serinus/predictor.py", "import onnxruntime", "by its one door", id="onnxruntime past its door"),
        pytest.param("serinus/golden.py", "import fastapi", "no web or Lambda framework", id="framework"),
        pytest.param("functions/predict/app.py", "import boto3", "know no boto3", id="boto3"),
        pytest.param("serinus/registry/rules.py", "import botocore", "know no boto3", id="boto3 in the core"),
        pytest.param("serinus/registry/rules.py", "import serinus.aws.table_ledger", "point down", id="core to aws"),
        pytest.param("serinus/features/lookup.py", "import serinus.service", "point down", id="store to service"),
        pytest.param("serinus/features/lookup.py", "import boto3", "know no boto3", id="boto3 in front of a store"),
        pytest.param("functions/predict/app.py", "import serinus.aws.registry", "know no AWS", id="aws online"),
        pytest.param("functions/predict/app.py", "import serinus.aws.secrets", "know no AWS", id="secrets online"),
        pytest.param("serinus/release/shifting.py", "import serinus.aws.alias", "point down", id="release to aws"),
        pytest.param("functions/predict/app.py", "import sklearn", "training libraries", id="training library"),
        pytest.param("serinus/tables/rows.py", "import sklearn", "training libraries", id="training tables"),
        pytest.param("serinus/bulk/plan.py", "import serinus.tables.rows", "point down", id="bulk to tables"),
    ],
)
def test_a_planted_violation_is_caught(copy, file, line, contract):
    (copy / file).write_text(f"{(copy / file).read_text()}\n{line}\n")
    run = linted(copy)
    assert run.returncode == 1
    [broken] = [text for text in run.stdout.splitlines() if " BROKEN" in text and contract in text]
    assert broken
