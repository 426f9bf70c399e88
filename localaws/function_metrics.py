"""Count invocations the way Lambda does.

AWS ("Types of metrics for Lambda functions", Lambda Developer Guide): each invocation puts Invocations, Errors (0 or
1) and Duration in milliseconds into AWS/Lambda, for the function, for all functions, and with Resource for its target.
Here Resource is there for versions, name:version, not for aliases: the dispatcher does not tell which one was meant.
moto counts nothing.
"""

import time
from datetime import UTC, datetime

from moto.cloudwatch.models import cloudwatch_backends

from localaws.dispatch import ACCOUNT, REGION, Invocation


def listener(function: str, version: str, text: str, invocation: Invocation) -> None:
    """For `localaws.dispatch.listen`: told of every invocation and how it ended."""
    figures = (
        ("Invocations", 1.0, "Count"),
        ("Errors", 1.0 if invocation.function_error else 0.0, "Count"),
        ("Duration", invocation.duration_ms, "Milliseconds"),
    )
    named = {"Name": "FunctionName", "Value": function}
    resource = {"Name": "Resource", "Value": f"{function}:{version}"}
    when = datetime.fromtimestamp(time.time(), UTC).replace(tzinfo=None)
    metrics = [
        {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions, "Timestamp": when}
        for name, value, unit in figures
        for dimensions in ([], [named], [named, resource])
    ]
    cloudwatch_backends[ACCOUNT][REGION].put_metric_data("AWS/Lambda", metrics)
