"""A subject always meets the same arm, as many do as the share says, and nobody flips back while it grows."""

import contextlib
import hashlib
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from serinus.errors import ExperimentError
from serinus.experiment import Split, point_of, split_from

DOCS = Path(__file__).parents[2] / "docs" / "experiment.md"
SUBJECTS = [f"user-{number}" for number in range(1000)]
FEW = SUBJECTS[:100]
MANY = 100_000
rarely = settings(max_examples=40, deadline=None)
TWO = Split("forest-or-trees", ("1.0.0", "1.1.0"), salt="2026-11")
FIVE = Split("five", ("control", "a", "b", "c", "d"), salt="2026-11")

some_share = st.floats(0, 1)
four_shares = st.lists(st.floats(0, 1), min_size=5, max_size=5).map(
    lambda parts: dict(zip("abcd", (part / max(sum(parts), 1e-9) for part in parts), strict=False))
)


def arms(split: Split, subjects: list[str] = FEW) -> list[str]:
    return [split.arm_of(subject) for subject in subjects]


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 1], ids=lambda share: f"{share:.0%}")
def test_as_many_subjects_get_the_candidate_as_its_share_says(share):
    split = TWO.shifted({"1.1.0": share})
    candidates = sum(split.arm_of(f"user-{number}") == "1.1.0" for number in range(MANY))
    low, high = stats.binom.interval(0.999, MANY, share) if 0 < share < 1 else (share * MANY, share * MANY)
    assert low <= candidates <= high


def test_the_hash_never_changes():
    split = Split("five", ("control", "a", "b"), salt="2026-11").shifted({"a": 0.3, "b": 0.3})
    points = [f"{point_of('2026-11', 'five', subject):016x}" for subject in ("1", "user-7", "Zoë", "\ud800")]
    assert points == ["e3cb1d0afe4dbeb4", "abc549cca488a0ed", "9effe1b803718ae4", "dcdab2dbd17c71ef"]
    assert (
        "".join(split.arm_of(str(number))[0] for number in range(60))
        == "bbaacccbacacccbaaabaabaacacbabbaccbbbcaaabccaccbaacacbacbcaa"
    )


def test_the_candidate_has_those_whose_hash_is_below_its_share():
    subject = b"ann"
    led = b"".join(len(part).to_bytes(8, "big") + part for part in (b"2026-11", b"forest-or-trees", subject))
    point = int.from_bytes(hashlib.sha256(led).digest()[:8], "big")
    assert TWO.shifted({"1.1.0": point / 2**64 - 1e-9}).arm_of("ann") == "1.0.0"
    assert TWO.shifted({"1.1.0": point / 2**64 + 1e-9}).arm_of("ann") == "1.1.0"


