"""The `serinus` command: what every subcommand shares, and `serinus predict`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from serinus.cli import app, main
from serinus.errors import InputError
from tests.bundles import write_bundle

ROWS = np.array([[1, 0, 0], [0, 0, 1]], np.float32)


@pytest.fixture
def bundle(tmp_path) -> Path:
    return write_bundle(tmp_path / "models").folder


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_version_is_printed():
    assert run("--version").startswith("serinus 0.")


@pytest.mark.parametrize("command", ["export", "verify", "predict", "score", "serve"])
def test_every_command_says_what_it_is_for(command):
    assert "Try" in run(command, "--help")


def written(folder: Path, name: str, rows: object = ROWS) -> Path:
    file = folder / name
    if file.suffix == ".json":
        file.write_text(json.dumps(np.asarray(rows).tolist()))
    elif file.suffix == ".npz":
        np.savez(file, X=rows)
    else:
        np.save(file, rows)
    return file


@pytest.mark.parametrize("name", ["rows.npy", "rows.npz", "rows.json"])
def test_rows_of_a_file_are_answered(bundle, tmp_path, name):
    answers = json.loads(run("predict", bundle, written(tmp_path, name), "--json"))
    assert [answer["prediction"] for answer in answers] == ["CONFIRMED", "FALSE_POSITIVE"]
    assert answers[0]["confidence"] == answers[0]["CONFIRMED"] > 0.9


def test_answers_are_shown_as_a_table(bundle, tmp_path):
    shown = run("predict", bundle, written(tmp_path, "rows.npy"), "--rows", "1")
    assert "linear 1.0.0" in shown
    assert "FALSE_POSITIVE" in shown
    assert shown.count("0.9") == 2


def test_a_single_row_needs_no_list_around_it(bundle, tmp_path):
    assert len(json.loads(run("predict", bundle, written(tmp_path, "row.json", ROWS[0]), "--json"))) == 1


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        pytest.param("rows.json", b"{", "expected .npy, .npz with X, or .json with rows", id="broken json"),
        pytest.param("rows.json", b'{"features": [1, 2, 3]}', "or .json with rows", id="a request"),
        pytest.param("rows.json", b"[[1, 2]]", "got 'shape (1, 2)', expected rows of 3 numbers", id="width"),
        pytest.param("rows.json", b"[[[1, 2, 3]]]", "got 'shape (1, 1, 3)', expected rows of 3 numbers", id="nested"),
        pytest.param("rows.json", b"[[1, 2], [3]]", "or .json with rows", id="ragged"),
        pytest.param("rows.json", b"[[1, 2, 3], [1, null, 3]]", "row 1: got 'NaN or infinity'", id="missing value"),
        pytest.param("rows.json", b"[[1, 2, 1e39]]", "row 0: got 'NaN or infinity'", id="too large"),
        pytest.param("rows.json", b"[[1, 2, 1%s]]" % (b"0" * 400), "or .json with rows", id="far too large"),
        pytest.param("rows.npy", b"\x80\x04pickle", "or .json with rows", id="pickle"),
        pytest.param("rows.npz", b"PK\x03\x04", "or .json with rows", id="broken archive"),
        pytest.param("rows.csv", b"a,b\n1,2\n", "or .json with rows", id="csv"),
    ],
)
def test_a_file_without_rows_of_the_model_is_refused(bundle, tmp_path, name, contents, message):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(InputError) as refusal:
        run("predict", bundle, tmp_path / name)
    assert str(refusal.value).startswith(str(tmp_path / name))
    assert message in str(refusal.value)


def test_an_error_of_ours_is_one_line_and_exit_code_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["serinus", "predict", str(tmp_path), str(tmp_path / "rows.npy")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        f"serinus: {tmp_path} is not a bundle: cannot read SHA256SUMS (No such file or directory)\n"
    )


def test_a_missing_extra_is_named(capsys, monkeypatch, bundle):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "serinus.predictor")
    monkeypatch.setattr(sys, "argv", ["serinus", "predict", str(bundle), "rows.npy"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "onnxruntime" in capsys.readouterr().err


def test_the_console_script_ends_without_a_traceback(tmp_path):
    script = Path(sys.executable).with_name("serinus")
    command = [script] if script.exists() else [sys.executable, "-m", "serinus.cli"]
    failed = subprocess.run([*command, "verify", str(tmp_path)], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
