"""One simulated rollout: the alias follows the judge, whatever happens to it or to who moves it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from serinus.canary.recording import Told, parsed
from serinus.errors import ReleaseError
from serinus.policy import Policy, Step
from serinus.release.routing import Pointed, Routing
from serinus.replay import replayed
from serinus.rollout import Verdict
from serinus.simulation.alias import FakeAlias
from serinus.simulation.controller import Controller
from serinus.simulation.drive import BASELINE, CANDIDATE, Drive, Moment, fresh_alias, lines
from serinus.simulation.run import Plan
from serinus.simulation.scenario import Metrics, Scenario, found

SHORT = Policy(steps=(Step(weight=0.1, bake_min=2), Step(weight=0.5, bake_min=2)), deadline=2)
EVER = 1_000_000
BACK, ONWARD = Routing(BASELINE), Routing(CANDIDATE)
FIRST, SECOND = Routing(BASELINE, CANDIDATE, 0.1), Routing(BASELINE, CANDIDATE, 0.5)
GOOD = found("healthy-0.1")


def drive(scenario: Scenario = GOOD, *, alias: FakeAlias | None = None, watch_h: float = 0) -> Drive:
    return Drive.of(Plan(scenario, SHORT, 3000, runs=1, watch_h=watch_h), alias)


def routings(moments: list[Moment]) -> list[Routing]:
    """Each only when it is another than before."""
    places = [moment.routing for moment in moments]
    return [place for before, place in zip([None, *places], places, strict=False) if place != before]


def alerts(moments: list[Moment]) -> list[str]:
    return [alert for moment in moments for alert in moment.alerts]


def until(moments: Iterator[Moment], at_s: int) -> list[Moment]:
    """Those up to this second."""
    passed = []
    for moment in moments:
        passed.append(moment)
        if moment.at_s >= at_s:
            break
    return passed


def decisions(moments: list[Moment]) -> list[Told]:
    return [Told.of(moment.decision) for moment in moments if moment.decision is not None]


def same(ours: list[Moment], theirs: list[Moment]) -> bool:
    both = zip(decisions(ours), decisions(theirs), strict=True)
    return not any(one.differing(other) for one, other in both) and routings(ours) == routings(theirs)


def moved_by_hand(alias: FakeAlias, routing: Routing) -> None:
    alias.shift(routing, alias.get().revision)


@pytest.fixture(scope="module")
def undisturbed() -> list[Moment]:
    """A good release, from the first step to the promotion."""
    return list(drive().moments())


@dataclass
class Killing(FakeAlias):
    """Whoever moves it on from the first step is killed right after."""

    def shift(self, routing: Routing, seen: str) -> None:
        super().shift(routing, seen)
        if self.changes == 2:
            raise KeyboardInterrupt


@dataclass
class Overtaken(FakeAlias):
    """Somebody else is always a little faster, and does the same."""

    def shift(self, routing: Routing, seen: str) -> None:
        super().shift(routing, self.revision)
        super().shift(routing, seen)


@dataclass
class Unreadable(FakeAlias):
    """unread: how many readings more fail; silent: how many do after the next shift"""

    unread: int = 0
    silent: int = 0

    def get(self) -> Pointed:
        if self.unread:
            self.unread -= 1
            raise ReleaseError("cannot read the alias: no answer")
        return super().get()

    def shift(self, routing: Routing, seen: str) -> None:
        super().shift(routing, seen)
        self.unread, self.silent = self.silent, 0


def test_a_good_release_is_given_its_traffic_step_by_step(undisturbed):
    assert routings(undisturbed) == [FIRST, SECOND, ONWARD]
    assert (undisturbed[-1].status, alerts(undisturbed)) == ("promoted", [])


def test_every_window_is_measured_at_the_weight_that_the_alias_had(undisturbed):
    weights = [
        float(window.weight)
        for moment in undisturbed
        for measurement in moment.measurements
        for window in measurement.windows
    ]
    assert weights == [0.1] * 12 + [0.5] * 12


def test_a_bad_release_loses_its_traffic():
    moments = list(drive(found("errors-50")).moments())
    assert routings(moments) == [FIRST, BACK]
    assert moments[-1].status == "taken back"


def test_a_release_that_fails_after_its_promotion_is_taken_back():
    fails_later = Scenario(name="late", then={"unhealthy": 1.0}, after_min=6)
    moments = list(drive(fails_later, watch_h=1).moments())
    assert routings(moments) == [FIRST, SECOND, ONWARD, BACK]
    assert moments[-1].status == "taken back"


def test_a_release_that_was_watched_for_long_enough_is_promoted():
    moments = list(drive(watch_h=0.05).moments())
    assert moments[-1].status == "promoted"
    assert moments[-1].at_s == 240 + 180


def test_where_another_candidate_has_traffic_no_rollout_begins():
    alias = fresh_alias()
    moved_by_hand(alias, SECOND)
    with pytest.raises(ReleaseError, match="expected all traffic to version 1, but now it is 0"):
        drive(alias=alias)


def test_nobody_looks_while_nobody_is_there():
    blind = GOOD.model_copy(update={"metrics": Metrics(blind=(0.5, 1.5))})
    looked = [moment.at_s for moment in drive(blind).moments()]
    assert looked[:4] == [0, 10, 20, 90]


@pytest.mark.parametrize("every", [1, 7], ids=["at every look", "now and then"])
def test_a_fresh_controller_goes_on_from_what_the_last_one_wrote(undisturbed, every):
    interrupted, moments = drive(), []
    for number, moment in enumerate(interrupted.moments()):
        moments.append(moment)
        if number % every == 0:
            before = interrupted.controller
            interrupted.controller = Controller(before.opening, before.alias, before.text)
    assert same(moments, undisturbed)


def test_a_controller_killed_between_decision_and_shift_is_no_loss():
    """Whoever comes next finds the decision, and carries it out."""
    killed = drive(found("errors-50"))
    until(killed.moments(), 0)
    decision = None
    for start_s in range(0, 120, 10):
        killed.measure(start_s)
        decision = killed.controller.decide(killed.told(start_s + 10))
        if decision is not None and decision.is_over:
            break
    assert decision is not None
    assert killed.alias.get().routing == FIRST
    Controller(killed.opening, killed.alias, killed.controller.text).carry_out()
    assert decision.verdict is Verdict.ROLLBACK
    assert killed.alias.get().routing == BACK


def test_whoever_comes_after_one_that_was_killed_right_after_its_shift_finds_it_made():
    alias = Killing(fresh_alias().versions, BACK)
    killed = drive(alias=alias)
    with pytest.raises(KeyboardInterrupt):
        list(killed.moments())
    progress = Controller(killed.opening, alias, killed.controller.text).carry_out()
    assert (progress.status, progress.is_pending, progress.alerts) == ("judging", False, ())
    assert alias.get().routing == SECOND


def test_of_two_controllers_one_is_refused_and_moves_nothing():
    one = drive(found("errors-50"))
    moments = one.moments()
    other = Controller(one.opening, one.alias, "")
    while True:
        other.text = one.controller.text
        moment = next(moments)
        second = other.decide(moment.measurements)
        if moment.decision is not None and moment.decision.is_over:
            break
    revision = one.alias.revision
    refused = other.carry_out()
    assert second is not None
    assert Told.of(second).differing(Told.of(moment.decision)) == ()
    assert (refused.status, refused.alerts) == ("stopped", ("STOPPED",))
    assert one.alias.revision == revision


def test_of_two_controllers_that_saw_the_same_alias_the_later_is_refused():
    """Both have read it, and only then does the first one shift."""
    alias = Overtaken(fresh_alias().versions, BACK)
    late = drive(alias=alias).controller.carry_out()
    assert (late.status, late.alerts) == ("stopped", ("STOPPED",))
    assert alias.changes == 1


@pytest.mark.parametrize("by_hand", [BACK, ONWARD, Routing(BASELINE, CANDIDATE, 0.2), FIRST], ids=str)
def test_where_somebody_else_moves_the_alias_it_stops_and_leaves_it_there(by_hand):
    disturbed = drive()
    moments = disturbed.moments()
    until(moments, 60)
    moved_by_hand(disturbed.alias, by_hand)
    rest = list(moments)
    assert [moment.at_s for moment in rest] == [70]
    assert (rest[0].status, rest[0].alerts, rest[0].routing) == ("stopped", ("STOPPED",), by_hand)
    assert "somebody else moved the alias" in disturbed.controller.memory.why


def test_taking_back_is_tried_again_until_it_is_done():
    moments = list(drive(found("rollback-fails")).moments())
    over = next(moment for moment in moments if moment.decision is not None and moment.decision.is_over)
    assert (over.routing, over.is_pending, over.alerts) == (FIRST, True, ("NOT_MOVED",))
    assert (moments[-1].at_s - over.at_s, moments[-1].routing) == (30, BACK)
    assert (moments[-1].status, alerts(moments)) == ("taken back", ["NOT_MOVED"])


def test_nothing_is_judged_once_all_is_decided():
    moments = list(drive(found("rollback-fails")).moments())
    assert [moment.decision for moment in moments[-3:]] == [None] * 3


def test_taking_back_that_always_fails_ends_as_that_with_an_alert():
    stuck = found("rollback-fails").model_copy(update={"stuck_s": EVER})
    moments = list(drive(stuck).moments())
    assert (moments[-1].status, moments[-1].routing, moments[-1].is_pending) == ("rollback failed", FIRST, True)
    assert alerts(moments) == ["NOT_MOVED", "ROLLBACK_FAILED"]


def test_a_promotion_that_always_fails_ends_as_that_with_an_alert():
    stuck = drive()
    moments = stuck.moments()
    until(moments, 230)
    stuck.alias.throttled = EVER
    rest = list(moments)
    assert (rest[-1].status, rest[-1].routing) == ("promotion failed", SECOND)
    assert alerts(rest) == ["NOT_MOVED", "PROMOTION_FAILED"]


def test_a_step_that_fails_a_few_times_is_made_and_begins_late():
    late = drive()
    moments = late.moments()
    until(moments, 110)
    late.alias.throttled = 3
    rest = list(moments)
    assert routings(rest) == [FIRST, SECOND, ONWARD]
    assert alerts(rest) == ["NOT_MOVED"]
    assert rest[-1].status == "promoted"


def test_a_step_that_always_fails_is_aborted_at_its_deadline():
    stuck = drive()
    moments = stuck.moments()
    until(moments, 110)
    stuck.alias.throttled = EVER
    passed = until(moments, 350)
    stuck.alias.throttled = 0
    rest = list(moments)
    assert [told.verdict for told in decisions(passed) if told.verdict is not Verdict.HOLD] == [Verdict.ADVANCE]
    assert [told.verdict for told in decisions(rest)] == [Verdict.ABORT]
    assert (rest[-1].status, rest[-1].routing) == ("taken back", BACK)


def test_taking_back_is_tried_as_often_as_ever_after_a_step_that_failed():
    stuck = drive()
    moments = stuck.moments()
    until(moments, 110)
    stuck.alias.throttled = EVER
    rest = list(moments)
    [abort] = [moment.at_s for moment in rest if moment.decision is not None and moment.decision.is_over]
    assert alerts(rest) == ["NOT_MOVED", "NOT_MOVED", "ROLLBACK_FAILED"]
    assert rest[-1].at_s == abort + 290


def test_a_first_step_that_fails_at_first_spoils_nothing():
    alias = fresh_alias()
    alias.throttled = 2
    moments = list(drive(alias=alias).moments())
    assert routings(moments) == [BACK, FIRST, SECOND, ONWARD]
    assert alerts(moments) == ["NOT_MOVED"]


def test_a_shift_whose_answer_is_lost_is_found_made(undisturbed):
    alias = fresh_alias()
    alias.unanswered = 3
    assert same(list(drive(alias=alias).moments()), undisturbed)


def test_an_alias_that_cannot_be_read_for_a_while_is_read_later(undisturbed):
    alias = Unreadable(fresh_alias().versions, BACK)
    unreadable = drive(alias=alias)
    moments = unreadable.moments()
    passed = until(moments, 50)
    alias.unread = 3
    assert same([*passed, *moments], undisturbed)


def test_a_shift_that_is_made_and_cannot_be_read_back_is_known_again(undisturbed):
    alias = Unreadable(fresh_alias().versions, BACK)
    unreadable = drive(alias=alias)
    moments = unreadable.moments()
    passed = until(moments, 110)
    alias.silent = 2
    assert same([*passed, *moments], undisturbed)


def test_its_recording_is_judged_again_bit_for_bit(undisturbed):
    recording = parsed("".join(f"{line}\n" for line in lines(drive().opening, undisturbed)), "it")
    assert [one.differing for one in replayed(recording)] == [()] * 24
