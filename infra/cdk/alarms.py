"""When somebody should look: faults, slow answers, refused or lost invocations, drift, a promise that is broken."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.cdk.burn_rate import BurnRate
from infra.cdk.figures import over_all
from infra.cdk.gateways import Front
from infra.cdk.predict import Predict
from serinus.service import Service

QUICK, DAILY = Duration.minutes(5), Duration.hours(1)
FAULTS = 5  # in five minutes: one alone is seen by the promise
DRIFT = 0.3  # Kullback-Leibler divergence of the predictions from those of the reference


class Alarms(Construct):
    """Each of them tells the topic; the four windows of the promise do so together."""

    def __init__(self, scope: Construct, id: str, *, predict: Predict, front: Front) -> None:
        super().__init__(scope, id)
        self._service, function = predict.service, predict.function
        name = self._service.name
        self.simple = [
            self._alarm("faults", over_all("prediction_errors_total", name, "SUM", QUICK), FAULTS),
            self._alarm("crashes", function.metric_errors(period=QUICK, statistic="Sum"), FAULTS),
            self._alarm("throttles", function.metric_throttles(period=QUICK, statistic="Sum"), 1),
            self._alarm("slow", front.latency("p99", QUICK), self._service.slo.p99_ms, times=3),
            self._alarm("dead-letters", _depth(predict), 1),
            self._alarm("drift", over_all("model_drift", name, "MAX", DAILY), DRIFT),
        ]
        self.promise = BurnRate(self, "BurnRate", service=self._service, front=front)

    def tell(self, topic: sns.ITopic) -> None:
        action = actions.SnsAction(topic)
        for alarm in (*self.simple, self.promise.alarm):
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)

    def _alarm(self, what: str, metric: cloudwatch.IMetric, threshold: float, *, times: int = 1) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            what.title().replace("-", ""),
            alarm_name=f"serinus-{self._service.name}-{what}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=times,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def _depth(predict: Predict) -> cloudwatch.Metric:
    return predict.dead_letters.metric_approximate_number_of_messages_visible(period=QUICK, statistic="Maximum")
