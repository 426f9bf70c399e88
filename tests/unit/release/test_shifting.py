"""Promotions and their way back, whatever goes wrong at whichever step."""

from dataclasses import replace

import pytest

from serinus.errors import ReleaseError
from serinus.release.history import made, outcomes
from serinus.release.routing import Routing
from serinus.release.shifting import NotMade, promote, promotion, take_back, taking_back
from tests.releases import ADA, World, failing, health
from tests.shelves import Killed, die

ONE, TWO, THREE = Routing("1"), Routing("2"), Routing("3")
TENTH = Routing("1", "2", 0.1)


@pytest.fixture
def world() -> World:
    return World()


def release(world: World, version: str = "2", weight: float | None = None):
    return promote(world.place, promotion(world.place, version, weight), ADA)


def back(world: World):
    return take_back(world.place, taking_back(world.place), ADA)


def known(world: World) -> list[str]:
    return [str(outcome) for outcome in outcomes(world.history.entries(), world.alias.get())]


def test_a_promotion_shifts_the_traffic_and_is_recorded(world):
    entry = release(world, weight=0.1)
    assert world.alias.routing == TENTH
    assert world.history.entries() == [entry]
    assert (entry.by, entry.at, entry.notes, entry.state) == ("ada", ADA.at, "new forest", "done")
    assert (entry.before, entry.after, entry.seen, entry.revision) == (ONE, TENTH, "r0", "r1")
    assert entry.models == {"linear": "1.0.0"}


def test_golden_rows_are_replayed_on_the_version_that_is_to_get_traffic(world):
    release(world, "3", 0.1)
    assert world.versions.asked == ["3"]


def test_a_version_whose_golden_rows_are_wrong_gets_no_traffic(world):
    world.versions.payload = health(equal=False, status=503)
    with pytest.raises(ReleaseError, match=r"golden rows of version 2 are not right .*linear: off by up to 0\.5"):
        promotion(world.place, "2", None)
    assert (world.alias.routing, world.history.entries()) == (ONE, [])


def test_a_version_that_does_not_exist_gets_no_traffic(world):
    with pytest.raises(ReleaseError, match="no version 9"):
        promotion(world.place, "9", None)


@pytest.mark.parametrize("state", ["Pending", "Failed"])
def test_a_version_that_cannot_run_gets_no_traffic(world, state):
    world.versions.state = state
    with pytest.raises(ReleaseError, match=f"version 2 is {state}, expected Active"):
        promotion(world.place, "2", None)


def test_a_decision_alone_changes_nothing(world):
    promotion(world.place, "2", 0.1)
    assert (world.alias.routing, world.history.entries()) == (ONE, [])


def test_whoever_moves_the_traffic_during_the_check_is_not_overruled(world):
    world.versions.asking = lambda: world.alias.move(THREE)
    with pytest.raises(NotMade, match="somebody else moved it"):
        release(world)
    assert world.alias.routing == THREE
    [entry] = world.history.entries()
    assert (entry.state, entry.reason) == ("refused", "nothing was changed: somebody else moved it")
    assert known(world) == ["not made"]


def test_a_shift_that_is_not_there_afterwards_is_told(world):
    world.alias.after = lambda: world.alias.move(THREE)
    with pytest.raises(ReleaseError, match="wrote all traffic to version 2; but now it is all traffic to version 3"):
        release(world)
    assert known(world) == ["unknown"]


def test_another_weight_than_was_written_is_told(world):
    world.alias.after = lambda: world.alias.move(Routing("1", "2", 0.2))
    with pytest.raises(ReleaseError, match=r"wrote 0\.9 of .*; but now it is 0\.8 of the traffic to version 1, 0\.2"):
        release(world, weight=0.1)


def test_a_shift_whose_answer_was_lost_is_found_made(world):
    world.alias.after = failing()
    assert release(world).state == "done"
    assert world.alias.routing == TWO


def test_a_shift_that_failed_is_found_not_made(world):
    world.alias.before = failing("weights and provisioned concurrency")
    with pytest.raises(NotMade, match="nothing was changed: weights and provisioned concurrency"):
        release(world)
    assert [entry.state for entry in world.history.entries()] == ["refused"]


def test_a_shift_of_which_nothing_can_be_known_is_told(world):
    def blind() -> None:
        world.alias.reading = failing("no answer either")
        raise ReleaseError("no answer")

    world.alias.after = blind
    with pytest.raises(ReleaseError, match="not known whether this was done: no answer; no answer either"):
        release(world)
    world.alias.reading = lambda: None
    assert known(world) == ["made"]


def test_a_shift_that_cannot_be_read_back_is_told(world):
    def blind() -> None:
        world.alias.reading = failing("no answer")

    world.alias.after = blind
    with pytest.raises(ReleaseError, match="done, says AWS, but not known whether it is; no answer"):
        release(world)