def test_the_parts_of_the_hash_do_not_run_into_each_other():
    parts = [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd"), ("", "abc", "d"), ("abcd", "", "")]
    assert len({point_of(*three) for three in parts}) == len(parts)


@rarely
@given(st.lists(some_share, min_size=2, max_size=6).map(sorted))
def test_nobody_flips_back_while_the_share_grows(shares):
    answers = zip(*(arms(TWO.shifted({"1.1.0": share})) for share in shares), strict=True)
    assert all(list(of_one) == sorted(of_one) for of_one in answers)


@rarely
@given(st.lists(four_shares, min_size=2, max_size=5))
def test_a_candidate_loses_nobody_while_its_share_does_not_fall(steps):
    split = FIVE
    for shares in steps:
        after = split.shifted(shares)
        lost = {arm for arm, now in zip(arms(split), arms(after), strict=True) if arm != now}
        fell = {arm for arm in split.arms if after.shares[arm] < split.shares[arm]}
        assert lost - {"control"} <= fell
        split = after


@rarely
@given(st.lists(four_shares, min_size=1, max_size=4), st.sampled_from("abcd"), some_share)
def test_changing_one_candidate_moves_subjects_between_it_and_the_control_alone(steps, arm, part):
    split = FIVE
    for shares in steps:
        split = split.shifted(shares)
    room = split.shares[arm] + split.shares["control"]
    moves = set(zip(arms(split), arms(split.shifted({arm: part * room})), strict=True))
    assert {pair for pair in moves if pair[0] != pair[1]} in (set(), {("control", arm)}, {(arm, "control")})


def test_candidates_exchange_nobody_while_the_control_has_some_to_give():
    before = FIVE.shifted({"a": 0.3, "b": 0.1})
    after = before.shifted({"a": 0.1, "b": 0.3})
    assert ("a", "b") not in set(zip(arms(before, SUBJECTS), arms(after, SUBJECTS), strict=True))


def test_who_came_last_leaves_first():
    before = FIVE.shifted({"a": 0.1, "b": 0.2, "c": 0.1})
    assert arms(before.shifted({"b": 0.4}).shifted({"b": 0.2}), SUBJECTS) == arms(before, SUBJECTS)


@rarely
@given(st.lists(st.tuples(some_share, some_share), min_size=1, max_size=5))
def test_with_two_candidates_the_shares_alone_say_who_has_which_arm(steps):
    split = start = Split("three", ("control", "a", "b"), salt="2026-11")
    for first, second in steps:
        split = split.shifted({"a": first, "b": (1 - first) * second})
    assert split.pieces == start.shifted({"a": first, "b": (1 - first) * second}).pieces


@rarely
@given(st.lists(four_shares, min_size=1, max_size=4))
def test_shares_are_kept_to_the_rounding_of_floats(steps):
    split = FIVE
    for shares in steps:
        split = split.shifted(shares)
        assert {arm: split.shares[arm] for arm in shares} == pytest.approx(shares, abs=1e-12)
        assert sum(split.shares.values()) == pytest.approx(1)


def test_shares_that_are_one_but_for_rounding_leave_the_control_nobody():
    split = Split("eleven", tuple(f"arm {number}" for number in range(11)), salt="2026-11")
    split = split.shifted(dict.fromkeys(split.arms[1:], 0.1))
    assert "arm 0" not in arms(split)


def test_a_candidate_that_is_not_named_keeps_its_subjects():
    before = FIVE.shifted({"a": 0.2, "b": 0.3})
    after = before.shifted({"a": 0.4})
    assert after.shares["b"] == before.shares["b"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Split("another", TWO.arms, salt=TWO.salt), id="another name"),
        pytest.param(Split(TWO.experiment, TWO.arms, salt="2026-12"), id="another salt"),
    ],
)
def test_who_has_which_arm_of_one_experiment_says_nothing_of_another(other):
    subjects = [f"user-{number}" for number in range(20_000)]
    this, that = (arms(split.shifted({"1.1.0": 0.4}), subjects) for split in (TWO, other))
    pairs = list(zip(this, that, strict=True))
    table = [[pairs.count((one, two)) for two in TWO.arms] for one in TWO.arms]
    assert stats.chi2_contingency(table).pvalue > 0.001


@pytest.mark.parametrize("share", [0, 1])
def test_a_forced_subject_has_its_arm_whatever_the_share(share):
    split = Split("forced", ("1.0.0", "1.1.0"), salt="2026-11", forced={"ann": "1.1.0", "bob": "1.0.0"})
    split = split.shifted({"1.1.0": share})
    assert (split.arm_of("ann"), split.arm_of("bob")) == ("1.1.0", "1.0.0")


def test_a_new_split_is_all_control():
    assert set(arms(TWO)) == {"1.0.0"}
    assert TWO.shares == {"1.0.0": 1.0, "1.1.0": 0.0}


@rarely
@given(st.lists(four_shares, min_size=1, max_size=4))
def test_a_split_comes_back_from_json(steps):
    split = Split("kept", FIVE.arms, salt="2026-11", forced={"ann": "c"})
    for shares in steps:
        split = split.shifted(shares)
    assert split_from(json.loads(json.dumps(split.to_dict()))) == split


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        pytest.param({"1.1.0": -0.1}, "a share of -0.1 for '1.1.0': expected one from 0 to 1", id="negative"),
        pytest.param({"1.1.0": 10}, "a share of 10 for '1.1.0': expected one from 0 to 1", id="per cent"),
        pytest.param({"1.1.0": float("nan")}, "a share of nan", id="nan"),
        pytest.param({"1.2.0": 0.1}, "unknown arm '1.2.0': expected some of '1.0.0', '1.1.0'", id="unknown arm"),
        pytest.param({"1.1.0": 0.1, "1.0.0": 0.1}, "control '1.0.0': expected the rest, 0.9", id="not the rest"),
    ],
)
def test_impossible_shares_are_refused(shares, said):
    with pytest.raises(ExperimentError, match=re.escape(said)):
        TWO.shifted(shares)


