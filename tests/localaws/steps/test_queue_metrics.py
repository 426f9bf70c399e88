"""Developer Guide of SQS, "Available CloudWatch metrics for Amazon SQS"."""

from datetime import UTC, datetime, timedelta

from localaws.alarms import evaluate
from localaws.queue_metrics import measure_queues

NOW = datetime.now(UTC).replace(second=30, microsecond=0)


def test_an_alarm_watches_how_much_waits_in_a_queue(aws):
    cloudwatch = aws("cloudwatch")
    url = aws("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    cloudwatch.put_metric_alarm(
        AlarmName="dead-letters",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead-letters"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )

    def state():
        evaluate(NOW)
        return cloudwatch.describe_alarms(AlarmNames=["dead-letters"])["MetricAlarms"][0]["StateValue"]

    measure_queues(NOW - timedelta(minutes=2))
    assert state() == "OK"
    aws("sqs").send_message(QueueUrl=url, MessageBody="lost")
    measure_queues(NOW - timedelta(minutes=1))
    assert state() == "ALARM"
