"""A rollout, shown: as a picture, as a page, and many of them as bars."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from serinus.canary.measurement import Measurement, Window, as_told, check_of, counts_of
from serinus.canary.state import References
from serinus.policy import Policy, Step
from serinus.rollout import begun, judge
from serinus.simulation.charts import png
from serinus.simulation.outcomes_chart import outcomes_png
from serinus.simulation.page import html
from serinus.simulation.panels import panels
from serinus.simulation.story import story_of

ROOT = Path(__file__).parents[3]
WITHOUT_MATPLOTLIB = """
import json, pathlib, sys
sys.modules["matplotlib"] = None
import serinus.simulation.charts, serinus.simulation.outcomes_chart
from serinus.simulation.page import html
from serinus.simulation.story import story_of
lines = pathlib.Path("recording.jsonl").read_text().splitlines()
html(story_of(map(json.loads, lines)), pathlib.Path("story.html"))
"""
BEGUN_S = 1_760_000_040
POLICY = Policy(steps=(Step(weight=0.2, bake_min=3), Step(weight=0.5, bake_min=3)))
ROWS = [
    {"scenario": name, "rate_per_min": 100.0, "mode": mode, "runs": 10, "verdicts": verdicts}
    for name in ("healthy-0.5", "errors-20")
    for mode, verdicts in (("sequential", {"promote": 9, "abort": 1}), ("naive", {"rollback": 10}))
]


def window(start_s, weight, *, errors=0, minutes=1 / 6):
    """1,200 requests a minute, shared out by the weight; `errors` of the candidate's share fail."""
    asked = [round(1200 * minutes * share) for share in (weight, 1 - weight)]
    failed = [round(asked[0] * errors), 0]
    sides = [
        {"requests": n, "errors": bad, "warm": n - bad, "slow": round((n - bad) * 0.04), "started": 5}
        for n, bad in zip(asked, failed, strict=True)
    ]
    answers = {
        f"{name}_answers": ((n - bad) // 2, (n - bad + 1) // 2)
        for name, n, bad in zip(("candidate", "baseline"), asked, failed, strict=True)
    }
    return Window(start_s, np.asarray(weight), counts_of(*sides, labels=2, **answers))


def recorded(*, errors=0.0, both_unhealthy=False, service="kepler", policy=POLICY, minutes=20, twice=False):
    """The lines of a rollout that the real judge judged, until it was over."""
    references = References(np.asarray(0.001), np.array([500, 500]))
    state = begun(policy, references, float(BEGUN_S), 2)
    head = {"kind": "rollout", "service": service, "candidate": "12", "baseline": "11", "begun_at_s": BEGUN_S}
    lines = [{**head, "labels": ["a", "b"], "policy": policy.model_dump(mode="json"), "references": {}}]
    for start_s in range(BEGUN_S, BEGUN_S + minutes * 60, 10):
        at_s = float(start_s + 10)
        check = check_of(at_s, failed=both_unhealthy, others_failed=both_unhealthy)
        seen = Measurement(at_s, (at_s, at_s), (window(start_s, float(state.weight), errors=errors),), (check,))
        decision = judge(policy, state, [seen])
        lines += [{"kind": "measurement", **as_told(seen)}] * (2 if twice else 1)
        lines.append(
            {
                "kind": "decision",
                **{name: getattr(decision, name) for name in ("reason", "weight", "alerts", "evidence", "check_in_s")},
                "verdict": decision.verdict.name,
            }
        )
        state = decision.state
        if decision.is_over or decision.verdict.name == "PROMOTE":
            break
    return json.loads(json.dumps(lines))


def colours(file):
    """The different colours of a picture, as numbers such as 0xFFFFFF."""
    red, green, blue = np.moveaxis(np.rint(imread(file)[..., :3] * 255).astype(np.int64), -1, 0)
    return set(np.unique(red << 16 | green << 8 | blue).tolist())


class Page(HTMLParser):
    """The tags of a page, and the text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def promoted():
    return recorded()


@pytest.fixture(scope="module")
def rolled_back():
    return recorded(errors=0.3)


def page_of(lines, folder):
    html(story_of(lines), folder / "story.html")
    return (folder / "story.html").read_text()


def test_a_story_ends_as_the_judge_decided(promoted, rolled_back):
    assert story_of(promoted).last.verdict == "PROMOTE"
    assert story_of(rolled_back).last.verdict == "ROLLBACK"


def test_a_story_has_every_decision_that_is_not_to_hold(promoted):
    decisions = [(look.verdict, look.at_min, look.weight) for look in story_of(promoted).decisions]
    assert decisions == [("ADVANCE", 3.0, 0.5), ("PROMOTE", 6.0, 1.0)]
    assert story_of(promoted).steps_min == (3.0, 6.0)


def test_a_story_has_what_raised_the_weight():
    policy = POLICY.model_copy(update={"without_evidence": "raise", "requests": 10_000})
    first = story_of(recorded(policy=policy, minutes=5)).decisions[0]
    assert (first.verdict, first.weight) == ("HOLD", 0.4)


def test_a_story_counts_what_both_sides_did(promoted):
    story = story_of(promoted)
    assert story.candidate.requests.sum() == 3 * 240 + 3 * 600
    assert story.baseline.requests.sum() == 3 * 960 + 3 * 600
    assert story.candidate.slow.sum() / story.candidate.warm.sum() == pytest.approx(0.04, abs=0.01)


def test_a_story_counts_a_window_that_is_told_twice_once(promoted):
    once, twice = story_of(promoted), story_of(recorded(twice=True))
    assert np.array_equal(once.candidate.requests, twice.candidate.requests)


def test_a_story_joins_what_is_told_of_a_window_in_parts(promoted):
    told = next(line for line in promoted if line["kind"] == "measurement")
    less = json.loads(json.dumps(told))
    less["windows"][0]["counts"][0] = [0] * len(less["windows"][0]["counts"][0])
    assert story_of([*promoted, less]).candidate.requests[0] == told["windows"][0]["counts"][0][0]


def test_the_evidence_of_a_story_is_the_judges(rolled_back):
    errors = story_of(rolled_back).triggers["errors"]
    told = [line["evidence"]["errors"] for line in rolled_back if line["kind"] == "decision"]
    assert [errors.value.tolist(), errors.limit.tolist()] == [list(numbers) for numbers in zip(*told, strict=True)]


def test_a_recording_without_a_look_tells_no_story(promoted):
    with pytest.raises(ValueError, match="at least one decision, got none"):
        story_of(promoted[:2])


def test_a_trigger_that_is_off_is_said_not_to_be_judged():
    policy = POLICY.model_copy(update={"drift": POLICY.drift.model_copy(update={"mode": "off"})})
    told = {panel.title: panel.lines for panel in panels(story_of(recorded(policy=policy, minutes=1)))}
    assert [line.words for line in told["other answers"]] == ["not judged"]


def test_alerts_that_come_together_stand_below_each_other(promoted):
    lines = [*promoted[:3], *promoted[1:3]]
    lines[2] = lines[4] = {**promoted[2], "alerts": ["LATE", "THROTTLED"]}
    (alerts,) = (panel for panel in panels(story_of(lines)) if panel.marks)
    assert [mark.row for mark in alerts.marks] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["promoted", "rolled_back"])
def test_a_picture_is_of_its_size_and_not_blank(name, request, tmp_path):
    png(story_of(request.getfixturevalue(name)), tmp_path / "story.png")
    assert imread(tmp_path / "story.png").shape[:2] == (900, 1200)
    assert len(colours(tmp_path / "story.png")) > 50


def test_a_picture_takes_a_name_for_what_it_is(tmp_path):
    png(story_of(recorded(service=r"$\frac{$", minutes=1)), tmp_path / "story.png")
    assert len(colours(tmp_path / "story.png")) > 50


def test_a_page_needs_no_matplotlib(promoted, tmp_path):
    (tmp_path / "recording.jsonl").write_text("\n".join(map(json.dumps, promoted)))
    command = [sys.executable, "-c", WITHOUT_MATPLOTLIB]
    subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)
    assert (tmp_path / "story.html").exists()


def test_a_page_is_whole(promoted, tmp_path):
    page = Page(page_of(promoted, tmp_path))
    assert page.open == []
    assert {"svg", "title", "desc", "table", "details"} <= set(page.tags)


def test_a_page_loads_nothing(promoted, tmp_path):
    text = page_of(promoted, tmp_path)
    assert "://" not in text
    assert not {name for name, _ in Page(text).attributes} & {"src", "href", "srcset", "data"}


def test_a_page_takes_a_name_for_what_it_is(tmp_path):
    text = page_of(recorded(service="<script>alert(1)</script>", minutes=1), tmp_path)
    assert "<script>alert" not in text
    assert "<script>alert(1)</script>: 12 beside 11" in Page(text).text


def test_nothing_that_was_said_ends_the_numbers_of_a_page(rolled_back, tmp_path):
    lines = [*rolled_back[:-1], {**rolled_back[-1], "reason": "</script><b>"}]
    page = Page(page_of(lines, tmp_path))
    assert "b" not in page.tags
    assert "</script><b>" in page.text


def test_a_page_has_each_decision_and_why(promoted, tmp_path):
    text = Page(page_of(promoted, tmp_path)).text
    for look in story_of(promoted).decisions:
        assert look.reason in text
    assert "next step" in text
    assert "Promoted after 6.0 minutes" in text


def test_a_page_has_the_alerts_in_words(tmp_path):
    lines = recorded(both_unhealthy=True, minutes=2)
    assert "alert: the golden rows of both are wrong" in Page(page_of(lines, tmp_path)).text


def test_a_page_has_the_policy(promoted, tmp_path):
    text = Page(page_of(promoted, tmp_path)).text
    assert "errors.limit0.05" in text
    assert "weight 0.2, bake_min 3.0; weight 0.5, bake_min 3.0" in text


def test_a_page_knows_the_numbers_of_each_look(promoted, tmp_path):
    text = page_of(promoted, tmp_path)
    looks = json.loads(text.partition('id="looks">')[2].partition("</script>")[0])
    assert len(looks) == len(story_of(promoted).looks)
    assert looks[0][1:4] == ["0:00:10", "20 %", "240 and 960"]


def test_bars_of_many_rollouts_show_all_their_verdicts(tmp_path):
    outcomes_png(ROWS, tmp_path / "outcomes.png")
    assert {0x9FD3BF, 0xE8B04A, 0x9E2A14} <= colours(tmp_path / "outcomes.png")


def test_bars_of_many_rollouts_are_as_many_as_there_are_scenarios(tmp_path):
    for count in (2, 4):
        outcomes_png(ROWS[:count], tmp_path / f"{count}.png")
    assert imread(tmp_path / "4.png").shape[0] > imread(tmp_path / "2.png").shape[0]
