"""A rollout as it was recorded, in JSON lines: what was measured, and what was decided on it.

The first line says what was known when it began; then come, for every look, its measurements and its decision. Lines
are only ever added, so a controller that is killed leaves at most its last look unfinished.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from serinus.canary.decision import Decision, Verdict
from serinus.canary.measurement import KINDS, Measurement, as_told, measured
from serinus.canary.recorded_lines import DecisionLine, Line, MeasurementLine, RolloutLine, line_of
from serinus.canary.state import References
from serinus.canary.trees import packed
from serinus.errors import ReleaseError, short
from serinus.policy import Policy


@dataclass(frozen=True)
class Opening:
    """What was known when a rollout began. candidate, baseline: versions; labels: of the answers, or of bins of values;
    policy: with the first weight that it really had"""

    service: str
    candidate: str
    baseline: str
    begun_at_s: float
    labels: tuple[str, ...]
    policy: Policy
    references: References


@dataclass(frozen=True)
class Told:
    """What a decision says, without the state that comes with it."""

    verdict: Verdict
    reason: str
    weight: float
    alerts: tuple[str, ...]
    evidence: Mapping[str, tuple[float, float]]
    check_in_s: float

    @classmethod
    def of(cls, decision: Decision) -> "Told":
        told = (decision.verdict, decision.reason, decision.weight, decision.alerts, decision.evidence)
        return cls(*told, float(decision.check_in_s))

    def differing(self, other: "Told") -> tuple[str, ...]:
        """The names of what is not the same, bit for bit."""
        names = (one.name for one in fields(self))
        return tuple(name for name in names if _exact(getattr(self, name)) != _exact(getattr(other, name)))


@dataclass(frozen=True)
class Look:
    """line: where its decision is written"""

    measurements: tuple[Measurement, ...]
    decision: Told
    line: int

    @property
    def read_at_s(self) -> float:
        return max((measurement.read_at_s for measurement in self.measurements), default=0.0)


@dataclass(frozen=True)
class Recording:
    """unfinished: what is wrong with its end, and was left out; nothing, as a rule"""

    opening: Opening
    looks: tuple[Look, ...] = ()
    unfinished: str = ""


@dataclass
class _Reading:
    """What was read so far."""

    name: str
    opening: Opening | None = None
    measurements: list[Measurement] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


def opening_line(opening: Opening) -> str:
    return _line("rollout", **vars(opening) | {"policy": opening.policy.model_dump(mode="json")})


def look_lines(measurements: Iterable[Measurement], decision: Decision) -> tuple[str, ...]:
    """In the order in which they are to be written."""
    told = (_line("measurement", **as_told(measurement)) for measurement in measurements)
    said = vars(Told.of(decision)) | {"verdict": decision.verdict.name}
    return (*told, _line("decision", **said))


def append(file: Path, lines: Iterable[str]) -> None:
    """All of them at once."""
    try:
        with file.open("a", encoding="utf-8") as there:
            there.write("".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise ReleaseError(f"cannot write {file}: {error.strerror}") from error


def mend(file: Path) -> None:
    """Cuts off what a controller that was killed left after its last decision, so that the next one may append."""
    recording = read(file)
    last = recording.looks[-1].line if recording.looks else 1
    whole = b"\n".join(file.read_bytes().split(b"\n")[:last])
    with file.open("r+b") as there:
        there.truncate(len(whole))
        there.seek(len(whole))
        there.write(b"\n")


def read(file: Path) -> Recording:
    """ReleaseError names the line that is wrong, and what is wrong with it."""
    try:
        return parsed(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise ReleaseError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ReleaseError(f"{file} is no recording of a rollout: expected JSON lines in UTF-8") from error


def parsed(text: str, name: str) -> Recording:
    """The recording that `text` holds. name: of where it is from"""
    *lines, last = text.split("\n")
    reading = _Reading(name)
    for number, line in enumerate(lines, start=1):
        _take(reading, number, line)
    unfinished = ""
    if _is_json(last):
        _take(reading, len(lines) + 1, last)
    elif last:
        unfinished = f"line {len(lines) + 1} is half written"
    if reading.opening is None:
        raise ReleaseError(f"{name}: nothing is recorded in it{unfinished and ': ' + unfinished}")
    if reading.measurements and not unfinished:
        unfinished = "the last measurements were not judged"
    return Recording(reading.opening, tuple(reading.looks), unfinished)


def _take(reading: _Reading, number: int, text: str) -> None:
    where = f"{reading.name}, line {number}"
    line = _parsed_line(where, text)
    if isinstance(line, RolloutLine) != (reading.opening is None):
        expected = "measurements and decisions" if reading.opening else "what was known when the rollout began"
        raise ReleaseError(f"{where}: expected {expected}, got kind {line.kind!r}")
    match line:
        case RolloutLine():
            reading.opening = _opening(line)
        case MeasurementLine():
            reading.measurements.append(_measurement(where, line, reading.opening))
        case DecisionLine():
            reading.looks.append(Look(tuple(reading.measurements), _decision(line), number))
            reading.measurements.clear()


def _parsed_line(where: str, text: str) -> Line:
    try:
        return line_of(json.loads(text, parse_constant=_refused))
    except ValidationError as error:
        first: Any = error.errors()[0]
        place = ".".join(map(str, first["loc"][1:])) or "the line"
        raise ReleaseError(f"{where}: {place}: {first['msg']}, got {first['input']!r:.80}") from error
    except ValueError as error:
        raise ReleaseError(f"{where}: expected one JSON object, got {short(text)!r}: {error}") from error


def _opening(line: RolloutLine) -> Opening:
    references = References(
        np.asarray(line.references.error_rate, np.float64), np.asarray(line.references.answers, np.int64)
    )
    told = (line.service, line.candidate, line.baseline, line.begun_at_s, line.labels, line.policy)
    return Opening(*told, references)


def _measurement(where: str, line: MeasurementLine, opening: Opening | None) -> Measurement:
    """Its windows are those of the policy, and count the labels of the opening."""
    kinds, window_s = (KINDS + len(opening.labels), opening.policy.window_s) if opening else (KINDS, 1)
    for window in line.windows:
        widths = [len(side) for side in window.counts]
        if widths != [kinds, kinds]:
            raise ReleaseError(f"{where}: window {window.start_s}: expected 2 times {kinds} counts, got {widths}")
        if window.start_s % window_s:
            raise ReleaseError(f"{where}: expected windows of {window_s} s, got one that starts at {window.start_s}")
    return measured(line.model_dump())


def _decision(line: DecisionLine) -> Told:
    return Told(Verdict[line.verdict], line.reason, line.weight, line.alerts, line.evidence, line.check_in_s)


def _line(kind: str, **told: Any) -> str:
    return json.dumps({"kind": kind, **packed(told)}, allow_nan=False)


def _exact(value: Any) -> str:
    return json.dumps(packed(value), allow_nan=False, sort_keys=True)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
