"""XGBoost boosters (.json, .ubj) as originals."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import Refused
from export.extras import need, versions
from export.original import Original, Tree, classes, two_columns, value
from serinus.golden import Natives
from serinus.schema import OutputSchema, Rows

CONVERTER_OPSET = 15  # the newest onnxmltools 1.16 writes
BINARY = "binary:logistic"
MULTI = ("multi:softprob", "multi:softmax")
VALUES = ("reg:squarederror", "reg:absoluteerror", "count:poisson", "reg:gamma", "reg:tweedie")
SUPPORTED = (BINARY, *MULTI, *VALUES)
HOW_TO_CONVERT = (
    "with the XGBoost that wrote it (2.1 or older), run "
    "`xgboost.Booster(model_file='{name}').save_model('{stem}.json')` and export that file"
)


def load(source: Path, labels: Sequence[str] | None) -> Original:
    return of_booster(_read(source), labels)


def of_booster(whole: Any, labels: Sequence[str] | None) -> Original:
    """A trained xgboost.Booster, which stays as it is; what it holds behind its best iteration is left out."""
    _guard(Config(whole), whole)
    booster = _best_rounds(whole)
    booster.set_param({"nthread": 1})
    config = Config(booster)
    output = _output(config, labels)
    if config.objective == "multi:softmax":
        booster.set_param({"objective": "multi:softprob"})  # the same trees, asked for probabilities
    names = tuple(booster.feature_names) if booster.feature_names else None
    booster.feature_names = booster.feature_types = None  # the converter only reads f0, f1, ...
    return Original(
        framework="xgboost",
        framework_version=str(need("xgboost").__version__),
        predict=lambda rows: _predict(booster, rows, binary=config.objective == BINARY),
        graph=lambda: _convert(booster, config),
        output=output,
        features=booster.num_features(),
        nan_policy="allow",
        dependencies=versions("onnxmltools", "onnx"),
        names=names,
        trees=tuple(map(_tree, config.trees)),
    )


class Config:
    """What an XGBoost model says of itself."""

    def __init__(self, booster: Any) -> None:
        learner = json.loads(booster.save_config())["learner"]
        self.objective: str = learner["objective"]["name"]
        self.booster: str = learner["gradient_booster"]["name"]
        sizes = learner["learner_model_param"]
        self.classes, self.targets = int(sizes["num_class"]), int(sizes["num_target"])
        self.base_scores: list[float] = np.atleast_1d(json.loads(sizes["base_score"])).tolist()
        saved = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
        self.parallel_trees = int(saved["model"]["gbtree_model_param"]["num_parallel_tree"]) if self.is_trees else 1
        self.trees: list[dict[str, Any]] = saved["model"]["trees"] if self.is_trees else []

    @property
    def is_trees(self) -> bool:
        return self.booster == "gbtree"

    @property
    def has_splits(self) -> bool:
        return any(len(tree["left_children"]) > 1 for tree in self.trees)


def _read(source: Path) -> Any:
    xgboost = need("xgboost")
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(source.read_bytes()))  # by name it would guess the format from the suffix
        booster.save_config()  # which finds what does not fit together
    except xgboost.core.XGBoostError as error:
        if source.suffix in (".json", ".ubj"):
            raise Refused(f"{source} is not an XGBoost model: {_first_line(error)}") from error
        how = HOW_TO_CONVERT.format(name=source.name, stem=source.stem)
        raise Refused(f"XGBoost 3 cannot read {source}. If it is in XGBoost's old binary format: {how}") from error
    return booster


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


def _best_rounds(whole: Any) -> Any:
    """A copy without the rounds after the best one: XGBClassifier leaves them out too, a raw Booster does not."""
    best = whole.attributes().get("best_iteration")
    if best is None or int(best) + 1 >= whole.num_boosted_rounds():
        return whole.copy()
    rounds = whole[: int(best) + 1]
    rounds.feature_names = whole.feature_names
    return rounds


def _guard(config: Config, booster: Any) -> None:
    """Refuse what onnxmltools converts wrongly or not at all (measured: up to 1.9 off without an error)."""
    problems = {
        f"booster {config.booster!r} (supported: 'gbtree')": not config.is_trees,
        f"objective {config.objective!r} (supported: {', '.join(SUPPORTED)})": config.objective not in SUPPORTED,
        f"{config.targets} targets at once (supported: 1)": config.targets > 1,
        f"num_parallel_tree={config.parallel_trees} with {config.classes} classes (supported: 1)": (
            config.parallel_trees > 1 and config.objective in MULTI
        ),
        "no split in any tree: it answers every row alike": config.is_trees and not config.has_splits,
        "categorical features (encode them as numbers before training)": _is_categorical(config, booster),
    }
    found = [problem for problem, is_there in problems.items() if is_there]
    if found:
        raise Refused(f"cannot export an XGBoost model with {'; '.join(found)}")


def _is_categorical(config: Config, booster: Any) -> bool:
    return "c" in (booster.feature_types or ()) or any(any(tree.get("split_type", ())) for tree in config.trees)


def _output(config: Config, labels: Sequence[str] | None) -> OutputSchema:
    if config.objective in VALUES:
        return value(labels)
    return classes(max(config.classes, 2), labels)


def _predict(booster: Any, rows: Rows, *, binary: bool) -> Natives:
    answers: Natives = booster.predict(need("xgboost").DMatrix(rows, missing=np.nan, nthread=1), strict_shape=True)
    return two_columns(answers) if binary else answers


def _convert(booster: Any, config: Config) -> Any:
    convert_xgboost = need("onnxmltools").convert_xgboost
    types = need("onnxmltools.convert.common.data_types")
    given = [("input", types.FloatTensorType([None, booster.num_features()]))]
    model = convert_xgboost(booster, initial_types=given, target_opset=CONVERTER_OPSET)
    if config.objective == BINARY:
        _set_margin(model, config.base_scores[0])
    if config.objective in VALUES:
        _begin_with_margin(model)
    return model


def _set_margin(model: Any, base_score: float) -> None:
    """The margin that a binary model starts from: the converter mistakes it when the first tree is a bare 0."""
    helper = need("onnx.helper")
    forest = model.graph.node[0]
    kept = [attribute for attribute in forest.attribute if attribute.name != "base_values"]
    del forest.attribute[:]
    margin = -np.log(1 / np.float64(np.float32(base_score)) - 1)
    forest.attribute.extend([*kept, helper.make_attribute("base_values", [float(margin)])])


def _begin_with_margin(model: Any) -> None:
    """Make what every sum begins with a first tree, of one leaf.

    XGBoost adds up in float32, from there on. ONNX Runtime would add it last, and lose other digits on the way: far
    from 0, hundreds of trees came out differently by more than the tolerance.
    """
    helper = need("onnx.helper")
    forest = model.graph.node[0]
    held = {attribute.name: helper.get_attribute_value(attribute) for attribute in forest.attribute}
    [margin] = held.pop("base_values", [0.0])
    leaf: dict[str, list[Any]] = {name: [0] for name in held if name.startswith(("nodes_", "target_"))}
    leaf |= {"nodes_modes": [b"LEAF"], "target_weights": [margin]}
    others = {name: [number + 1 for number in held[name]] for name in ("nodes_treeids", "target_treeids")}
    joined = {name: [*first, *(others.get(name) or held[name])] for name, first in leaf.items()}
    del forest.attribute[:]
    forest.attribute.extend(helper.make_attribute(name, value) for name, value in {**held, **joined}.items())


def _tree(saved: dict[str, Any]) -> Tree:
    left = np.array(saved["left_children"], np.int32)
    return Tree(
        feature=np.where(left < 0, -1, np.array(saved["split_indices"], np.int32)).astype(np.int32),
        threshold=np.array(saved["split_conditions"], np.float32),
        left=left,
        right=np.array(saved["right_children"], np.int32),
    )
