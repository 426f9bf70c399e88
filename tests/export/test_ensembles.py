import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from export.drafts import Draft
from export.ensembles import Grown, added_up, added_up_finely, constant
from export.sklearn_trees import grown
from serinus.schema import Rows
from serinus.session import session
from tests.export.originals import FEATURES, sample_rows, three_classes, values


def summed(add: object, trees: list[Grown], rows: Rows, targets: int) -> np.ndarray:
    model = onnx.ModelProto(ir_version=8)
    draft = Draft("n", model.graph)
    name = add(draft, draft.add("Cast", "input", to=TensorProto.DOUBLE), trees, targets)
    model.graph.name = "trees"
    model.graph.input.append(helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", FEATURES]))
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["N", targets]))
    model.opset_import.extend([helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    return session(model.SerializeToString()).run([name], {"input": rows})[0]


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_fine_sums_have_the_digits_that_float32_has_not(offset: float) -> None:
    rows = sample_rows()
    forest = RandomForestRegressor(20, random_state=0).fit(rows, values(rows) / 7)
    trees = [constant(np.array([offset])), *(grown(e.tree_, e.tree_.value[:, 0, :] / 20) for e in forest.estimators_)]
    expected = forest.predict(rows)[:, None] + offset
    assert np.abs(summed(added_up, trees, rows, 1) / expected - 1).max() > 1e-9
    np.testing.assert_allclose(summed(added_up_finely, trees, rows, 1), expected, rtol=1e-13)


def test_fine_sums_of_several_targets_stay_apart() -> None:
    rows = sample_rows()
    forest = RandomForestClassifier(20, random_state=0, min_samples_leaf=3).fit(rows, three_classes(rows))
    trees = [grown(e.tree_, e.tree_.value[:, 0, :] / 20) for e in forest.estimators_]
    np.testing.assert_allclose(summed(added_up_finely, trees, rows, 3), forest.predict_proba(rows), atol=1e-12)


def test_a_tree_without_a_turn_answers_alike() -> None:
    rows = sample_rows(count=3)
    np.testing.assert_array_equal(summed(added_up, [constant(np.array([1.5, 2.5]))], rows, 2), [[1.5, 2.5]] * 3)
