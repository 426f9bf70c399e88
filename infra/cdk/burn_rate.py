"""How fast the promise of [slo] is used up, after Google's SRE workbook: fast over an hour, or slower over six.

A fast burn takes 2 % of a month's faults in an hour, a slow one 5 % in six; the short window of each says that it
still burns. Faults and requests are the gateway's: what callers saw, whatever failed.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.cdk.gateways import Front
from serinus.service import Service

FAST, SLOW = 14.4, 6.0
WINDOWS = {
    "5m": (FAST, Duration.minutes(5)),
    "1h": (FAST, Duration.hours(1)),
    "30m": (SLOW, Duration.minutes(30)),
    "6h": (SLOW, Duration.hours(6)),
}


class BurnRate(Construct):
    """windows: an alarm each, which tells nobody; alarm: both windows of one burn together."""

    def __init__(self, scope: Construct, id: str, *, service: Service, front: Front) -> None:
        super().__init__(scope, id)
        self._prefix = f"serinus-{service.name}"
        self._budget = 1 - service.slo.availability
        self.windows = {name: self._window(name, front, *window) for name, window in WINDOWS.items()}
        self.alarm = cloudwatch.CompositeAlarm(
            self,
            "Promise",
            composite_alarm_name=f"{self._prefix}-promise",
            alarm_description=f"Fewer than {service.slo.availability:.6g} of the requests are answered without a fault",
            alarm_rule=cloudwatch.AlarmRule.any_of(self._both("5m", "1h"), self._both("30m", "6h")),
        )

    def _window(self, name: str, front: Front, burn: float, period: Duration) -> cloudwatch.Alarm:
        rate = cloudwatch.MathExpression(
            expression=f"IF(requests > 0, faults / requests, 0) / {self._budget:.6g}",
            using_metrics={"faults": front.failed(period), "requests": front.requests(period)},
            period=period,
            label=f"burn rate over {name}",
        )
        return cloudwatch.Alarm(
            self,
            f"Burn{name}",
            alarm_name=f"{self._prefix}-burn-{name}",
            metric=rate,
            threshold=burn,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _both(self, *names: str) -> cloudwatch.IAlarmRule:
        return cloudwatch.AlarmRule.all_of(
            *(cloudwatch.AlarmRule.from_alarm(self.windows[name], cloudwatch.AlarmState.ALARM) for name in names)
        )
