"""The whole way: a trained model in a file, its bundle on disk."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pandas
import pytest
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from export.errors import ExportError, Refused
from export.exporter import Request, export
from export.samples import Sample
from serinus import golden
from serinus.predictor import Predictor
from serinus.registry.folder_store import folder_shelf
from serinus.registry.register import register
from serinus.registry.rules import Signature
from serinus.schema import RegressionSchema

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(300, 5)).astype(np.float32)
    kinds = np.array(["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"])[generator.integers(3, size=300)]
    file = tmp_path_factory.mktemp("forest") / "forest.pkl"
    joblib.dump(RandomForestClassifier(5, random_state=0).fit(rows, kinds), file)
    np.save(file.with_name("sample.npy"), rows)
    return file


def test_a_bundle_says_what_it_is_and_what_it_was_proven_to_equal(forest: Path, tmp_path: Path) -> None:
    request = Request(
        forest,
        "forest",
        "1.2.3",
        sample=forest.with_name("sample.npy"),
        training={"rows": 300},
        performance={"accuracy": 0.4},
    )
    bundle = export(request, tmp_path, created_at=NOW)
    said = bundle.metadata
    assert bundle.folder == tmp_path / "forest" / "v1.2.3"
    assert (said.framework, said.created_at, said.nan_policy) == ("sklearn", NOW, "allow")
    assert (said.training, said.performance) == ({"rows": 300}, {"accuracy": 0.4})
    assert said.output_schema.model_dump()["labels"] == ("CANDIDATE", "CONFIRMED", "FALSE_POSITIVE")
    assert set(said.source) == {"forest.pkl"}
    assert set(said.dependencies) == {"onnx"}
    assert said.parity.rows >= 10_000
    assert said.parity.max_difference <= 1e-6
    assert said.parity.label_flips == 0
    assert {"sample", "noisy", "shuffled", "threshold", "turn", "missing-one", "huge"} <= set(said.parity.kinds)


def test_the_golden_rows_of_every_kind_replay_without_the_native_library(forest: Path, tmp_path: Path) -> None:
    bundle = export(Request(forest, "forest", "1.0.0"), tmp_path, created_at=NOW)
    rows, native = golden.load(bundle)
    assert len(rows) >= 64
    assert len(rows) == len(native)
    assert np.isnan(rows).all(axis=1).any()
    assert golden.replay(bundle, Predictor(bundle)).is_equal


def test_the_graph_keeps_the_contract(forest: Path, tmp_path: Path) -> None:
    model = onnx.load_from_string(export(Request(forest, "forest", "1.0.0"), tmp_path, created_at=NOW).model)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17), ("ai.onnx.ml", 3)]
    assert model.ir_version == 8
    assert [node.op_type for node in model.graph.node].count("ZipMap") == 0
    shapes = {
        put.name: [dim.dim_param or dim.dim_value for dim in put.type.tensor_type.shape.dim]
        for put in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"input": ["N", 5], "label": ["N"], "probabilities": ["N", 3]}
    assert {prop.key: prop.value for prop in model.metadata_props}["version"] == "1.0.0"


def test_the_same_source_makes_the_same_bytes(forest: Path, tmp_path: Path) -> None:
    first, second = (export(Request(forest, "forest", "1.0.0"), tmp_path / at, created_at=NOW) for at in "ab")
    assert first.digest == second.digest


def test_a_regressor_keeps_its_tolerance_beside_its_golden_rows(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    source = tmp_path / "model.pkl"
    joblib.dump(GradientBoostingRegressor(n_estimators=5).fit(rows, rows[:, 0] * 1000), source)
    bundle = export(Request(source, "trees", "1.0.0", sample=rows), tmp_path / "models", created_at=NOW)
    assert bundle.metadata.output_schema.model_dump()["task"] == "regression"
    assert bundle.metadata.parity.tolerance > 1e-5
    assert golden.replay(bundle, Predictor(bundle)).is_equal
    assert len(golden.load(bundle)[0]) >= 64


def test_another_process_makes_the_same_bytes(forest: Path, tmp_path: Path) -> None:
    """Names and sets are hashed differently there."""
    digest = export(Request(forest, "forest", "1.0.0"), tmp_path / "here", created_at=NOW).digest
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from export.exporter import Request, export\n"
        "now = datetime(2026, 11, 20, 12, tzinfo=UTC)\n"
        "print(export(Request(Path(sys.argv[1]), 'forest', '1.0.0'), Path(sys.argv[2]), created_at=now).digest)"
    )
    command = [sys.executable, "-c", program, forest, tmp_path / "there"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert done.stdout.strip() == digest


def test_a_bundle_is_only_replaced_when_told_to(forest: Path, tmp_path: Path) -> None:
    bundle = export(Request(forest, "forest", "1.0.0"), tmp_path, created_at=NOW)
    with pytest.raises(ExportError, match="immutable"):
        export(Request(forest, "forest", "1.0.0"), tmp_path, created_at=NOW)
    again = export(Request(forest, "forest", "1.0.0", training={"try": 2}), tmp_path, created_at=NOW, replace=True)
    assert again.digest != bundle.digest


@pytest.mark.parametrize("is_there", [True, False], ids=["there", "lost"])
def test_a_registered_version_is_not_exported_over(forest: Path, tmp_path: Path, is_there: bool) -> None:
    bundle = export(Request(forest, "forest", "1.0.0"), tmp_path, created_at=NOW)
    register(folder_shelf(tmp_path), bundle, Signature("ada", NOW))
    if not is_there:
        bundle.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ExportError, match=r"v1\.0\.0 is registered, .*: give it a new version"):
        export(Request(forest, "forest", "1.0.0", training={"try": 2}), tmp_path, created_at=NOW, replace=True)
    assert bundle.folder.exists() == is_there


@pytest.mark.parametrize(("name", "version"), [("Forest", "1.0.0"), ("forest", "1.0"), ("../forest", "1.0.0")])
def test_a_name_or_version_no_service_could_write_is_refused(
    forest: Path, tmp_path: Path, name: str, version: str
) -> None:
    with pytest.raises(ExportError, match="must be"):
        export(Request(forest, name, version), tmp_path, created_at=NOW)


@pytest.fixture(scope="module")
def booster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes out of three named features."""
    rows = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    matrix = xgboost.DMatrix(rows, rows[:, 0] > 0, feature_names=["age", "size", "dose"])
    trained = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, matrix, 5)
    file = tmp_path_factory.mktemp("booster") / "booster.ubj"
    trained.save_model(file)
    return file