def test_shares_of_more_than_all_are_refused():
    with pytest.raises(ExperimentError, match=r"shares of 1\.2 in sum, .*: expected at most 1"):
        FIVE.shifted({"a": 0.6}).shifted({"b": 0.6})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param({"experiment": ""}, "an empty experiment", id="no name"),
        pytest.param({"salt": ""}, "an empty salt", id="no salt"),
        pytest.param({"arms": ("a", "")}, "an empty arm", id="arm without a name"),
        pytest.param({"arms": ("a",)}, "arms ['a']: expected the control and at least one candidate", id="one arm"),
        pytest.param({"arms": ("a", "b", "a")}, "repeated arms 'a'", id="repeated arm"),
        pytest.param({"forced": {"": "a"}}, "an empty subject is forced to 'a'", id="nobody forced"),
        pytest.param(
            {"forced": {"ann": "c"}}, "'ann' is forced to the unknown arm 'c': expected 'a', 'b'", id="forced"
        ),
        pytest.param(
            {"pieces": {"a": ((0, 1),)}}, "pieces of 'a': expected only candidates, 'b'", id="control's piece"
        ),
        pytest.param({"pieces": {"b": ((0, 9), (8, 12))}}, "that do not overlap", id="pieces overlap"),
        pytest.param({"pieces": {"b": ((0, 2**64 + 1),)}}, "within 0 and 2^64", id="piece off the line"),
    ],
)
def test_an_impossible_split_is_refused(wrong, said):
    with pytest.raises(ExperimentError, match=re.escape(said)):
        Split(**{"experiment": "x", "arms": ("a", "b"), "salt": "s"} | wrong)


def test_a_subject_without_a_key_is_refused():
    with pytest.raises(ExperimentError, match="expected the key of a subject, got an empty one"):
        TWO.arm_of("")


@pytest.mark.parametrize(
    "wrong",
    [{"pieces": {"1.1.0": [["g", "h"]]}}, {"pieces": {"1.1.0": ["0"]}}, {"arms": None}, {"pieces": []}],
    ids=str,
)
def test_a_stored_split_that_is_none_is_refused(wrong):
    with pytest.raises(ExperimentError, match="expected a split as to_dict gives it"):
        split_from(TWO.to_dict() | wrong)


class ABTestRouter:
    """The original, as Kepler's documents have it."""

    def __init__(self, model_a, model_b, split_ratio=0.5):
        self.model_a, self.model_b, self.split_ratio = model_a, model_b, split_ratio

    def route_request(self, request_id):
        hash_value = int(hashlib.md5(request_id.encode()).hexdigest(), 16)
        return self.model_a if (hash_value % 100) < (self.split_ratio * 100) else self.model_b


def test_the_original_router_sends_nine_tenths_to_the_new_version_and_serinus_one_tenth():
    router = ABTestRouter("1.0.0", "1.1.0", split_ratio=0.1)
    split = TWO.shifted({"1.1.0": 0.1})
    new = [sum(choose(subject) == "1.1.0" for subject in SUBJECTS) for choose in (router.route_request, split.arm_of)]
    assert new == pytest.approx([900, 100], abs=30)


def test_the_original_router_gives_one_user_both_versions_as_it_hashes_the_request():
    router = ABTestRouter("1.0.0", "1.1.0", split_ratio=0.1)
    assert {router.route_request(f"ann, request {number}") for number in range(100)} == {"1.0.0", "1.1.0"}


def test_the_examples_of_the_page_print_what_it_says():
    page = DOCS.read_text()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), {})
    assert printed.getvalue() == "".join(re.findall(r"```text\n(.*?)```", page, re.DOTALL))
