"""Who carries out what the judge decides: moves the alias, tries again, and stops where somebody else moved it.

All that it knows between two looks is one text, so whoever comes after a crash goes on with that text. It is written
down before the alias is moved what will be tried: a shift whose maker was killed, or never had an answer, is known
again by its weights. A shift refused for its revision, and any other move of the alias, is somebody else's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from serinus.canary.measurement import Measurement
from serinus.canary.recording import Opening
from serinus.canary.remembered import as_text, recalled
from serinus.errors import ReleaseError
from serinus.release.routing import Pointed, Routing
from serinus.release.shifting import Alias, NotMade
from serinus.rollout import Decision, State, begun, judge

Status = Literal["judging", "promoted", "taken back", "promotion failed", "rollback failed", "stopped"]
NONE: tuple[str, ...] = ()
NOT_MOVED, STOPPED = "NOT_MOVED", "STOPPED"
LAST_SHIFTS: Mapping[float, tuple[Status, str]] = {
    0.0: ("rollback failed", "ROLLBACK_FAILED"),
    1.0: ("promotion failed", "PROMOTION_FAILED"),
}
NOTHING = -1.0


@dataclass(frozen=True)
class Memory:
    """revision: of the alias as it was left; made: the candidate's share there; tried: the one that it may have by now,
    if a shift was begun and not seen to end; failed: how often in a row it could not be moved; why: of the status"""

    state: State
    revision: str
    made: float = 0.0
    tried: float = NOTHING
    failed: int = 0
    status: Status = "judging"
    why: str = ""

    @property
    def wanted(self) -> float:
        return float(self.state.weight)


@dataclass(frozen=True)
class Progress:
    """is_pending: the alias is not where it is to be; alerts: that are due now"""

    status: Status
    is_pending: bool
    alerts: tuple[str, ...]


@dataclass
class Controller:
    """text: all that it remembers; tries: looks at which the last shift of a rollout may fail before it is given up;
    watch_s: how long it watches after the promotion"""

    opening: Opening
    alias: Alias
    text: str
    tries: int = 30
    watch_s: float = 0.0

    @classmethod
    def begun(cls, opening: Opening, alias: Alias, *, tries: int = 30, watch_s: float = 0.0) -> "Controller":
        """Before anything was moved."""
        controller, there = cls(opening, alias, "", tries, watch_s), alias.get()
        if not there.routing.matches(Routing(opening.baseline)):
            raise ReleaseError(f"expected all traffic to version {opening.baseline}, but now it is {there.routing}")
        controller._keep(Memory(controller._first, there.revision))
        return controller

    @property
    def memory(self) -> Memory:
        told = json.loads(self.text)
        return Memory(**told | {"state": recalled(told["state"], self._first)})

    def decide(self, measurements: Sequence[Measurement]) -> Decision | None:
        """Moves nothing. None when all is decided already."""
        memory = self.memory
        if memory.status != "judging" or memory.wanted == 0:
            return None
        decision = judge(self.opening.policy, memory.state, measurements)
        failed = memory.failed if decision.weight == memory.wanted else 0
        self._keep(replace(memory, state=decision.state, failed=failed))
        return decision

    def carry_out(self) -> Progress:
        """Moves the alias to where it is to be, if it is not there yet."""
        memory, alerts = self.memory, NONE
        if memory.status == "judging":
            try:
                memory = self._settled(memory, self._moved(memory))
            except NotMade as error:
                memory, alerts = replace(memory, status="stopped", why=str(error)), (STOPPED,)
            except ReleaseError as error:
                memory, alerts = self._failed(self.memory, str(error))
            self._keep(memory)
        return Progress(memory.status, memory.made != memory.wanted, alerts)

    @cached_property
    def _first(self) -> State:
        opening = self.opening
        return begun(opening.policy, opening.references, opening.begun_at_s, len(opening.labels))

    def _moved(self, memory: Memory) -> Pointed:
        """The alias as it is then. NotMade when somebody else moved it."""
        there, wanted = self.alias.get(), self._routing(memory.wanted)
        is_ours = memory.tried != NOTHING and there.routing.matches(self._routing(memory.tried))
        if there.revision != memory.revision and not is_ours:
            raise NotMade(f"somebody else moved the alias: {there.routing}")
        if there.routing.matches(wanted):
            return there
        self._keep(replace(memory, revision=there.revision, tried=memory.wanted))
        return self._shifted(wanted, there)

    def _shifted(self, wanted: Routing, seen: Pointed) -> Pointed:
        try:
            self.alias.shift(wanted, seen.revision)
        except NotMade:
            raise
        except ReleaseError:  # it may have been made before whatever went wrong
            there = self.alias.get()
            if there.revision == seen.revision:
                raise
        else:
            there = self.alias.get()
        if not there.routing.matches(wanted):
            raise NotMade(f"somebody else moved the alias right after it: {there.routing}")
        return there

    def _settled(self, memory: Memory, there: Pointed) -> Memory:
        state, status = memory.state, memory.status
        is_promoted = int(state.step) == len(self.opening.policy.steps)
        if memory.wanted == 0:
            status = "taken back"
        elif is_promoted and state.read_at_s - float(state.since_s) >= self.watch_s:
            status = "promoted"
        return Memory(state, there.revision, made=memory.wanted, status=status)

    def _failed(self, memory: Memory, why: str) -> tuple[Memory, tuple[str, ...]]:
        """Tried again at the next look. A step that never comes about ends at its deadline; last shifts end here."""
        if memory.made == memory.wanted:
            return memory, NONE
        memory = replace(memory, failed=memory.failed + 1, why=why)
        if memory.failed >= self.tries and memory.wanted in LAST_SHIFTS:
            status, alert = LAST_SHIFTS[memory.wanted]
            return replace(memory, status=status), (alert,)
        return memory, (NOT_MOVED,) if memory.failed == 1 else ()

    def _routing(self, weight: float) -> Routing:
        candidate, baseline = self.opening.candidate, self.opening.baseline
        if weight in (0, 1):
            return Routing(candidate if weight else baseline)
        return Routing(baseline, candidate, weight)

    def _keep(self, memory: Memory) -> None:
        self.text = json.dumps(vars(memory) | {"state": as_text(memory.state)}, allow_nan=False)
