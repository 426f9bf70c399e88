"""Keep what functions write where CloudWatch Logs keeps it.

AWS ("Sending Lambda function logs to CloudWatch Logs", Lambda Developer Guide): a line is an event, in a stream
YYYY/MM/DD/[version]ID of the group that LoggingConfig.LogGroup names, else of /aws/lambda/NAME, made when missing.
moto: drops LoggingConfig, and runs nothing that writes.
"""

import threading
import time
import uuid
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.logs.models import logs_backends

from localaws.dispatch import ACCOUNT, REGION
from localaws.patching import Function, override

MOST_EVENTS = 20_000  # of a stream: the older ones go, for they are held in memory
ONE_AT_A_TIME = threading.Lock()


def apply() -> None:
    override(LambdaFunction, "__init__", _keeping_group)
    override(LambdaFunction, "update_configuration", _changing_group)
    override(LambdaFunction, "get_configuration", _telling_group)


def listener(function: str, version: str, text: str, invocation: object) -> None:
    """For `localaws.dispatch.listen`: told of every invocation and what it wrote."""
    lines = [line for line in text.splitlines() if line.strip()]
    now_s = time.time()
    stream = f"{time.strftime('%Y/%m/%d', time.gmtime(now_s))}/[{version}]{_sandbox(function, version)}"
    events = [{"timestamp": int(now_s * 1000), "message": line} for line in lines]
    group = _group(function)
    logs = logs_backends[ACCOUNT][REGION]
    with ONE_AT_A_TIME:
        if group not in logs.groups:
            logs.create_log_group(group, {})
        if stream not in logs.groups[group].streams:
            logs.create_log_stream(group, stream)
        logs.put_log_events(group, stream, events)
        del logs.groups[group].streams[stream].events[:-MOST_EVENTS]


def _group(function: str) -> str:
    known = lambda_backends[ACCOUNT][REGION].get_function(function)
    config: dict[str, str] = getattr(known, "logging_config", {})
    return config.get("LogGroup") or f"/aws/lambda/{function}"


def _sandbox(function: str, version: str) -> str:
    """One stream for each version, where AWS has one for each sandbox."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{function}:{version}").hex


def _keeping_group(original: Function) -> Function:
    def initialise(self: Any, account_id: str, spec: dict[str, Any], *rest: Any, **more: Any) -> None:
        original(self, account_id, spec, *rest, **more)
        self.logging_config = spec.get("LoggingConfig") or {}

    return initialise


def _changing_group(original: Function) -> Function:
    def update_configuration(self: Any, config_updates: dict[str, Any]) -> Any:
        self.logging_config = config_updates.get("LoggingConfig") or self.logging_config
        return original(self, config_updates)

    return update_configuration


def _telling_group(original: Function) -> Function:
    def get_configuration(self: Any, *arguments: Any, **named: Any) -> Any:
        told = original(self, *arguments, **named)
        group = self.logging_config.get("LogGroup") or f"/aws/lambda/{self.function_name}"
        told["LoggingConfig"] = {"LogFormat": "Text", **self.logging_config, "LogGroup": group}
        return told

    return get_configuration
