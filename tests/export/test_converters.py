import subprocess
import sys
from pathlib import Path

import joblib
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


def test_a_name_that_does_not_tell_needs_the_framework(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, two_classes(rows), BINARY)
    file = (tmp_path / "model.json").rename(tmp_path / "model.booster")
    with pytest.raises(Refused, match=r"give --framework, or one of these: keras: .keras, .h5"):
        load(file, None, None)
    assert load(file, "xgboost", None).framework == "xgboost"


def test_an_unknown_framework_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="unknown framework 'torch'; supported are keras, lightgbm, xgboost, sklearn"):
        load(tmp_path, "torch", None)


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
