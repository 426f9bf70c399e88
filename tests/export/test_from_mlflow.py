import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas
import pytest
import typer
import xgboost
import yaml
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from typer.testing import CliRunner

from export.converters import load
from export.errors import ExportError, Refused
from export.exporter import Request, export
from export.from_mlflow import load as load_mlflow
from serinus.bundle import Bundle
from serinus.cli.export import export as export_command
from tests.export.originals import pickled, sample_rows, two_classes, values

pytestmark = [
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),  # MLflow's own uses of other libraries
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
    pytest.mark.filterwarnings("ignore:.*integer column"),
]
NAMES = ["depth", "period", "snr", "teff", "radius"]
TABLE = pandas.DataFrame(sample_rows(), columns=NAMES)
CLASSES = two_classes(sample_rows())
WORDS = np.array(["quiet", "active"])[CLASSES]
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tracking store and registry of MLflow in a folder of its own."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    return tmp_path / "store"


def logged(flavour: Any, model: Any, **more: Any) -> Any:
    """What MLflow says of `model` once it is logged and registered as `risk`."""
    settings: dict[str, Any] = {
        "name": "model",
        "registered_model_name": "risk",
        "pip_requirements": [],  # or MLflow starts a process to find them out
        "signature": infer_signature(TABLE, CLASSES),
        "input_example": TABLE[:3],
    }
    with mlflow.start_run():
        return flavour.log_model(model, **{**settings, **more})


def exported(source: str, folder: Path, **more: Any) -> Bundle:
    return export(Request(source, "risk", "1.0.0", **more), folder, created_at=WHEN)


def forest() -> Any:
    return RandomForestClassifier(5, max_depth=4, random_state=0).fit(TABLE, WORDS)


def booster() -> Any:
    return xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(TABLE, CLASSES), 5)


def light() -> Any:
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    return lightgbm.train(settings, lightgbm.Dataset(TABLE, CLASSES), 5)


def estimator(kind: Any) -> Any:
    return kind(n_estimators=5, n_jobs=1).fit(TABLE, CLASSES)


LIGHTGBM_TYPES = ["collections.OrderedDict", "lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier"]
LOGGED: dict[str, tuple[Callable[[], Any], str, str, dict[str, Any]]] = {
    "sklearn": (forest, "sklearn", "model.pkl", {"serialization_format": "pickle"}),
    "sklearn by default": (forest, "sklearn", "model.skops", {"skops_trusted_types": ["sklearn.tree._tree.Tree"]}),
    "sklearn cloudpickle": (forest, "sklearn", "model.pkl", {"serialization_format": "cloudpickle"}),
    "xgboost": (booster, "xgboost", "model.ubj", {}),
    "xgboost estimator": (lambda: estimator(xgboost.XGBClassifier), "xgboost", "model.json", {"model_format": "json"}),
    "lightgbm": (light, "lightgbm", "model.lgb", {}),
    "lightgbm estimator by default": (
        lambda: estimator(lambda **more: lightgbm.LGBMClassifier(verbosity=-1, **more)),
        "lightgbm",
        "model.skops",
        {"skops_trusted_types": LIGHTGBM_TYPES},
    ),
    "lightgbm estimator": (
        lambda: estimator(lambda **more: lightgbm.LGBMClassifier(verbosity=-1, **more)),
        "lightgbm",
        "model.pkl",
        {"serialization_format": "pickle"},
    ),
}


@pytest.mark.parametrize("name", LOGGED)
def test_a_registered_model_is_exported_by_its_alias(store: Path, tmp_path: Path, name: str) -> None:
    make, flavour, file, more = LOGGED[name]
    told = logged(getattr(mlflow, flavour), make(), **more)
    mlflow.MlflowClient().set_registered_model_alias("risk", "champion", "1")
    metadata = exported("models:/risk@champion", tmp_path / "models").metadata
    assert metadata.framework == flavour
    assert (metadata.input_schema.names, metadata.input_schema.named) == (tuple(NAMES), True)
    assert metadata.training == {
        "mlflow_uri": "models:/risk@champion",
        "mlflow_model": "risk",
        "mlflow_model_version": "1",
        "mlflow_run_id": told.run_id,
        "mlflow_model_id": told.model_id,
    }
    assert {Path(source).name for source in metadata.source} >= {"MLmodel", file}
    assert metadata.parity.kinds["sample"] == 3


