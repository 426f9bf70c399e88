"""Measure how much waits in queues.

AWS ("Available CloudWatch metrics for Amazon SQS", SQS Developer Guide): every minute each queue that is in use puts
ApproximateNumberOfMessagesVisible and ApproximateNumberOfMessagesNotVisible into AWS/SQS, with its QueueName.
moto measures nothing of it; here it is measured whenever the alarms are evaluated.
"""

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import sqs_backends


def measure_queues(now: datetime) -> None:
    when = now.astimezone(UTC).replace(tzinfo=None)
    for account, regions in list(sqs_backends.items()):
        for region, backend in list(regions.items()):
            metrics = [metric for queue in list(backend.queues.values()) for metric in _metrics(queue, when)]
            if metrics:
                cloudwatch_backends[account][region].put_metric_data("AWS/SQS", metrics)


def _metrics(queue: Any, when: datetime) -> list[dict[str, Any]]:
    figures = {
        "ApproximateNumberOfMessagesVisible": queue.approximate_number_of_messages,
        "ApproximateNumberOfMessagesNotVisible": queue.approximate_number_of_messages_not_visible,
    }
    named = [{"Name": "QueueName", "Value": queue.name}]
    return [
        {"MetricName": name, "Value": float(value), "Unit": "Count", "Dimensions": named, "Timestamp": when}
        for name, value in figures.items()
    ]
