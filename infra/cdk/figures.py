"""What a service measures of itself, as CloudWatch knows it: `functions.predict` writes it into its logs."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "Serinus"
DIMENSIONS = ("service", "model", "version", "release")


def over_all(metric: str, service: str, statistic: str, period: Duration) -> cloudwatch.MathExpression:
    """Of all models, versions and releases together: no metric is kept of that, as each costs money."""
    schema = ", ".join((f'"{NAMESPACE}"', *DIMENSIONS))
    query = f"SELECT {statistic}({metric}) FROM SCHEMA({schema}) WHERE service = '{service}'"
    return cloudwatch.MathExpression(expression=query, using_metrics={}, period=period, label=metric)


def of_each(metric: str, service: str, statistic: str, period: Duration) -> cloudwatch.MathExpression:
    """A line for each model, version and release; an alarm cannot be made of it."""
    schema = ",".join((NAMESPACE, *DIMENSIONS))
    search = f'{{{schema}}} MetricName="{metric}" service="{service}"'
    query = f"SEARCH('{search}', '{statistic}', {int(period.to_seconds())})"
    return cloudwatch.MathExpression(expression=query, using_metrics={}, period=period, label="")