@pytest.mark.keras
@pytest.mark.parametrize("form", ["keras", "exported", "tensorflow"])
def test_a_registered_keras_model_is_exported(store: Path, tmp_path: Path, form: str) -> None:
    import keras
    import mlflow.keras
    import mlflow.tensorflow

    rows = sample_rows()
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    signature = infer_signature(rows, model.predict(rows, verbose=0))
    flavour = mlflow.tensorflow if form == "tensorflow" else mlflow.keras
    more: dict[str, Any] = {"save_exported_model": True} if form == "exported" else {}
    example = rows[:3] if form == "tensorflow" else None  # which mlflow.keras 3.17 fails to write
    logged(flavour, model, signature=signature, input_example=example, **more)
    metadata = exported("models:/risk/1", tmp_path / "models").metadata
    assert (metadata.framework, metadata.input_schema.named) == ("tensorflow", False)
    assert metadata.parity.kinds.get("sample", 0) == (3 if form == "tensorflow" else 0)


def test_an_onnx_model_takes_its_names_from_the_signature(store: Path, tmp_path: Path) -> None:
    import mlflow.onnx
    from skl2onnx import to_onnx

    model = to_onnx(forest(), sample_rows()[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    logged(mlflow.onnx, model, input_example=None)
    metadata = exported("models:/risk/latest", tmp_path / "models").metadata
    assert (metadata.framework, metadata.input_schema.names) == ("onnx", tuple(NAMES))
    assert metadata.training["onnx_producer"] == "skl2onnx 1.20.0"


def test_an_alias_that_moved_names_the_version_it_was(store: Path, tmp_path: Path) -> None:
    for _ in range(2):
        logged(mlflow.xgboost, booster())
    for version, folder in (("2", "later"), ("1", "earlier")):
        mlflow.MlflowClient().set_registered_model_alias("risk", "champion", version)
        training = exported("models:/risk@champion", tmp_path / folder).metadata.training
        assert training["mlflow_model_version"] == version


@pytest.mark.filterwarnings("ignore:.*transition_model_version_stage.*:FutureWarning")
def test_stages_of_older_registries_are_understood(store: Path, tmp_path: Path) -> None:
    logged(mlflow.xgboost, booster())
    logged(mlflow.xgboost, booster())
    mlflow.MlflowClient().transition_model_version_stage("risk", "1", "Production")
    training = exported("models:/risk/Production", tmp_path / "models").metadata.training
    assert training["mlflow_model_version"] == "1"
    with pytest.raises(ExportError, match="MLflow has no version of risk in the stage Staging"):
        exported("models:/risk/Staging", tmp_path / "others")


@pytest.mark.parametrize("address", ["runs:/{run_id}/model", "models:/{model_id}"])
def test_a_model_that_is_not_registered_is_exported_by_its_run(store: Path, tmp_path: Path, address: str) -> None:
    told = logged(mlflow.xgboost, booster(), registered_model_name=None)
    said = address.format(run_id=told.run_id, model_id=told.model_id)
    training = exported(said, tmp_path / "models").metadata.training
    assert training == {"mlflow_uri": said, "mlflow_run_id": told.run_id, "mlflow_model_id": told.model_id}


@pytest.mark.parametrize("address", ["runs:/{run_id}/model", "models:/risk/1"])
def test_the_same_model_makes_the_same_bundle_wherever_it_is_fetched_to(
    store: Path, tmp_path: Path, address: str
) -> None:
    said = address.format(run_id=logged(mlflow.xgboost, booster()).run_id)
    first, second = (exported(said, tmp_path / folder) for folder in ("first", "second"))
    assert first.digest == second.digest
    assert "model/model.ubj" in first.metadata.source


def test_what_a_request_says_of_the_training_is_kept_beside_it(store: Path, tmp_path: Path) -> None:
    logged(mlflow.xgboost, booster())
    training = exported("models:/risk/1", tmp_path, training={"rows": 400}).metadata.training
    assert (training["rows"], training["mlflow_model_version"]) == (400, "1")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("models:/risk@champion", "MLflow has no model at models:/risk@champion: .*(alias|not found).*asked file:"),
        ("models:/nobody/1", "MLflow has no model at models:/nobody/1"),
        ("runs:/0123/model", "MLflow has no model at runs:/0123/model"),
        ("models:/risk", r"is no model's address: expected models:/name@alias, models:/name/3 or runs:/id/model"),
    ],
)
def test_an_address_without_a_model_is_named(store: Path, tmp_path: Path, address: str, message: str) -> None:
    logged(mlflow.xgboost, booster())
    with pytest.raises(ExportError, match=message):
        exported(address, tmp_path / "models")


