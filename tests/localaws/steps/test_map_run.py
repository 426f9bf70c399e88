"""Developer Guide of Step Functions, "Tolerated failure threshold for Distributed Map state" and "Map Run"."""

import json
import time

import pytest

from localaws.map_run import Tolerance
from tests.localaws.steps.machines import PASS, REFUSE_BAD, distributed, run


def items(*, good: int, bad: int) -> dict[str, object]:
    return {"items": [{"bad": False}] * good + [{"bad": True}] * bad}


@pytest.mark.parametrize(
    ("thresholds", "bad", "status"),
    [
        ({}, 1, "FAILED"),
        ({}, 0, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 10}, 1, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 10}, 2, "FAILED"),
        ({"ToleratedFailurePercentage": 12.5}, 1, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 100}, 10, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2}, 2, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2}, 3, "FAILED"),
        ({"ToleratedFailureCount": 5, "ToleratedFailurePercentage": 10}, 2, "FAILED"),
    ],
    ids=lambda value: str(value),
)
def test_a_map_fails_when_more_items_fail_than_it_tolerates(aws, thresholds, bad, status):
    machine = distributed(REFUSE_BAD, ItemsPath="$.items", **thresholds)
    ended = run(aws, machine, items(good=10 - bad, bad=bad))
    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"


def test_either_threshold_ends_the_map_when_both_are_given():
    both = Tolerance(count=3, percentage=10)
    assert both.is_exceeded(2, total=10)
    assert both.is_exceeded(4, total=1000)
    assert not both.is_exceeded(3, total=1000)


def test_fifteen_hundred_items_at_a_concurrency_of_one_come_to_an_end(aws):
    given = {"items": [{"number": number} for number in range(1500)]}
    started = time.monotonic()
    ended = run(aws, distributed(PASS, ItemsPath="$.items", MaxConcurrency=1), given)
    assert json.loads(ended["output"]) == given["items"]
    assert time.monotonic() - started < 30


def test_no_item_starts_after_the_map_has_failed(aws):
    machine = distributed(REFUSE_BAD, ItemsPath="$.items", MaxConcurrency=1)
    ended = run(aws, machine, {"items": [{"bad": True}] + [{"bad": False}] * 9})
    map_runs = aws("stepfunctions").list_map_runs(executionArn=ended["executionArn"])["mapRuns"]
    described = aws("stepfunctions").describe_map_run(mapRunArn=map_runs[0]["mapRunArn"])
    assert described["status"] == "FAILED"
    counts = described["itemCounts"]
    assert (counts["failed"], counts["succeeded"], counts["running"], counts["total"]) == (1, 0, 0, 1)


def test_a_map_over_no_items_succeeds(aws):
    assert json.loads(run(aws, distributed(PASS, ItemsPath="$.items"), {"items": []})["output"]) == []


def test_a_map_without_a_concurrency_runs_all_its_items(aws):
    ended = run(aws, distributed(PASS, ItemsPath="$.items"), {"items": list(range(200))})
    assert json.loads(ended["output"]) == list(range(200))


def test_moto_still_ignores_thresholds(plain_moto):
    assert plain_moto["thresholds"], "moto no longer needs localaws/map_run: drop it"
