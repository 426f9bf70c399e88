"""What API Gateway tells CloudWatch of requests: "Monitor HTTP API metrics" and "Amazon API Gateway dimensions and
metrics", API Gateway Developer Guide."""

from datetime import UTC, datetime, timedelta

import pytest

from localaws.gateway_metrics import Answered, HttpNames, Requests, RestNames
from tests.localaws.gateways.apis import HttpApiMaker, aws, client, gateways

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ANSWERS = [Answered("/live/predict", status, latency_ms) for status, latency_ms in ((200, 4.0), (404, 1.0), (503, 9.0))]


def put_by(names):
    """By dimensions and name: the values that are put."""
    found: dict[tuple[frozenset[tuple[str, str]], str], list[float]] = {}

    def put(namespace, metrics):
        assert namespace == "AWS/ApiGateway"
        for one in metrics:
            dimensions = frozenset((each["Name"], each["Value"]) for each in one["Dimensions"])
            found.setdefault((dimensions, one["MetricName"]), []).append(one["Value"])

    with Requests(put, clock=lambda: NOON) as requests:
        for answered in ANSWERS:
            requests.tell(names, answered)
    return found


@pytest.mark.parametrize(
    ("names", "dimensions", "refused", "failed"),
    [
        pytest.param(HttpNames("abc"), {"ApiId": "abc"}, "4xx", "5xx", id="http"),
        pytest.param(RestNames("iit"), {"ApiName": "iit"}, "4XXError", "5XXError", id="rest"),
        pytest.param(RestNames("iit"), {"ApiName": "iit", "Stage": "live"}, "4XXError", "5XXError", id="rest stage"),
    ],
)
def test_each_request_is_counted_with_its_latency_and_whether_it_failed(names, dimensions, refused, failed):
    found, key = put_by(names), frozenset(dimensions.items())
    assert found[key, "Count"] == [1, 1, 1]
    assert found[key, "Latency"] == [4.0, 1.0, 9.0]
    assert found[key, refused] == [0, 1, 0]
    assert found[key, failed] == [0, 0, 1]


@pytest.mark.parametrize(("metric", "total"), [("Count", 3), ("4xx", 1), ("5xx", 1)])
def test_an_api_that_answers_is_counted_in_cloudwatch(running, metric, total):
    with gateways(running) as opened:
        api = HttpApiMaker.new()
        api.route("GET /health", "predict")
        api.route("GET /crash", "crash")
        with client(opened.open(api.api_id)) as asking:
            statuses = [asking.get(path).status_code for path in ("/health", "/nothing", "/crash")]
        opened.close()
        now = datetime.now(UTC)
        said = aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=metric,
            Dimensions=[{"Name": "ApiId", "Value": api.api_id}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=3600,
            Statistics=["Sum"],
        )
    assert statuses == [200, 404, 500]
    assert sum(one["Sum"] for one in said["Datapoints"]) == total
