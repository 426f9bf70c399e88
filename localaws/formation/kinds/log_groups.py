"""AWS::Logs::*: log groups and what is made of their lines."""

from localaws.formation.resources import Kind, Made, Resource, Wanted, put


def create_group(wanted: Wanted) -> Made:
    name = wanted.get("LogGroupName") or wanted.name(512)
    wanted.call("logs", "create_log_group", wanted.but("LogGroupName", "RetentionInDays"), logGroupName=name)
    _keep(wanted, name)
    return Made(name, {"Arn": wanted.arn("logs", f"log-group:{name}:*")})


def update_group(wanted: Wanted, before: Resource) -> Made:
    _keep(wanted, before.made.ref)
    return before.made


def _keep(wanted: Wanted, name: str) -> None:
    if "RetentionInDays" in wanted.properties:
        wanted.client("logs").put_retention_policy(logGroupName=name, retentionInDays=int(wanted["RetentionInDays"]))


def create_stream(wanted: Wanted) -> Made:
    name = wanted.get("LogStreamName") or wanted.name(512)
    wanted.client("logs").create_log_stream(logGroupName=wanted["LogGroupName"], logStreamName=name)
    return Made(name)


def write_metric_filter(wanted: Wanted) -> Made:
    name = wanted.get("FilterName") or f"{wanted.stack}-{wanted.logical_id}"
    wanted.call("logs", "put_metric_filter", wanted.but("FilterName"), filterName=name)
    return Made(name)


def write_subscription(wanted: Wanted) -> Made:
    name = wanted.get("FilterName") or f"{wanted.stack}-{wanted.logical_id}"
    wanted.call("logs", "put_subscription_filter", wanted.but("FilterName"), filterName=name)
    return Made(name)


def write_policy(wanted: Wanted) -> Made:
    wanted.call("logs", "put_resource_policy", wanted.properties)
    return Made(wanted["PolicyName"])


KINDS = (
    Kind(
        "AWS::Logs::LogStream",
        create_stream,
        lambda wanted, made: wanted.client("logs").delete_log_stream(
            logGroupName=wanted["LogGroupName"], logStreamName=made.ref
        ),
    ),
    Kind(
        "AWS::Logs::LogGroup",
        create_group,
        lambda wanted, made: wanted.client("logs").delete_log_group(logGroupName=made.ref),
        update_group,
        frozenset({"LogGroupName"}),
    ),
    put(
        "AWS::Logs::MetricFilter",
        write_metric_filter,
        lambda wanted, made: wanted.client("logs").delete_metric_filter(
            logGroupName=wanted["LogGroupName"], filterName=made.ref
        ),
        "LogGroupName",
        "FilterName",
    ),
    put(
        "AWS::Logs::SubscriptionFilter",
        write_subscription,
        lambda wanted, made: wanted.client("logs").delete_subscription_filter(
            logGroupName=wanted["LogGroupName"], filterName=made.ref
        ),
        "LogGroupName",
        "FilterName",
    ),
    put(
        "AWS::Logs::ResourcePolicy",
        write_policy,
        lambda wanted, made: wanted.client("logs").delete_resource_policy(policyName=made.ref),
        "PolicyName",
    ),
)
