"""What may not stand together in a service.toml is refused with the values and a way out."""

import pytest

from serinus.deployable import check, contradictions
from serinus.errors import ServiceError
from serinus.service import Service

JWT = {"auth": "jwt", "issuer": "https://auth.example.org", "audience": ["tiny"]}


def service(*, function: dict[str, object] | None = None, gateway: dict[str, object] | None = None) -> Service:
    said = {
        "service": {"name": "tiny", "task": "classification", "labels": ["YES", "NO"]},
        "input": {"features": 3},
        "models": {"linear": "1.0.0"},
        "function": function or {},
        "gateway": gateway or {},
    }
    return Service.model_validate(said)


@pytest.mark.parametrize(
    ("function", "gateway", "told"),
    [
        pytest.param({"provisioned": 2}, {}, "provisioned = 2 and snapstart = true", id="snapstart-and-provisioned"),
        pytest.param(
            {"provisioned": 2, "snapstart": False, "reserved": 3},
            {},
            "say reserved = 4 or more",
            id="reserved-not-enough-for-two-releases",
        ),
        pytest.param({"timeout_s": 31}, {}, "say timeout_s = 30 or less", id="timeout-past-http"),
        pytest.param({"timeout_s": 30}, {"kind": "rest"}, "say timeout_s = 29 or less", id="timeout-past-rest"),
        pytest.param({}, {"auth": "api_key"}, 'auth = "api_key": an HTTP API cannot', id="keys-on-http"),
        pytest.param({}, {"rate_per_minute": 60}, "rate_per_minute = 60: an HTTP API cannot", id="rate-on-http"),
        pytest.param({}, {"max_body_kb": 8}, "max_body_kb = 8: an HTTP API cannot", id="size-on-http"),
        pytest.param({}, {"kind": "rest", **JWT}, "only an HTTP API checks tokens", id="tokens-on-rest"),
        pytest.param({}, {**JWT, "issuer": None}, "needs issuer and audience", id="tokens-of-nobody"),
        pytest.param({}, {**JWT, "audience": []}, "needs issuer and audience", id="tokens-for-nobody"),
        pytest.param(
            {}, {"kind": "rest", "rate_per_minute": 60}, "tells clients apart by their keys", id="rate-without-keys"
        ),
        pytest.param({}, {"kind": "rest", "max_body_kb": 65}, "say 64 or less", id="size-past-the-firewall"),
        pytest.param({"log_days": 31}, {}, "keeps them for 60 days", id="days-that-logs-do-not-know"),
        pytest.param({"log_days": 9999}, {}, "keeps them for 3653 days", id="more-days-than-logs-know"),
    ],
)
def test_a_contradiction_is_told_with_its_values(
    function: dict[str, object], gateway: dict[str, object], told: str
) -> None:
    (sentence,) = contradictions(service(function=function, gateway=gateway))
    assert told in sentence


@pytest.mark.parametrize(
    ("function", "gateway"),
    [
        pytest.param({}, {}, id="defaults"),
        pytest.param({"timeout_s": 30}, JWT, id="http-as-long-as-it-waits"),
        pytest.param(
            {"timeout_s": 29},
            {"kind": "rest", "auth": "api_key", "rate_per_minute": 60, "max_body_kb": 64},
            id="rest-with-all-it-can",
        ),
        pytest.param({"provisioned": 2, "snapstart": False, "reserved": 4}, {}, id="provisioned-with-room"),
        pytest.param({"provisioned": 2, "snapstart": False}, {}, id="provisioned-of-the-account"),
    ],
)
def test_what_goes_together_is_let_through(function: dict[str, object], gateway: dict[str, object]) -> None:
    assert contradictions(service(function=function, gateway=gateway)) == ()


def test_all_contradictions_are_told_at_once() -> None:
    wrong = service(function={"provisioned": 1, "timeout_s": 60}, gateway={"auth": "api_key"})
    with pytest.raises(ServiceError, match=r"tiny cannot be deployed.*provisioned = 1.*timeout_s = 60.*api_key"):
        check(wrong)