def saved(folder: Path, **more: Any) -> Path:
    """The model directory that `mlflow.xgboost.save_model` writes, without any store."""
    settings: dict[str, Any] = {"signature": infer_signature(TABLE, CLASSES), "input_example": TABLE[:3]}
    mlflow.xgboost.save_model(booster(), folder, pip_requirements=[], **{**settings, **more})
    return folder


def renamed(names: list[str]) -> Any:
    return infer_signature(TABLE.set_axis(names, axis=1), CLASSES)


def test_a_folder_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    original = load(saved(tmp_path / "model"), None, ("quiet", "active"))
    assert (original.framework, original.names) == ("xgboost", tuple(NAMES))
    assert original.examples is not None
    np.testing.assert_array_equal(original.examples, sample_rows()[:3])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["depth", "period", "snr", "teff", "size"], "missing radius, unexpected size"),
        (["period", "depth", "snr", "teff", "radius"], r"another order \('depth' or 'period' at 0"),
    ],
)
def test_a_signature_of_other_names_is_refused_with_the_names(tmp_path: Path, names: list[str], message: str) -> None:
    folder = saved(tmp_path / "model", signature=renamed(names), input_example=None)
    with pytest.raises(Refused, match=rf"the model and the MLflow signature disagree on the features: {message}"):
        load_mlflow(folder, None)


def unnamed() -> Any:
    return xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(TABLE.values, CLASSES), 5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (TABLE.drop(columns="snr"), "takes 5 features, the MLflow signature has 4 columns"),
        (TABLE.assign(snr="loud"), "says that 'snr' is of type string, the model takes numbers there"),
        (TABLE.assign(snr=pandas.Timestamp(2026, 1, 1)), "'snr' is of type datetime"),
        (sample_rows()[:, :4], r"takes 5 numbers a row, the MLflow signature has float32 \[-1, 4\]"),
        ({"left": sample_rows()[:, :2], "right": sample_rows()[:, 2:]}, "the MLflow signature has 2 inputs"),
    ],
    ids=["fewer", "words", "dates", "narrow", "two"],
)
def test_a_signature_of_other_columns_is_refused(tmp_path: Path, inputs: Any, message: str) -> None:
    signature = infer_signature(inputs, CLASSES)
    mlflow.xgboost.save_model(unnamed(), tmp_path / "model", pip_requirements=[], signature=signature)
    with pytest.raises(Refused, match=message):
        load_mlflow(tmp_path / "model", None)


def test_the_signature_names_what_the_model_does_not(tmp_path: Path) -> None:
    signature = infer_signature(TABLE, CLASSES)
    mlflow.xgboost.save_model(unnamed(), tmp_path / "model", pip_requirements=[], signature=signature)
    assert load_mlflow(tmp_path / "model", None).names == tuple(NAMES)


def test_a_model_without_a_signature_keeps_its_own_names(tmp_path: Path) -> None:
    original = load_mlflow(saved(tmp_path / "model", signature=False, input_example=None), None)
    assert (original.names, original.examples) == (tuple(NAMES), None)


