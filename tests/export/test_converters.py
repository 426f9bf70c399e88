import gzip
import subprocess
import sys
from pathlib import Path

import joblib
import lightgbm
import pytest

from export.converters import load
from export.errors import ExportError, MissingExtra, Refused
from export.extras import KERAS, need
from export.pickles import unpickled
from tests.export.originals import booster, sample_rows, two_classes

BINARY = {"objective": "binary:logistic"}


def test_the_suffix_chooses_the_converter(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.ubj", rows, two_classes(rows), BINARY)
    assert load(tmp_path / "model.ubj", None, None).framework == "xgboost"


@pytest.mark.parametrize("name", ["model.model", "model.bst"])
def test_the_first_bytes_choose_where_libraries_share_a_suffix(tmp_path: Path, name: str) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.ubj", rows, two_classes(rows), BINARY)
    (tmp_path / "model.ubj").rename(tmp_path / name)
    assert load(tmp_path / name, None, None).framework == "xgboost"
    dataset = lightgbm.Dataset(rows, two_classes(rows), params={"verbosity": -1})
    trained = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, dataset, 2)
    trained.save_model(tmp_path / name)
    assert load(tmp_path / name, None, None).framework == "lightgbm"


@pytest.mark.parametrize(
    "content", [b"", b"0.5\n0.7\n", gzip.compress(b"0.5\n", mtime=0), gzip.compress(b"tree\n", mtime=0)[:6]]
)
def test_text_that_no_library_wrote_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "predictions.txt").write_bytes(content)
    with pytest.raises(Refused, match="from its name and first bytes; give --framework"):
        load(tmp_path / "predictions.txt", None, None)


def test_a_name_that_does_not_tell_needs_the_framework(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, two_classes(rows), BINARY)
    file = (tmp_path / "model.json").rename(tmp_path / "model.booster")
    with pytest.raises(Refused, match=r"give --framework, or one of these: mlflow: folder; keras: .keras, .h5"):
        load(file, None, None)
    assert load(file, "xgboost", None).framework == "xgboost"


def test_an_unknown_framework_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"unknown framework 'torch'; supported are mlflow, keras, .*, onnx"):
        load(tmp_path, "torch", None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("frozen_model.pb", "a frozen TensorFlow graph.*export the .keras file or the SavedModel folder"),
        ("model.tflite", "a TensorFlow Lite file.*export that model"),
        ("model.pt", "a PyTorch file.*export the .onnx file that torch.onnx.export makes"),
    ],
)
def test_files_that_do_not_say_enough_are_refused_with_the_way_out(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(Refused, match=rf"{name} is {reason}"):
        load(tmp_path / name, None, None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"no model .*gone.json"):
        load(tmp_path / "gone.json", None, None)


def test_a_pickle_is_opened_with_a_warning_that_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    joblib.dump([1, 2], tmp_path / "list.pkl")
    assert unpickled(tmp_path / "list.pkl") == [1, 2]
    warning = capsys.readouterr().err
    assert str(tmp_path / "list.pkl") in warning
    assert "only files you trust" in warning


def test_a_broken_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04nonsense")
    with pytest.raises(Refused, match="cannot read"):
        unpickled(tmp_path / "model.pkl")


def test_a_pickle_of_code_that_is_not_here_names_the_module(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cno_such_module\nModel\n.")
    with pytest.raises(Refused, match="needs the module 'no_such_module'"):
        unpickled(tmp_path / "model.pkl")


def test_a_missing_library_is_reported_with_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtra, match=r'no_such_library.*pip install "serinus\[export-keras\]"'):
        need("no_such_library", extra=KERAS)


EXPORT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
{before}
from export.exporter import Request, export
try:
    export(Request(Path(sys.argv[1]), "model", "1.0.0"), Path(sys.argv[2]), created_at=datetime(2026, 1, 1, tzinfo=UTC))
finally:
    print(sorted({{"tensorflow", "keras", "tf2onnx", "lightgbm"}} & set(sys.modules)))
"""


def exported_elsewhere(folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    rows = sample_rows()
    booster(folder / "model.json", rows, two_classes(rows), BINARY)
    command = [sys.executable, "-c", EXPORT.format(before=before), folder / "model.json", folder / "models"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_xgboost_export_never_imports_tensorflow(tmp_path: Path) -> None:
    run = exported_elsewhere(tmp_path)
    assert (run.returncode, run.stdout.strip()) == (0, "[]"), run.stderr


@pytest.mark.parametrize("library", ["onnx", "onnxmltools", "xgboost"])
def test_an_export_without_its_libraries_says_what_to_install(tmp_path: Path, library: str) -> None:
    run = exported_elsewhere(tmp_path, f"sys.modules[{library!r}] = None")
    assert run.returncode == 1
    assert f'needs {library}, which is not installed: pip install "serinus[export]"' in run.stderr
