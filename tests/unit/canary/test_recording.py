"""A recorded rollout says exactly what was judged, whatever happened to who wrote it."""

import json
from pathlib import Path

import pytest

from serinus.canary.recording import Told, append, look_lines, mend, opening_line, parsed, read
from serinus.canary.trees import packed
from serinus.errors import ReleaseError
from serinus.policy import Drift, Policy
from tests.recorded import judged, lines, opening


def text(told: list[str]) -> str:
    return "".join(f"{line}\n" for line in told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of three looks: seven lines."""
    file = tmp_path / "rollout.jsonl"
    append(file, lines(opening(), 3))
    return file


def changed(told: list[str], number: int, **changes: object) -> str:
    """With other entries in one line."""
    line = json.loads(told[number - 1]) | changes
    return text([*told[: number - 1], json.dumps(line), *told[number:]])


def test_what_was_known_at_the_beginning_is_read_back():
    start = opening(Policy(harm=float("inf"), drift=Drift(mode="off")), 1.7e9 + 0.1)
    assert packed(read_back := parsed(text([opening_line(start)]), "it").opening) == packed(start)
    assert read_back.policy == start.policy


def test_what_was_measured_and_decided_is_read_back():
    start = opening()
    looks = list(judged(start, 3))
    recording = parsed(text(lines(start, 3)), "it")
    assert [packed(look.measurements) for look in recording.looks] == [packed(told) for told, _ in looks]
    for look, (_, decision) in zip(recording.looks, looks, strict=True):
        assert look.decision.differing(Told.of(decision)) == ()


def test_a_limit_that_is_infinite_is_written_as_json_can_and_read_back():
    start = opening(Policy(drift=Drift(mode="off")))
    told = lines(start, 1)
    assert "Infinity" not in text(told)
    assert parsed(text(told), "it").looks[0].decision.evidence["drift"] == (0, float("inf"))


def test_a_look_without_measurements_is_a_look():
    start = opening()
    [(_, decision)] = judged(start, 1)
    assert parsed(text([opening_line(start), *look_lines([], decision)]), "it").looks[0].measurements == ()


def test_a_file_may_be_read_while_looks_are_appended(file):
    append(file, lines(opening(), 2)[1:])
    assert len(read(file).looks) == 5
    assert read(file).unfinished == ""


def test_a_half_written_last_line_is_told_and_left_out(file):
    file.write_text(file.read_text()[:-20])
    recording = read(file)
    assert len(recording.looks) == 2
    assert recording.unfinished == "line 7 is half written"


def test_a_last_line_that_only_lacks_its_end_is_read(file):
    file.write_text(file.read_text()[:-1])
    assert (len(read(file).looks), read(file).unfinished) == (3, "")


def test_last_measurements_that_were_not_judged_are_told_and_left_out(file):
    file.write_text(text(file.read_text().splitlines()[:-1]))
    assert (len(read(file).looks), read(file).unfinished) == (2, "the last measurements were not judged")


@pytest.mark.parametrize("kept", [-1, -20, -400, -1200])
def test_who_comes_after_a_killed_controller_appends_whole_looks(file, kept):
    file.write_text(file.read_text()[:kept])
    left = len(read(file).looks)
    mend(file)
    append(file, lines(opening(), 1)[1:])
    assert (len(read(file).looks), read(file).unfinished) == (left + 1, "")


def test_nothing_is_cut_off_from_what_is_whole(file):
    before = file.read_text()
    mend(file)
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param("{", r"it, line 8: expected one JSON object, got '\{'", id="half a line in the middle"),
        pytest.param("", "it, line 8: expected one JSON object, got ''", id="an empty line"),
        pytest.param("NaN", "it, line 8: .*NaN is no JSON", id="not a number"),
        pytest.param("[1]", "it, line 8: the line: ", id="no object"),
        pytest.param('{"kind": "verdict"}', "it, line 8: .*'rollout', 'measurement', 'decision'", id="an unknown kind"),
        pytest.param(
            opening_line(opening()), "line 8: expected measurements and decisions, got kind 'rollout'", id="two"
        ),
    ],
)
def test_a_wrong_line_is_named(wrong, message):
    with pytest.raises(ReleaseError, match=message):
        parsed(text([*lines(opening(), 3), wrong, lines(opening(), 1)[1]]), "it")


@pytest.mark.parametrize(
    ("number", "changes", "message"),
    [
        pytest.param(1, {"labels": ["cat"]}, "line 1: .*expected answers of 1 labels, got 2", id="labels"),
        pytest.param(1, {"policy": {"alpha": 2}}, "line 1: policy.alpha: .*less than 1, got 2", id="policy"),
        pytest.param(1, {"begun_at_s": 1.7e12}, "line 1: begun_at_s: .*got 17", id="milliseconds"),
        pytest.param(
            2, {"windows": [{"start_s": 5, "weight": 0.1, "counts": [[0] * 13] * 2}]}, "got one that", id="start"
        ),
        pytest.param(
            2, {"windows": [{"start_s": 0, "weight": 0.1, "counts": [[0] * 12] * 2}]}, "2 times 13", id="counts"
        ),
        pytest.param(2, {"windows": [{"start_s": 0, "weight": 2, "counts": [[0] * 13] * 2}]}, "weight", id="weight"),
        pytest.param(2, {"read_at_s": None}, "line 2: read_at_s: .*got None", id="no time"),
        pytest.param(3, {"verdict": "MAYBE"}, "line 3: verdict: .*'HOLD', .*got 'MAYBE'", id="verdict"),
        pytest.param(3, {"mood": 1}, "line 3: mood: Extra", id="more than belongs there"),
    ],
)
def test_a_wrong_entry_is_named(number, changes, message):
    with pytest.raises(ReleaseError, match=message):
        parsed(changed(lines(opening(), 3), number, **changes), "it")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        pytest.param("", "it: nothing is recorded in it$", id="empty"),
        pytest.param('{"kind": "roll', "it: nothing is recorded in it: line 1 is half written", id="half"),
        pytest.param(text(lines(opening(), 1)[1:]), "line 1: expected what was known", id="no opening"),
    ],
)
def test_without_its_opening_it_is_no_recording(told, message):
    with pytest.raises(ReleaseError, match=message):
        parsed(told, "it")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReleaseError, match=r"cannot read .*gone.jsonl: No such file"):
        read(tmp_path / "gone.jsonl")


def test_a_file_of_bytes_is_no_recording(tmp_path):
    (tmp_path / "it").write_bytes(b"\xff\xfe")
    with pytest.raises(ReleaseError, match="expected JSON lines in UTF-8"):
        read(tmp_path / "it")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReleaseError, match=r"cannot write .*: No such file"):
        append(tmp_path / "gone" / "rollout.jsonl", [])
