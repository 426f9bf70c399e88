"""Who is to blame for a drift, the model or what it is asked; and no verdict on too few answers."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export import statistics
from serinus.counted import count_rows, kept_rows
from serinus.drift import LIMIT, Attribution, TooFew, attribute, movements
from serinus.histogram import MISSING, Histogram
from serinus.metadata import ReferenceSummary
from serinus.reference import BINS
from serinus.samples import FALSE_ALARMS, least_answers
from tests.bundles import with_reference, write_bundle

REFERENCE = (5000, 3000, 2000)
LIKE = (460, 270, 170)
UNLIKE = (90, 180, 630)
COUNTS = st.lists(st.integers(0, 300), min_size=3, max_size=3).map(tuple)


def of(answers: tuple[int, ...]) -> Histogram:
    names = tuple(f"class {place}" for place in range(len(answers)))
    return Histogram((*names, "invalid"), None, (*answers, 0))


def tenths(values: np.ndarray) -> Histogram:
    edges = tuple(np.linspace(-1.2, 1.2, 9).tolist())
    return Histogram((*(f"b{place}" for place in range(10)), MISSING), edges, (0,) * 11).counted(values)


@pytest.mark.parametrize(
    ("baseline", "candidate", "cause", "may_roll_back"),
    [
        pytest.param(LIKE, LIKE, "no drift", False, id="no drift"),
        pytest.param(LIKE, UNLIKE, "model change", True, id="only the candidate moved"),
        pytest.param(UNLIKE, UNLIKE, "input change", False, id="both moved alike"),
        pytest.param(UNLIKE, LIKE, "both", False, id="the baseline moved and the candidate did not"),
        pytest.param(UNLIKE, (180, 630, 90), "both", False, id="both moved, each its own way"),
    ],
)
def test_a_drift_is_blamed_on_who_moved(baseline, candidate, cause, may_roll_back):
    found = attribute(of(REFERENCE), of(baseline), of(candidate))
    assert isinstance(found, Attribution)
    assert (found.cause, found.may_roll_back) == (cause, may_roll_back)


@pytest.mark.parametrize(
    ("baseline", "candidate", "sentence"),
    [
        pytest.param(
            LIKE,
            UNLIKE,
            "Model change: the candidate answers unlike the baseline beside it (KL 0.668 of 900 answers and 900), "
            "which answers like the reference (KL 0.000 of 900 answers and 10,000). The limit is 0.3 nats.",
            id="model change",
        ),
        pytest.param(
            LIKE,
            (5, 3, 2),
            "Too few answers to judge: the candidate has 10 and needs at least 24.",
            id="few of the candidate",
        ),
        pytest.param(
            (3, 2, 1),
            (1, 1, 0),
            "Too few answers to judge: the baseline has 6 and needs at least 24; the candidate has 2 and "
            "needs at least 31.",
            id="few of both",
        ),
    ],
)
def test_the_finding_is_told_in_a_sentence(baseline, candidate, sentence):
    assert attribute(of(REFERENCE), of(baseline), of(candidate)).sentence == sentence


@pytest.mark.parametrize(
    ("answers", "whose"),
    [
        (((5, 3, 2), LIKE, LIKE), "reference"),
        ((REFERENCE, (5, 3, 2), LIKE), "baseline"),
        ((REFERENCE, LIKE, (5, 3, 2)), "candidate"),
        ((REFERENCE, LIKE, (0, 0, 0)), "candidate"),
        ((REFERENCE, (0, 0, 0), LIKE), "baseline"),
    ],
    ids=["reference", "baseline", "candidate", "no candidate", "no baseline"],
)
def test_too_few_answers_of_one_are_no_verdict(answers, whose):
    found = attribute(*map(of, answers))
    assert isinstance(found, TooFew)
    assert found.cause == "too few answers"
    [lack] = found.short
    assert (lack.whose, lack.answers) == (whose, sum(answers[("reference", "baseline", "candidate").index(whose)]))
    assert lack.needed > lack.answers


def test_the_verdict_comes_with_the_least_answers():
    least = least_answers(3, LIMIT, 0.9)
    enough = attribute(of((50_000, 30_000, 20_000)), of((120, 70, 44)), of((least - 14, 8, 6)))
    lacking = attribute(of((50_000, 30_000, 20_000)), of((120, 70, 44)), of((least - 14, 8, 5)))
    assert isinstance(enough, Attribution)
    assert isinstance(lacking, TooFew)
    assert lacking.short[0].needed == least


@given(COUNTS, COUNTS, COUNTS)
def test_there_is_a_verdict_or_it_says_what_is_lacking(reference, baseline, candidate):
    found = attribute(of(reference), of(baseline), of(candidate))
    lacking = isinstance(found, TooFew) and all(lack.needed > lack.answers for lack in found.short)
    assert lacking or isinstance(found, Attribution)


def test_without_drift_hardly_any_look_blames_the_model():
    random, shares = np.random.default_rng(5), [0.5, 0.3, 0.2]
    least = least_answers(3, LIMIT, 0.9)
    pairs = [(random.multinomial(9 * least, shares), random.multinomial(least, shares)) for _ in range(3000)]
    found = [attribute(of(REFERENCE), *(of(tuple(side.tolist())) for side in pair)) for pair in pairs]
    assert sum(one.cause == "model change" for one in found) <= 3000 * FALSE_ALARMS * 4
    assert not any(isinstance(one, TooFew) for one in found)


def test_histograms_of_other_bins_are_not_compared():
    with pytest.raises(ValueError, match="expected the bins"):
        attribute(of(REFERENCE), of(LIKE), of((1, 2)))


def test_the_feature_that_moved_most_comes_first():
    normal = np.random.default_rng(6).normal(size=(3, 1000))
    reference = {name: tenths(normal[0]) for name in ("still", "far", "near")}
    now = {"still": tenths(normal[1]), "far": tenths(normal[1] + 1), "near": tenths(normal[2] + 0.3)}
    moved = movements(reference, now)
    assert [one.feature for one in moved] == ["far", "near", "still"]
    assert [one.is_far for one in moved] == [True, False, False]
    assert [one.rows for one in moved] == [1000] * 3


def test_values_that_are_missing_now_are_a_movement():
    normal = np.random.default_rng(7).normal(size=1000)
    [moved] = movements({"age": tenths(normal)}, {"age": tenths(np.where(normal > 0.7, np.nan, normal))})
    assert moved.is_far


def test_features_of_too_few_rows_come_last_and_are_not_judged():
    normal = np.random.default_rng(8).normal(size=1000)
    reference = {name: tenths(normal) for name in ("few", "none", "many")}
    now = {"few": tenths(normal[:50] + 3), "none": tenths(normal[:0]), "many": tenths(normal)}
    many, few, none = movements(reference, now)
    assert many.psi is not None
    assert [(one.feature, one.psi, one.js, one.is_far) for one in (few, none)] == [
        ("few", None, None, False),
        ("none", None, None, False),
    ]
    assert few.needed > few.rows == 50


def test_more_features_take_more_rows():
    normal = np.random.default_rng(9).normal(size=1000)
    needed = [
        movements(dict.fromkeys(names, tenths(normal)), dict.fromkeys(names, tenths(normal[:50])))[0].needed
        for names in ("a", "abcdefgh")
    ]
    assert needed[0] < needed[1]


def test_without_drift_no_feature_of_many_is_far():
    random = np.random.default_rng(10)
    reference = {f"f{place}": tenths(random.normal(size=2000)) for place in range(300)}
    now = {name: tenths(random.normal(size=300)) for name in reference}
    moved = movements(reference, now)
    assert all(one.psi is not None for one in moved)
    assert not any(one.is_far for one in moved)


def test_other_features_are_refused():
    with pytest.raises(ValueError, match=r"expected the features \['a'\], got \['b'\]"):
        movements({"a": of(LIKE)}, {"b": of(LIKE)})


def test_of_older_borrowers_age_moved_most(shared_data, tmp_path):
    with gzip.open(shared_data / "risk/UCI_Credit_Card.csv.gz", "rt") as file:
        names = file.readline().replace('"', "").split(",")[1:12]
        rows = np.loadtxt(file, np.float32, delimiter=",", usecols=range(1, 12), max_rows=6000)
    bundle = write_bundle(tmp_path, weights=np.zeros((11, 3), np.float32), names=names)
    arrays = {**statistics.inputs(rows), "output_classes": np.zeros(3, np.int64)}
    summary = ReferenceSummary(rows=len(rows), of=len(rows), bins=BINS, arrays=tuple(arrays))
    kept = kept_rows(with_reference(bundle, arrays, reference=summary))
    older = movements(kept, count_rows(kept, rows[rows[:, names.index("AGE")] > 45]))
    assert older[0].feature == "AGE"
    anyone = movements(kept, count_rows(kept, rows[np.random.default_rng(11).permutation(len(rows))[:1000]]))
    assert not any(one.is_far for one in anyone)
