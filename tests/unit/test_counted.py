"""What bundles remember, as histograms, and what comes later in their bins."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from export import statistics
from export.exporter import Request, export
from serinus.bins import Bins
from serinus.bundle import Bundle
from serinus.counted import CLASS, CONFIDENCE, VALUE, count_answers, count_rows, kept_answers, kept_rows
from serinus.errors import BundleError
from serinus.histogram import INVALID, MISSING
from serinus.metadata import ReferenceSummary
from serinus.prediction import Classes, Values
from serinus.predictor import Predictor
from serinus.reference import BINS, NotKept
from tests.bundles import LABELS, with_reference, write_bundle, write_regressor
from tests.export.originals import pickled, sample_rows, three_classes
from tests.export.test_exporter import NOW

ROOT = Path(__file__).parents[2]
ROWS = np.random.default_rng(3).normal(size=(200, 3)).astype(np.float32)
SAMPLE = sample_rows(missing=0.1, count=300)


def remembering(bundle: Bundle, *, rows: int = len(ROWS), **changes) -> Bundle:
    """`bundle` with what it answers to ROWS."""
    answers = Predictor(bundle).predict(ROWS)
    arrays = {**statistics.inputs(ROWS), **statistics.outputs(answers), **changes}
    summary = ReferenceSummary(rows=rows, of=rows, bins=BINS, arrays=tuple(arrays))
    return with_reference(bundle, arrays, reference=summary)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("forest")
    fitted = RandomForestClassifier(4, max_depth=4, random_state=0).fit(SAMPLE, three_classes(SAMPLE))
    source = pickled(folder / "model.pkl", fitted)
    return export(Request(source, "model", "1.0.0", sample=SAMPLE), folder, created_at=NOW)


@pytest.fixture
def classifier(tmp_path: Path) -> Bundle:
    return remembering(write_bundle(tmp_path))


@pytest.fixture
def regressor(tmp_path: Path) -> Bundle:
    return remembering(write_regressor(tmp_path))


def test_the_answers_of_an_exported_model_are_what_it_remembers(exported):
    kept = kept_answers(exported)
    assert count_answers(kept, Predictor(exported).predict(SAMPLE)) == kept
    assert [kept[name].total for name in (CLASS, CONFIDENCE)] == [300, 300]


def test_the_rows_of_an_exported_model_are_what_it_remembers(exported):
    kept = kept_rows(exported)
    assert count_rows(kept, SAMPLE) == kept
    assert [one.names[-1] for one in kept.values()] == [MISSING] * SAMPLE.shape[1]
    assert [one.counts[-1] for one in kept.values()] == np.isnan(SAMPLE).sum(axis=0).tolist()


def test_a_regressor_remembers_its_values(regressor):
    kept = kept_answers(regressor)
    assert count_answers(kept, Predictor(regressor).predict(ROWS)) == kept
    assert kept[VALUE].counts == (20,) * 10 + (0,)


def test_its_bins_are_those_of_the_log(regressor):
    values = np.float32([-100, 0, 0.1, 100])
    told = kept_answers(regressor)[VALUE].told(Bins.of(regressor).counts(values))
    assert told == count_answers(kept_answers(regressor), Values(values))[VALUE]


def test_answers_that_are_no_numbers_are_invalid(regressor):
    counted = count_answers(kept_answers(regressor), Values(np.float32([np.nan, np.inf, -np.inf, 1e30, -1e30])))
    assert counted[VALUE].counts == (1, *(0,) * 8, 1, 3)


def test_probabilities_that_are_none_are_invalid(classifier):
    probabilities = np.float32([[np.nan, 0, 0], [0.1, 0.2, 0.7], [0, 1.000001, 0], [0, 3, 0]])
    counted = count_answers(kept_answers(classifier), Classes(LABELS, np.array([0, 2, 1, 1]), probabilities))
    assert counted[CLASS].counts == (0, 2, 1, 1)
    assert counted[CLASS].names[-1] == INVALID
    assert (counted[CONFIDENCE].counts[-1], counted[CONFIDENCE].total) == (2, 4)


def test_labels_in_another_order_are_counted_by_name(classifier):
    kept, answers = kept_answers(classifier), Predictor(classifier).predict(ROWS)
    assert isinstance(answers, Classes)
    assert count_answers(kept, answers.in_order((LABELS[2], LABELS[0], LABELS[1]))) == kept


def test_a_feature_of_few_values_has_a_bin_for_each(tmp_path):
    rows = np.float32([[1, 1, 1], [2, 1, 1], [4, 1, np.nan], [4, 1, 1]])
    bundle = remembering(write_bundle(tmp_path), rows=4, **statistics.inputs(rows))
    kept = kept_rows(bundle)
    assert [one.edges for one in kept.values()] == [(1.0, 2.0), (), ()]
    assert [one.counts for one in kept.values()] == [(1, 1, 2, 0), (4, 0), (3, 1)]


def test_rows_of_other_widths_are_refused(classifier):
    with pytest.raises(ValueError, match=r"rows of 3 features, got shape \(200, 2\)"):
        count_rows(kept_rows(classifier), ROWS[:, :2])


def test_answers_of_other_classes_are_refused(classifier):
    with pytest.raises(ValueError, match=r"answers of the classes .*CONFIRMED.*, got .*YES"):
        count_answers(kept_answers(classifier), Classes(("YES", "NO"), np.array([0]), np.float32([[1, 0]])))


def test_values_are_no_answers_of_a_classifier(classifier):
    with pytest.raises(ValueError, match=r"histograms of \['value'\], got them of \['class', 'confidence'\]"):
        count_answers(kept_answers(classifier), Values(np.float32([1])))


def test_a_bundle_without_a_sample_says_how_to_get_one(tmp_path):
    with pytest.raises(NotKept, match="--sample"):
        kept_answers(write_bundle(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": 199}, "does not tell the value of 199 rows: .* got -1"),
        ({"output_edges": np.arange(9, 0, -1).astype(np.float32)}, "does not tell the value of 200 rows: .* ascend"),
        ({"output_edges": np.full(9, np.inf, np.float32)}, "nothing above infinity of value"),
        ({"output_edges": np.full(9, np.nan, np.float32)}, "numbers and ascend"),
    ],
    ids=["more answers than rows", "descending edges", "answers above infinity", "edges that are no numbers"],
)
def test_a_bundle_that_contradicts_itself_is_refused(tmp_path, changes, message):
    with pytest.raises(BundleError, match=message):
        kept_answers(remembering(write_regressor(tmp_path), **changes))


def test_counting_loads_no_model():
    told = "import sys, serinus.counted, serinus.drift; print('onnxruntime' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", told], cwd=ROOT, text=True) == "False\n"