def test_without_a_history_nothing_is_promoted(world):
    world.history.adding = failing("table is gone")
    with pytest.raises(ReleaseError, match="table is gone"):
        release(world)
    assert world.alias.routing == ONE


def test_a_shift_that_cannot_be_recorded_is_told_and_stays(world):
    world.history.completing = failing("table is gone")
    with pytest.raises(ReleaseError, match=r"done: all traffic to version 2; but .* Do not repeat it .*table is gone"):
        release(world)
    assert world.alias.routing == TWO
    assert known(world) == ["made"]


@pytest.mark.parametrize(
    ("step", "outcome", "routing"),
    [("before", "not made", ONE), ("after", "made", TWO)],
)
def test_the_history_tells_what_a_killed_promotion_came_to(world, step, outcome, routing):
    setattr(world.alias, step, die)
    with pytest.raises(Killed):
        release(world)
    assert world.alias.routing == routing
    assert [entry.state for entry in world.history.entries()] == ["planned"]
    assert known(world) == [outcome]


@pytest.mark.parametrize(("step", "outcome"), [("before", "not made"), ("after", "made")])
def test_it_still_tells_so_after_further_releases(world, step, outcome):
    setattr(world.alias, step, die)
    with pytest.raises(Killed):
        release(world)
    setattr(world.alias, step, lambda: None)
    release(world, "3")
    release(world, "1")
    assert known(world) == [outcome, "made", "made"]


def test_a_killed_promotion_is_taken_back_like_any_other(world):
    world.alias.after = die
    with pytest.raises(Killed):
        release(world)
    world.alias.after = lambda: None
    assert back(world).after == ONE


def test_a_killed_promotion_that_came_to_nothing_is_not_taken_back(world):
    release(world, "3")
    world.alias.before = die
    with pytest.raises(Killed):
        release(world)
    world.alias.before = lambda: None
    assert back(world).after == ONE
    assert known(world) == ["made", "not made", "made"]


def test_a_plan_that_another_one_overtook_was_not_made(world):
    """Even when both wanted the same."""
    world.alias.before = die
    with pytest.raises(Killed):
        release(world)
    world.alias.before = lambda: None
    release(world)
    assert known(world) == ["not made", "made"]
    assert len(made(world.history.entries(), world.alias.get())) == 1


def test_of_two_who_release_at_once_one_is_heard(world):
    first, second = promotion(world.place, "2", 0.1), promotion(world.place, "3", 0.5)
    promote(world.place, first, ADA)
    with pytest.raises(NotMade):
        promote(world.place, second, replace(ADA, by="grace"))
    assert world.alias.routing == TENTH
    assert known(world) == ["made", "not made"]


def test_a_candidate_loses_its_share(world):
    release(world, weight=0.1)
    entry = back(world)
    assert (world.alias.routing, entry.before, entry.after) == (ONE, TENTH, ONE)


def test_a_way_back_is_not_gated(world):
    release(world)
    world.versions.payload = health(equal=False, status=503)
    back(world)
    assert world.alias.routing == ONE


def test_a_way_back_asked_for_twice_goes_one_step(world):
    release(world, "2")
    release(world, "3")
    back(world)
    again = taking_back(world.place)
    assert not again.shift.is_change
    assert world.alias.routing == TWO


def test_there_is_no_way_back_to_a_version_that_is_gone(world):
    release(world)
    world.versions.numbers = ("2", "3")
    with pytest.raises(ReleaseError, match="no version 1"):
        taking_back(world.place)


def test_a_history_that_cannot_be_read_holds_no_candidate(world):
    release(world, weight=0.1)
    world.history.adding = failing("table is gone")
    with pytest.raises(ReleaseError, match=r"done: all traffic to version 1; but the history does not know"):
        back(world)
    assert world.alias.routing == ONE


def test_a_way_back_that_somebody_else_wrote_beside_is_recorded_late(world):
    release(world, weight=0.1)
    once = [failing("entry 2 is somebody else's")]
    world.history.adding = lambda: once.pop()() if once else None
    entry = back(world)
    assert (entry.state, entry.after, world.alias.routing) == ("done", ONE, ONE)
    assert known(world) == ["made", "made"]


def test_a_way_back_is_overtaken_like_a_promotion(world):
    release(world, weight=0.1)
    decision = taking_back(world.place)
    world.alias.move(TWO)
    with pytest.raises(NotMade):
        take_back(world.place, decision, ADA)
    assert world.alias.routing == TWO


def test_traffic_that_was_moved_past_the_history_is_not_guessed_at(world):
    release(world)
    world.alias.move(THREE)
    with pytest.raises(ReleaseError, match="somebody moved the traffic past the history"):
        taking_back(world.place)