def test_xgboost_feature_names_and_given_labels_end_in_the_metadata(booster: Path, tmp_path: Path) -> None:
    bundle = export(Request(booster, "booster", "1.0.0", labels=("well", "ill")), tmp_path, created_at=NOW)
    assert bundle.metadata.input_schema.names == ("age", "size", "dose")
    assert bundle.metadata.output_schema.model_dump()["labels"] == ("well", "ill")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("age,weight,dose", "the model and .*disagree on the features: missing size, unexpected weight"),
        ("age,dose,size", "another order .'size' or 'dose' at 1; 'dose' or 'size' at 2."),
        ("age,size", "missing dose, unexpected none"),
        ("age,size,dose,died", "missing none, unexpected died. A column that holds the truth is named with --target"),
    ],
    ids=["renamed", "swapped", "missing", "one more"],
)
def test_a_sample_of_other_columns_is_refused_by_name(booster: Path, tmp_path: Path, header: str, message: str) -> None:
    (tmp_path / "sample.csv").write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    with pytest.raises(Refused, match=message):
        export(Request(booster, "booster", "1.0.0", sample=tmp_path / "sample.csv"), tmp_path / "m", created_at=NOW)
    assert not (tmp_path / "m").exists()


def test_the_target_is_taken_out_of_the_sample(booster: Path, tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text("age,died,size,dose\n1,no,2,3\n4,yes,5,6\n")
    request = Request(booster, "booster", "1.0.0", sample=tmp_path / "sample.csv", target="died")
    bundle = export(request, tmp_path / "m", created_at=NOW)
    assert bundle.metadata.parity.kinds["sample"] == 2
    assert np.float32([[1, 2, 3]]) in golden.load(bundle)[0]


def test_words_in_a_sample_are_those_of_the_model(tmp_path: Path) -> None:
    """The same rows as text and as the numbers the schema gives the words: the same bundle but for their source."""
    generator = np.random.default_rng(0)
    crops, rain = generator.choice(["rice", "maize"], 200), generator.normal(size=200).astype(np.float32)
    table = pandas.DataFrame({"crop": crops, "rain": rain})
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["crop"]), remainder="passthrough")
    model = make_pipeline(encoder, DecisionTreeClassifier(max_depth=3)).fit(table, (crops == "rice") == (rain > 0))
    joblib.dump(model, tmp_path / "model.pkl")
    table.assign(sold="yes").to_csv(tmp_path / "sample.csv", index=False)
    codes = np.stack([np.where(crops == "rice", 1, 0), rain], axis=1)
    samples: dict[str, Any] = {"text": tmp_path / "sample.csv", "numbers": Sample(codes, ("crop", "rain"))}
    requests = {how: Request(tmp_path / "model.pkl", "crops", "1.0.0", sample=samples[how]) for how in samples}
    requests["text"] = replace(requests["text"], target="sold")
    bundles = [export(requests[how], tmp_path / how, created_at=NOW) for how in samples]
    assert bundles[0].metadata.input_schema.categories["crop"].words == ("maize", "rice")
    assert bundles[0].files["reference.npz"] == bundles[1].files["reference.npz"]
    assert bundles[0].files["golden.npz"] == bundles[1].files["golden.npz"]


def test_a_regressor_says_what_its_value_is_and_counts(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    joblib.dump(GradientBoostingRegressor(n_estimators=2).fit(rows, rows[:, 0]), tmp_path / "model.pkl")
    request = Request(tmp_path / "model.pkl", "trees", "1.0.0", target="yield", unit="kg_per_ha")
    schema = export(request, tmp_path / "models", created_at=NOW).metadata.output_schema
    assert schema == RegressionSchema(target="yield", unit="kg_per_ha")


def test_classes_have_no_unit(forest: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no unit such as kg: leave --unit out"):
        export(Request(forest, "forest", "1.0.0", unit="kg"), tmp_path, created_at=NOW)


def test_a_sample_of_another_width_is_refused(forest: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="takes 5 features, the sample has 4"):
        export(Request(forest, "forest", "1.0.0", sample=np.zeros((9, 4))), tmp_path, created_at=NOW)
