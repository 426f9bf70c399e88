"""AWS::CloudWatch::*: alarms, alarms made of alarms, dashboards."""

from localaws.formation.resources import Made, Wanted, put


def write_alarm(wanted: Wanted) -> Made:
    return _write(wanted, "put_metric_alarm")


def write_composite(wanted: Wanted) -> Made:
    return _write(wanted, "put_composite_alarm")


def _write(wanted: Wanted, operation: str) -> Made:
    """Without a name of its own an alarm is called the same whenever it is written: by stack and logical id."""
    name = wanted.get("AlarmName") or f"{wanted.stack}-{wanted.logical_id}"
    wanted.call("cloudwatch", operation, wanted.but("AlarmName"), AlarmName=name)
    return Made(name, {"Arn": wanted.arn("cloudwatch", f"alarm:{name}")})


def delete_alarm(wanted: Wanted, made: Made) -> None:
    wanted.client("cloudwatch").delete_alarms(AlarmNames=[made.ref])


def write_dashboard(wanted: Wanted) -> Made:
    name = wanted.get("DashboardName") or f"{wanted.stack}-{wanted.logical_id}"
    wanted.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=wanted["DashboardBody"])
    return Made(name)


def delete_dashboard(wanted: Wanted, made: Made) -> None:
    wanted.client("cloudwatch").delete_dashboards(DashboardNames=[made.ref])


KINDS = (
    put("AWS::CloudWatch::Alarm", write_alarm, delete_alarm, "AlarmName"),
    put("AWS::CloudWatch::CompositeAlarm", write_composite, delete_alarm, "AlarmName"),
    put("AWS::CloudWatch::Dashboard", write_dashboard, delete_dashboard, "DashboardName"),
)
