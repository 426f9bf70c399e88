import json
import re
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from export.errors import ExportError, Refused
from serinus.bundle import Bundle
from serinus.cli.export import export
from serinus.cli.verify import verify
from serinus.errors import BundleError
from tests.bundles import resigned, write_bundle
from tests.export.originals import booster, sample_rows, two_classes

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(export)
app.command()(verify)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, two_classes(rows), {"objective": "binary:logistic"})
    return tmp_path / "model.json"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_export_reports_what_was_proven(source: Path, tmp_path: Path) -> None:
    shown = run("export", source, "--name", "booster", "--version", "1.0.0", "--out", tmp_path / "models")
    bundle = Bundle.load(tmp_path / "models/booster/v1.0.0")
    for said in ("rows tried", "largest difference", "label flips", "digest", bundle.digest[:16]):
        assert said in shown


def test_export_as_json_prints_the_metadata_and_nothing_else(source: Path, tmp_path: Path) -> None:
    (tmp_path / "performance.json").write_text('{"f1_score": 0.8}')
    shown = run(
        *("export", source, "--name", "booster", "--version", "1.0.0", "--out", tmp_path / "models", "--json"),
        *("--labels", "quiet, active", "--performance", tmp_path / "performance.json"),
    )
    said = json.loads(shown)
    assert said["output_schema"]["labels"] == ["quiet", "active"]
    assert said["performance"] == {"f1_score": 0.8}
    assert said == json.loads((tmp_path / "models/booster/v1.0.0/metadata.json").read_text())


@pytest.mark.parametrize("content", ["[1]", "nonsense"])
def test_export_refuses_a_training_file_that_is_no_object(source: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_text(content)
    arguments = [
        "export",
        str(source),
        "--name",
        "m",
        "--version",
        "1.0.0",
        "--training",
        str(tmp_path / "training.json"),
    ]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})
    assert result.exit_code == 2
    assert "training.json" in result.output


def test_export_lets_our_errors_through(source: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="2 classes, but 3 labels"):
        run("export", source, "--name", "m", "--version", "1.0.0", "--labels", "a,b,c", "--out", tmp_path)


def test_verify_replays_the_golden_rows(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path)
    assert "answers as its original did" in " ".join(run("verify", bundle.folder).split())
    said = json.loads(run("verify", bundle.folder, "--json"))
    assert (said["digest"], said["golden_rows"]) == (bundle.digest, 64)


def test_verify_stops_at_an_altered_file(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path)
    contents = bytearray((bundle.folder / "model.onnx").read_bytes())
    contents[-1] ^= 1
    (bundle.folder / "model.onnx").write_bytes(contents)
    with pytest.raises(BundleError, match=r"model.onnx was altered: expected sha256"):
        run("verify", bundle.folder)


def test_verify_stops_when_the_answers_are_others(tmp_path: Path) -> None:
    """As after an upgrade of the runtime: the files are whole, and the answers are not."""
    from serinus import bundle as bundles

    bundle = write_bundle(tmp_path)
    with np.load(bundle.golden) as golden:
        np.savez(tmp_path / "golden.npz", rows=golden["rows"], native=golden["native"][:, ::-1])
    files = {name: (bundle.folder / name).read_bytes() for name in bundles.FILES}
    files["golden.npz"] = (tmp_path / "golden.npz").read_bytes()
    bundles.write(bundle.folder, files, replace=True)
    with pytest.raises(BundleError, match="does not answer as its original did on"):
        run("verify", bundle.folder)


def test_export_and_verify_show_what_the_bundle_keeps_of_the_sample(source: Path, tmp_path: Path) -> None:
    rows = sample_rows()
    np.savez(tmp_path / "held_out.npz", X=rows, y=two_classes(rows))
    np.save(tmp_path / "sample.npy", rows[:300])
    shown = run(
        *("export", source, "--name", "booster", "--version", "1.0.0", "--out", tmp_path / "models"),
        *("--sample", tmp_path / "sample.npy", "--calibration", tmp_path / "held_out.npz"),
    )
    verified = run("verify", tmp_path / "models/booster/v1.0.0")
    for said in (r"reference rows\W+300", r"calibration rows\W+400", r"background rows\W+100"):
        assert re.search(said, shown)
        assert re.search(said, verified)
    said = json.loads(run("verify", tmp_path / "models/booster/v1.0.0", "--json"))
    assert (said["reference_rows"], said["calibration_rows"], said["background_rows"]) == (300, 400, 100)
    assert said["calibration_rows_also_in_sample"] == 300


def test_no_background_keeps_no_row(source: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "sample.npy", sample_rows())
    run(
        *("export", source, "--name", "booster", "--version", "1.0.0", "--out", tmp_path / "models"),
        *("--sample", tmp_path / "sample.npy", "--no-background"),
    )
    assert Bundle.load(tmp_path / "models/booster/v1.0.0").metadata.background is None


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_quantize_prints_what_it_saves_and_costs(tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((8,)), layers.Dense(256, activation="tanh"), layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "sample.npy", np.random.default_rng(0).normal(size=(200, 8)))
    arguments = ("export", tmp_path / "model.keras", "--name", "net", "--version", "1.0.0", "--out", tmp_path)
    shown = run(*arguments, "--sample", tmp_path / "sample.npy", "--quantize", "float16", "--max-flips", 3)
    cost = Bundle.load(tmp_path / "net/v1.0.0").metadata.quantization
    assert cost is not None
    said = " ".join(re.sub(r"[│\s]+", " ", shown).split())
    assert f"float16: {cost.bytes_before:,} to {cost.bytes_after:,} bytes, 0 flips in 200 rows, differences up" in said
    assert f"float32 before {cost.exact.rows:,} rows tried" in said
    assert cost.bytes_after < cost.bytes_before


def test_quantize_without_a_sample_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="give one with --sample"):
        run("export", source, "--name", "m", "--version", "1.0.0", "--out", tmp_path, "--quantize", "dynamic-int8")


def test_max_flips_without_quantize_is_a_mistake(source: Path) -> None:
    arguments = ["export", str(source), "--name", "m", "--version", "1.0.0", "--max-flips", "3"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "goes with it" in result.output


def test_verify_reads_what_loading_only_hashes(source: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "sample.npy", sample_rows())
    run(
        *("export", source, "--name", "booster", "--version", "1.0.0", "--out", tmp_path / "models"),
        *("--sample", tmp_path / "sample.npy"),
    )
    folder = tmp_path / "models/booster/v1.0.0"
    resigned(folder, "reference.npz", b"no arrays")
    Bundle.load(folder)
    with pytest.raises(BundleError, match=r"reference\.npz does not hold"):
        run("verify", folder)


def test_verify_needs_no_training_library(source: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    run("export", source, "--name", "booster", "--version", "1.0.0", "--out", tmp_path)
    libraries = "'xgboost', 'sklearn', 'onnx', 'onnxmltools', 'skl2onnx', 'joblib', 'tensorflow', 'keras'"
    program = (
        f"import sys; sys.modules.update(dict.fromkeys([{libraries}]))\n"
        "from pathlib import Path; from serinus.cli.verify import verify\n"
        f"verify(Path({str(tmp_path / 'booster/v1.0.0')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
