"""How the pictures of a rollout call what is in them."""

from math import isfinite, isnan

from serinus.simulation.story import Story, Trigger

TRIGGERS = {"errors": "errors", "latency": "slowness", "drift": "other answers", "health": "golden rows"}
VERDICTS = {
    "HOLD": "still watched",
    "ADVANCE": "next step",
    "PROMOTE": "promoted",
    "ROLLBACK": "rolled back",
    "ABORT": "taken back",
}
ALERTS = {
    "SAMPLE_RATIO": "requests are not shared out as set",
    "INCIDENT": "both releases fail",
    "BOTH_UNHEALTHY": "the golden rows of both are wrong",
    "INPUT_DRIFT": "the running release answers other than it used to",
    "SLOW_MACHINE": "slow, but in too few environments",
    "THROTTLED": "the account's limits keep requests away",
    "ELSEWHERE": "the alias is not at the weight that was set",
    "LATE": "counts changed after they were complete",
    "FAILING": "the promoted release fails, beside no other",
}
CLOCKS = ((3.0, "seconds", 1 / 60), (300.0, "minutes", 1.0), (float("inf"), "hours", 60.0))


def headline(story: Story) -> str:
    """How it ended, and when."""
    unit, minutes = clock(story.last.at_min)
    after = f"{story.last.at_min / minutes:.{0 if story.last.at_min >= 10 * minutes else 1}f} {unit}"
    return f"{verdict(story.last.verdict)} after {after}".capitalize() if story.is_over else f"Still watched at {after}"


def caption(story: Story) -> str:
    """What the numbers of the evidence mean."""
    if any(trigger.mode == "sequential" for trigger in story.triggers.values()):
        return (
            "Evidence is told in powers of ten: 3, and chance does as much in one of 1,000 healthy rollouts at most. "
            "Of golden rows: failures in a row."
        )
    return "Plain thresholds: what the last five minutes came to, of what is tolerated."


def clock(longest_min: float) -> tuple[str, float]:
    """The unit that times up to `longest_min` are told in, and its minutes."""
    return next((unit, minutes) for most_min, unit, minutes in CLOCKS if longest_min <= most_min)


def verdict(name: str) -> str:
    return VERDICTS.get(name, name.lower())


def alert(name: str) -> str:
    return ALERTS.get(name, name.lower().replace("_", " "))


def trigger(name: str) -> str:
    return TRIGGERS.get(name, name)


def percent(share: float) -> str:
    if isnan(share):
        return "none"
    return f"{share * 100:.3g} %" if share >= 0.1 else f"{share * 100:.2g} %"


def evidence(name: str, trigger: Trigger, look: int) -> str:
    """What spoke against the candidate at a look, and how much is enough."""
    value, limit = float(trigger.value[look]), float(trigger.limit[look])
    if not isfinite(limit):
        return "not judged"
    if name == "health":
        return f"{value:.0f} of {limit:g} in a row"
    return f"{value:.3g} of {limit:g}" if trigger.mode == "naive" else f"{max(value, 0):.1f} of {limit:.1f}"
