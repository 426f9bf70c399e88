"""API keys and usage plans of a REST API: who is let in, and how often."""

from collections.abc import Iterator

import httpx
import pytest

from localaws.buckets import Limit, Meters, Quota
from tests.localaws.gateways.apis import RestApiMaker, client
from tests.localaws.gateways.test_rest_api import refusal

FORBIDDEN = (403, "Forbidden", "ForbiddenException")
THROTTLED = (429, "Too Many Requests", "TooManyRequestsException")


@pytest.fixture
def api() -> RestApiMaker:
    """Its method needs a key."""
    made = RestApiMaker.new()
    made.method(made.resource("{proxy+}"), "ANY", "rest_echo", key=True)
    made.deploy()
    return made


@pytest.fixture
def http(opened, api) -> Iterator[httpx.Client]:
    with client(opened.open(api.api_id) + "/prod") as http:
        yield http


def ask(http: httpx.Client, key: str | None) -> httpx.Response:
    return http.get("/models", headers={"x-api-key": key} if key else {})


@pytest.mark.parametrize("which", ["none", "unknown", "disabled", "without a plan", "of another stage"])
def test_without_a_good_key_nobody_is_let_in(http, api, running, which):
    api.plan(api.key()[0])
    if which == "of another stage":
        api.deploy("beta")
    key_id, key = api.key(enabled=which != "disabled")
    plans = {"disabled": "prod", "of another stage": "beta"}
    if which in plans:
        api.plan(key_id, stage=plans[which])
    assert refusal(ask(http, {"none": None, "unknown": "x" * 40}.get(which, key))) == FORBIDDEN
    assert not running.seen


def test_a_key_in_a_plan_of_the_stage_is_let_in_and_named_in_the_event(http, api, running):
    key_id, key = api.key()
    api.plan(key_id)
    assert ask(http, key).status_code == 200
    identity = running.seen[-1]["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == (key, key_id)


def test_a_key_is_counted_by_itself(http, api):
    (first_id, first), (second_id, second) = api.key(), api.key()
    api.plan(first_id, second_id, throttle={"rateLimit": 0.2, "burstLimit": 3})
    answers = [ask(http, first) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert refusal(answers[-1]) == THROTTLED
    assert ask(http, second).status_code == 200


def test_a_quota_ends(http, api):
    key_id, key = api.key()
    api.plan(key_id, quota={"limit": 2, "period": "MONTH"})
    assert [ask(http, key).status_code for _ in range(2)] == [200, 200]
    assert refusal(ask(http, key)) == (429, "Limit Exceeded", "LimitExceededException")


def test_a_stage_s_limit_holds_for_all_keys_together(http, api):
    keys = [api.key(), api.key()]
    api.plan(*(key_id for key_id, _ in keys))
    settings = {"throttling/rateLimit": "0.2", "throttling/burstLimit": "2"}
    changes = [{"op": "replace", "path": f"/*/*/{name}", "value": value} for name, value in settings.items()]
    api.call.update_stage(restApiId=api.api_id, stageName="prod", patchOperations=changes)
    assert [ask(http, key).status_code for _, key in keys] == [200, 200]
    assert refusal(ask(http, keys[0][1])) == THROTTLED


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again_up_to_its_burst():
    clock = Clock()
    meters = Meters(clock)
    limit = Limit(rate=2, burst=3)
    assert [meters.takes("a", limit) for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [meters.takes("a", limit) for _ in range(2)] == [True, False]
    clock.now += 60
    assert [meters.takes("a", limit) for _ in range(4)] == [True, True, True, False]
    assert meters.takes("a", Limit(rate=2, burst=1))


@pytest.mark.parametrize(("period", "days"), [("DAY", 1), ("WEEK", 7), ("MONTH", 31)])
def test_a_quota_begins_anew(period, days):
    clock = Clock()
    meters = Meters(clock)
    quota = Quota(1, period)
    assert [meters.counts("a", quota) for _ in range(2)] == [True, False]
    clock.now += days * 86_400
    assert meters.counts("a", quota)
