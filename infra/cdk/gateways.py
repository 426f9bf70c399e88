"""What the stack wants to know of the gateway in front, whichever kind it is."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

ALL_RATE, ALL_BURST = 1000, 2000  # requests a second of all clients together, and at once


@dataclass(frozen=True)
class Front:
    """url: without a slash at its end; api_key_id: where callers need one; the rest: what the gateway measures."""

    url: str
    dimensions: dict[str, str]
    faults: str
    api_key_id: str | None = None

    def requests(self, period: Duration) -> cloudwatch.Metric:
        return self._metric("Count", "Sum", period)

    def failed(self, period: Duration) -> cloudwatch.Metric:
        """Answers 500 and above: of the service, of Lambda and of the gateway itself."""
        return self._metric(self.faults, "Sum", period)

    def latency(self, statistic: str, period: Duration) -> cloudwatch.Metric:
        return self._metric("Latency", statistic, period)

    def _metric(self, name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=name,
            dimensions_map=self.dimensions,
            statistic=statistic,
            period=period,
        )