EXAMPLES: dict[str, Any] = {
    "split": {"columns": NAMES, "data": [[1, 2, 3, 4, None]]},
    "another order": {"columns": NAMES[::-1], "data": [[None, 4, 3, 2, True]]},
    "records": [dict(zip(NAMES, [1, 2, 3, 4, None], strict=True))],
    "columns": {"inputs": {name: [said] for name, said in zip(NAMES, [1, 2, 3, 4, None], strict=True)}},
    "one row": dict(zip(NAMES, [1, 2, 3, 4, None], strict=True)),
    "numbers": [[1, 2, 3, 4, None]],
    "without names": {"data": [[1, 2, 3, 4, None]]},
}


@pytest.mark.parametrize("form", EXAMPLES)
def test_input_examples_of_every_form_become_rows(tmp_path: Path, form: str) -> None:
    folder = saved(tmp_path / "model")
    (folder / "input_example.json").write_text(json.dumps(EXAMPLES[form]))
    original = load_mlflow(folder, None)
    np.testing.assert_array_equal(original.examples, np.float32([[1, 2, 3, 4, np.nan]]))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('{"columns": ["depth", "size"], "data": [[1, 2]]}', "missing period, radius, snr, teff, unexpected size"),
        ("[[1, 2]]", "takes 5 features, the MLflow input example has 2"),
        ('[[1, 2, 3, 4, "big"]]', "the MLflow input example holds 'big', expected a number"),
        ("nonsense", "cannot read the MLflow input example"),
    ],
)
def test_an_input_example_of_something_else_is_refused(tmp_path: Path, said: str, message: str) -> None:
    folder = saved(tmp_path / "model")
    (folder / "input_example.json").write_text(said)
    with pytest.raises(Refused, match=message):
        load_mlflow(folder, None)


