"""The `serinus` command: what every subcommand shares, and `serinus predict`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from serinus.category import Category
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


@pytest.mark.parametrize("command", ["new", "export", "verify", "predict", "score", "serve"])
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
        pytest.param("rows.json", b'{"features": [1, 2, 3]}', "expected a list of 3 numbers", id="a request"),
        pytest.param("rows.json", b"[]", "row 0: got 'a list of 0', expected a list of 3 numbers", id="no rows"),
        pytest.param("rows.json", b"[[1, 2]]", "row 0: got 'a list of 2', expected a list of 3 numbers", id="width"),
        pytest.param("rows.json", b"[[[1, 2, 3]]]", "row 0: got 'a list of 1', expected a list of 3", id="nested"),
        pytest.param("rows.json", b"[[1, 2, 3], [3]]", "row 1: got 'a list of 1', expected a list", id="ragged"),
        pytest.param("rows.json", b"[[1, 2, 3], 3]", "row 1: got 3, expected a list of 3 numbers", id="no row"),
        pytest.param("rows.json", b"[[1, 2, 3], [1, null, 3]]", "row 1[1]: got None, expected a", id="missing value"),
        pytest.param("rows.json", b"[[1, 2, 1e39]]", "row 0[2]: got 1e+39, expected a float32", id="too large"),
        pytest.param("rows.json", b"[[1, 2, 1%s]]" % (b"0" * 400), "row 0[2]: got '1000000", id="far too large"),
        pytest.param("rows.json", b'[["1", 2, 3]]', "row 0[0]: got '1', expected a finite number", id="a word"),
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


COLOUR = Category(words=("red", "green"))


@pytest.fixture
def wordy(tmp_path) -> Path:
    return write_bundle(tmp_path / "models", names=("a", "b", "colour"), categories={2: COLOUR}).folder


@pytest.mark.parametrize(
    "rows",
    [[[2, 0, "green"], [0, 0, "green"]], [{"colour": "green", "a": 2, "b": 0}, {"a": 0, "b": 0, "colour": "green"}]],
    ids=["lists", "by name"],
)
def test_rows_may_hold_words_and_names(wordy, tmp_path, rows):
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    answers = json.loads(run("predict", wordy, tmp_path / "rows.json", "--json"))
    assert [answer["prediction"] for answer in answers] == ["CONFIRMED", "FALSE_POSITIVE"]


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        pytest.param(
            "rows.json", b'[[1, 2, "pink"]]', "row 0[2]: got 'pink', expected one of 'red', 'green'", id="word"
        ),
        pytest.param("rows.json", b"[[1, 2, 0]]", "row 0[2]: got 0, expected one of 'red', 'green'", id="number"),
        pytest.param(
            "rows.json", b'[{"a": 1, "b": 2}]', "row 0.colour: got None, expected a value under", id="missing"
        ),
        pytest.param("rows.json", b'{"a": 1, "a": 2}', "row 0.a: got '2 times', expected each name once", id="twice"),
        pytest.param("rows.npy", b"", "expected a list of 3 numbers and words, or an object", id="array"),
    ],
)
def test_words_and_names_that_are_not_the_models_are_refused(wordy, tmp_path, name, contents, message):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(InputError) as refusal:
        run("predict", wordy, tmp_path / name)
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
    for door in ("serinus.predictor", "serinus.session"):  # an earlier test may have opened them
        monkeypatch.delitem(sys.modules, door, raising=False)
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
