"""One page of how a service does: what callers see, what the models answer, what the function needs."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.cdk.alarms import Alarms
from infra.cdk.figures import of_each
from infra.cdk.gateways import Front
from infra.cdk.predict import Predict

PERIOD = Duration.minutes(5)
WIDTH = 8
PERCENTILES = ("p50", "p95", "p99")


class Dashboard(Construct):
    def __init__(self, scope: Construct, id: str, *, predict: Predict, front: Front, alarms: Alarms) -> None:
        super().__init__(scope, id)
        page = cloudwatch.Dashboard(self, "Page", dashboard_name=f"serinus-{predict.service.name}")
        page.add_widgets(_state(alarms))
        page.add_widgets(*_callers(front))
        page.add_widgets(*_models(predict.service.name))
        page.add_widgets(*_function(predict))


def _state(alarms: Alarms) -> cloudwatch.AlarmStatusWidget:
    shown = [*alarms.simple, alarms.promise.alarm, *alarms.promise.windows.values()]
    return cloudwatch.AlarmStatusWidget(title="Alarms", alarms=shown, width=3 * WIDTH, height=4)


def _callers(front: Front) -> list[cloudwatch.GraphWidget]:
    burn = cloudwatch.MathExpression(
        expression="100 * IF(requests > 0, faults / requests, 0)",
        using_metrics={"faults": front.failed(PERIOD), "requests": front.requests(PERIOD)},
        period=PERIOD,
        label="% of requests",
    )
    return [
        _graph("Requests and faults", front.requests(PERIOD), front.failed(PERIOD)),
        _graph("Latency at the gateway, ms", *(front.latency(share, PERIOD) for share in PERCENTILES)),
        _graph("Answered with a fault", burn),
    ]


def _models(service: str) -> list[cloudwatch.GraphWidget]:
    return [
        _graph("Predictions", of_each("predictions_total", service, "Sum", PERIOD)),
        _graph("Latency of a model, s", of_each("prediction_latency_seconds", service, "p95", PERIOD)),
        _graph("Drift", of_each("model_drift", service, "Maximum", PERIOD)),
    ]


def _function(predict: Predict) -> list[cloudwatch.GraphWidget]:
    function, alias = predict.function, predict.alias
    return [
        _graph("Duration, ms", *(alias.metric_duration(statistic=share, period=PERIOD) for share in PERCENTILES)),
        _graph("Sandboxes at once", function.metric("ConcurrentExecutions", statistic="Maximum", period=PERIOD)),
        _graph("Errors and throttles", function.metric_errors(period=PERIOD), function.metric_throttles(period=PERIOD)),
    ]


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=WIDTH)