def test_an_input_example_that_is_no_table_is_left_out(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    (folder / "input_example.json").write_text('"one text"')
    assert load_mlflow(folder, None).examples is None


def test_an_input_example_behind_a_preprocessing_is_not_tried_in_front_of_it(tmp_path: Path) -> None:
    """Its rows are scaled already."""
    scaler = pickled(tmp_path / "scaler.pkl", StandardScaler().fit(TABLE))
    bundle = exported(str(saved(tmp_path / "model")), tmp_path / "models", preprocessing=scaler)
    assert "sample" not in bundle.metadata.parity.kinds


def test_an_input_example_is_no_reference_for_drift(tmp_path: Path) -> None:
    assert exported(str(saved(tmp_path / "model")), tmp_path / "models").metadata.reference is None


def test_a_refusal_names_the_address_and_no_file_that_is_gone(store: Path, tmp_path: Path) -> None:
    logged(mlflow.xgboost, booster())
    (folder,) = (file.parent for file in store.rglob("MLmodel"))
    mended(folder, catboost={})
    with pytest.raises(Refused, match=r"^models:/risk/1 is a model of the flavour catboost"):
        exported("models:/risk/1", tmp_path / "models")


def mended(folder: Path, **flavours: Any) -> Path:
    """`folder` with other flavours in its MLmodel file."""
    said = yaml.safe_load((folder / "MLmodel").read_text())
    (folder / "MLmodel").write_text(yaml.safe_dump({**said, "flavors": flavours}))
    return folder


def test_code_alone_is_refused_with_the_way_out(tmp_path: Path) -> None:
    folder = mended(saved(tmp_path / "model"), python_function={"loader_module": "mlflow.pyfunc.model"})
    with pytest.raises(
        Refused, match=r"is a Python function \(mlflow.pyfunc.model\) and nothing else.*own flavour: xgb"
    ):
        load_mlflow(folder, None)


@pytest.mark.parametrize(
    ("flavours", "message"),
    [
        ({"catboost": {}, "python_function": {}}, "of the flavour catboost; supported are xgboost, lightgbm"),
        ({"xgboost": {"data": "gone.ubj"}}, "is to hold gone.ubj, which is not there"),
        ({"sklearn": {"pickled_model": "model.dill"}}, "in the format dill.*serialization_format='skops' or 'pickle'"),
        ({"lightgbm": {"data": "model.dill"}}, "in the format dill.*serialization_format='skops' or 'pickle'"),
        ({"tensorflow": {"saved_model_dir": "tf"}}, "is to hold tf, which is not there"),
        (None, "does not describe an MLflow model: flavors"),
    ],
)
def test_flavours_that_are_not_supported_are_refused_by_name(tmp_path: Path, flavours: Any, message: str) -> None:
    folder = saved(tmp_path / "model")
    mended(folder, **flavours) if flavours else (folder / "MLmodel").write_text("run_id: 1")
    with pytest.raises(Refused, match=message):
        load_mlflow(folder, None)


def test_a_broken_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("a: [")
    with pytest.raises(Refused, match=r"MLmodel does not describe an MLflow model"):
        load_mlflow(tmp_path, None)


def test_a_regressor_of_mlflow_is_a_value(store: Path, tmp_path: Path) -> None:
    """As the yield service registers its ensembles."""
    fitted = RandomForestRegressor(3, max_depth=4, random_state=0).fit(TABLE, values(sample_rows()))
    logged(mlflow.sklearn, fitted, serialization_format="pickle")
    assert exported("models:/risk/1", tmp_path / "models").metadata.output_schema.task == "regression"


def worded(folder: Path, words: list[str]) -> Path:
    """A model of five numbers and a word, saved with an example of these `words`."""
    table = TABLE.assign(kind=np.array(["dwarf", "giant"])[CLASSES])
    encode = ColumnTransformer([("words", OneHotEncoder(), ["kind"])], remainder="passthrough")
    fitted = make_pipeline(encode, RandomForestClassifier(4, max_depth=3, random_state=0)).fit(table, CLASSES)
    example = table[: len(words)].assign(kind=words)
    more: dict[str, Any] = {"serialization_format": "pickle", "pip_requirements": []}
    signature = infer_signature(table, CLASSES)
    mlflow.sklearn.save_model(fitted, folder, signature=signature, input_example=example, **more)
    return folder


def test_words_of_an_input_example_become_their_numbers(tmp_path: Path) -> None:
    original = load_mlflow(worded(tmp_path / "model", ["giant", "dwarf"]), None)
    assert {place: category.words for place, category in original.categories.items()} == {5: ("dwarf", "giant")}
    assert original.examples is not None
    assert original.examples[:, 5].tolist() == [1.0, 0.0]


def test_a_word_of_an_input_example_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the MLflow input example holds 'moon', expected 'dwarf', 'giant'"):
        load_mlflow(worded(tmp_path / "model", ["moon"]), None)


def test_the_command_takes_addresses(store: Path, tmp_path: Path) -> None:
    logged(mlflow.xgboost, booster())
    mlflow.MlflowClient().set_registered_model_alias("risk", "champion", "1")
    app = typer.Typer()
    app.command()(export_command)
    arguments = ["models:/risk@champion", "--name", "risk", "--version", "1.0.0", "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert json.loads(result.stdout)["training"]["mlflow_uri"] == "models:/risk@champion"


EXPORT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.modules[{missing!r}] = None
from export.exporter import Request, export
export(Request({source!r}, "risk", "1.0.0"), Path({models!r}), created_at=datetime(2026, 1, 1, tzinfo=UTC))
"""


def without(missing: str, source: str, models: Path) -> subprocess.CompletedProcess[str]:
    program = EXPORT.format(missing=missing, source=source, models=str(models))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_an_address_without_mlflow_says_what_to_install(tmp_path: Path) -> None:
    done = without("mlflow", "models:/risk@champion", tmp_path)
    assert 'needs mlflow, which is not installed: pip install "serinus[mlflow]"' in done.stderr


def test_the_skinny_mlflow_is_enough(store: Path, tmp_path: Path) -> None:
    """It comes without pandas."""
    logged(mlflow.xgboost, booster())
    done = without("pandas", "models:/risk/1", tmp_path / "models")
    assert done.returncode == 0, done.stderr
