"""What to write, given where the traffic goes and what is wanted."""

import pytest

from serinus.errors import ReleaseError
from serinus.release.routing import Routing, Shift, promoted, taken_back

ONE, TWO, THREE = Routing("1"), Routing("2"), Routing("3")
TENTH = Routing("1", "2", 0.1)


@pytest.mark.parametrize(
    ("now", "version", "weight", "after"),
    [
        pytest.param(ONE, "2", None, TWO, id="all"),
        pytest.param(ONE, "2", 0.1, TENTH, id="a tenth"),
        pytest.param(TENTH, "2", 0.5, Routing("1", "2", 0.5), id="more of it"),
        pytest.param(TENTH, "2", None, TWO, id="all after a tenth"),
        pytest.param(TENTH, "1", None, ONE, id="all to the one before"),
        pytest.param(TENTH, "3", 0.2, Routing("1", "3", 0.2), id="another candidate"),
        pytest.param(TENTH, "3", None, THREE, id="a third"),
        pytest.param(TWO, "1", None, ONE, id="an older one"),
    ],
)
def test_a_promoted_version_gets_its_share(now, version, weight, after):
    shift = promoted(now, version, weight)
    assert shift == Shift("promote", now, after)
    assert shift.is_change


@pytest.mark.parametrize(("now", "version", "weight"), [(TWO, "2", None), (TENTH, "2", 0.1)])
def test_what_is_so_already_is_no_change(now, version, weight):
    assert not promoted(now, version, weight).is_change


@pytest.mark.parametrize("version", ["$LATEST", "0", "01", "-1", "live", "", "1.0", "2\n"])
def test_only_published_versions_are_promoted(version):
    with pytest.raises(ReleaseError, match=r"expected the number of a published version, such as 7, got"):
        promoted(ONE, version, None)


@pytest.mark.parametrize("weight", [0.0, 1.0, -0.1, 1.5, float("nan"), float("inf")])
def test_a_weight_is_a_share(weight):
    with pytest.raises(ReleaseError, match=r"expected a weight between 0 and 1, got"):
        promoted(ONE, "2", weight)


@pytest.mark.parametrize("now", [ONE, TENTH])
def test_no_version_gets_a_share_beside_itself(now):
    with pytest.raises(ReleaseError, match=r"version 1 cannot have 0\.1 of the traffic beside itself"):
        promoted(now, "1", 0.1)


def test_a_candidate_loses_its_share_whatever_the_history_says():
    assert taken_back(TENTH, []) == Shift("back", TENTH, ONE)
    assert taken_back(TENTH, [Shift("promote", TWO, THREE)]) == Shift("back", TENTH, ONE)


def test_without_a_candidate_the_version_before_is_live_again():
    past = [Shift("promote", ONE, TWO), Shift("promote", TWO, THREE)]
    assert taken_back(THREE, past) == Shift("back", THREE, TWO)


def test_what_came_step_by_step_is_taken_back_whole():
    past = [Shift("promote", ONE, TENTH), Shift("promote", TENTH, TWO)]
    assert taken_back(TWO, past) == Shift("back", TWO, ONE)


@pytest.mark.parametrize(
    "past",
    [
        pytest.param([Shift("promote", ONE, TWO), Shift("promote", TWO, THREE), Shift("back", THREE, TWO)], id="all"),
        pytest.param([Shift("promote", ONE, TWO), Shift("back", Routing("2", "3", 0.1), TWO)], id="a share"),
    ],
)
def test_what_was_taken_back_is_not_taken_back_twice(past):
    shift = taken_back(TWO, past)
    assert shift.after == TWO
    assert not shift.is_change


def test_what_was_live_before_the_first_release_is_not_known():
    with pytest.raises(ReleaseError, match="nothing was live before version 1, says the history"):
        taken_back(ONE, [])


def test_a_history_that_ends_elsewhere_is_not_trusted():
    with pytest.raises(ReleaseError, match="somebody moved the traffic past the history: it ends with all traffic to"):
        taken_back(THREE, [Shift("promote", ONE, TWO)])


def test_shares_are_told_by_version():
    routing = Routing("1", "2", 0.25)
    assert [routing.share(version) for version in ("1", "2", "3")] == [0.75, 0.25, 0.0]
    assert ONE.share("1") == 1.0


def test_a_routing_says_itself_in_words():
    assert str(ONE) == "all traffic to version 1"
    assert str(TENTH) == "0.9 of the traffic to version 1, 0.1 to version 2"


def test_weights_that_were_written_as_text_are_the_same():
    assert Routing("1", "2", 0.1).matches(Routing("1", "2", float(f"{0.1:.17g}")))
    assert not Routing("1", "2", 0.1).matches(Routing("1", "2", 0.11))
    assert not Routing("1", "2", 0.1).matches(Routing("1", "3", 0.1))
