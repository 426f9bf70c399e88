"""`serinus rollout replay`: a recorded rollout, judged again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.text import Text

    from serinus.canary.recording import Recording, Told
    from serinus.policy import Policy
    from serinus.replay import Again

Json = dict[str, object]
COLOURS = {"HOLD": "", "ADVANCE": "green", "PROMOTE": "green", "ROLLBACK": "red", "ABORT": "yellow"}


def replay(
    file: Annotated[Path, typer.Argument(help="A recorded rollout, in JSON lines.")],
    *,
    policy: Annotated[
        str | None,
        typer.Option("--policy", help="A service, or a service.toml, whose policy is to judge it instead."),
    ] = None,
    all_looks: Annotated[
        bool, typer.Option("--all-looks", help="Show every look, not only those that matter.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Judge a recorded rollout again, and check that every decision is the recorded one, bit for bit.

    With --policy: what another policy would have decided. Where it would have given the candidate another share of the
    traffic than it had, the rest is counterfactual, and is not judged: nobody measured it.

    Try: serinus rollout replay rollout.jsonl --policy kepler
    """
    from serinus.canary.recording import read
    from serinus.replay import replayed

    recording = read(file)
    again = list(replayed(recording, _policy(policy)))
    shown = again if all_looks else _that_matter(again)
    if as_json:
        print(json.dumps(_facts(recording, policy, again, shown)))
    else:
        _show(recording, policy, shown)
        print(_outcome(recording, policy, again))
    raise typer.Exit(1 if policy is None and any(one.differing for one in again) else 0)


def _policy(name: str | None) -> "Policy | None":
    if name is None:
        return None
    from serinus import service as services
    from serinus.policy import policy_of

    return policy_of(services.load(services.find(name)).rollout)


def _that_matter(again: "list[Again]") -> "list[Again]":
    """The first and the last, those with alerts, and those where a verdict changes or is not the recorded one."""
    shown, before = [], None
    for number, one in enumerate(again, start=1):
        recorded, decision = one.look.decision, one.decision
        verdicts = (recorded.verdict, decision.verdict)
        tells = verdicts != before or verdicts[0] != verdicts[1] or recorded.alerts or decision.alerts
        if tells or number == len(again):
            shown.append(one)
        before = verdicts
    return shown


def _outcome(recording: "Recording", policy: str | None, again: "list[Again]") -> str:
    looks, end = recording.looks, f"; {recording.unfinished}, and left out" if recording.unfinished else ""
    if not looks:
        return f"no decision is recorded{end}"
    if policy is not None:
        return f"{_parted(recording, policy, again)}{end}"
    if wrong := next((one for one in again if one.differing), None):
        return f"{_wrong(recording, again.index(wrong) + 1, wrong)}{end}"
    return f"all {len(looks):,} decisions recomputed bit for bit{end}"


def _wrong(recording: "Recording", number: int, wrong: "Again") -> str:
    recorded, decision = wrong.look.decision, wrong.decision
    where = f"decision {number:,} of {len(recording.looks):,}, {_minutes(recording, wrong)} min in"
    differing = [
        f"  {name}: recorded {getattr(recorded, name)!r}, recomputed {getattr(decision, name)!r}"
        for name in wrong.differing
    ]
    return "\n".join([f"{where} (line {wrong.look.line}), is another now:", *differing])


def _parted(recording: "Recording", policy: str, again: "list[Again]") -> str:
    if not again:
        return f"{policy} begins with another share of the traffic: all that was measured is counterfactual"
    last, total = again[-1], len(recording.looks)
    if not last.parts:
        others = sum(one.look.decision.verdict != one.decision.verdict for one in again)
        return f"{policy} has the same share of the traffic throughout; {others:,} of {total:,} verdicts differ"
    shares = f"{last.decision.weight:.4g} of the traffic, which really was {last.look.decision.weight:.4g}"
    if last.look is recording.looks[-1]:
        return f"{policy} ends otherwise, after {_minutes(recording, last)} min: {shares}"
    rest = f"the {total - len(again):,} decisions after that are counterfactual, and were not judged"
    return f"{policy} parts from it after {_minutes(recording, last)} min: {shares}; {rest}"


def _minutes(recording: "Recording", one: "Again") -> str:
    return f"{max(0.0, one.look.read_at_s - recording.opening.begun_at_s) / 60:.1f}"


def _facts(recording: "Recording", policy: str | None, again: "list[Again]", shown: "list[Again]") -> Json:
    opening = recording.opening
    wrong = next((one for one in again if one.differing), None)
    parts = again[-1].parts if again else bool(recording.looks)
    parted_s = (again[-1].look.read_at_s if again else opening.begun_at_s) if parts else None
    return {
        "service": opening.service,
        "candidate": opening.candidate,
        "baseline": opening.baseline,
        "begun_at_s": opening.begun_at_s,
        "decisions": len(recording.looks),
        "recomputed": len(again),
        "unfinished": recording.unfinished,
        "policy": policy,
        "same": wrong is None and len(again) == len(recording.looks),
        "first_difference": None if wrong is None else _told_look(wrong),
        "counterfactual_from_s": parted_s,
        "looks": [_told_look(one) for one in shown],
    }


def _told_look(one: "Again") -> Json:
    decisions = {"recorded": _told(one.look.decision), "recomputed": _told(one.decision)}
    return {"at_s": one.look.read_at_s, "line": one.look.line, "differing": list(one.differing), **decisions}


def _told(decision: "Told") -> Json:
    from serinus.canary.trees import packed

    told: Json = packed(vars(decision) | {"verdict": decision.verdict.name})
    return told


def _show(recording: "Recording", policy: str | None, shown: "list[Again]") -> None:
    from rich.table import Table

    from serinus.cli.models.options import console

    opening = recording.opening
    title = f"Rollout of {opening.service}: version {opening.candidate} beside {opening.baseline}"
    table = Table("min", "recorded" if policy else "", title=title)
    if policy:
        table.add_column(f"with {policy}")
    for header in ("alerts", f"why, with {policy}" if policy else "why"):
        table.add_column(header)
    for one in shown:
        decisions = (one.look.decision, one.decision) if policy else (one.look.decision,)
        alerts = "\n".join(decisions[-1].alerts)
        table.add_row(_minutes(recording, one), *map(_verdict, decisions), alerts, decisions[-1].reason)
    console().print(table)


def _verdict(decision: "Told") -> "Text":
    from rich.text import Text

    return Text(f"{decision.verdict.name} {decision.weight:.4g}", COLOURS[decision.verdict.name])
