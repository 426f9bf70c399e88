"""State machines for tests, and what becomes of their executions."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

Definition = dict[str, Any]
PASS: Definition = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}
REFUSE_BAD: Definition = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Refuse"}],
            "Default": "Keep",
        },
        "Refuse": {"Type": "Fail", "Error": "BadRows", "Cause": "a row is bad"},
        "Keep": {"Type": "Pass", "End": True},
    },
}


def distributed(items: Definition, **fields: Any) -> Definition:
    """A machine of one Distributed Map that runs `items` for each item."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **items}
    return {"StartAt": "Map", "States": {"Map": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}}


def create(aws: Callable[[str], Any], definition: Definition) -> str:
    named = {"name": f"machine-{uuid.uuid4()}", "roleArn": "arn:aws:iam::123456789012:role/machine"}
    created = aws("stepfunctions").create_state_machine(definition=json.dumps(definition), **named)
    arn: str = created["stateMachineArn"]
    return arn


def run(aws: Callable[[str], Any], definition: Definition, given: Any = None) -> dict[str, Any]:
    """The ended execution of a new machine."""
    arn = create(aws, definition)
    started = aws("stepfunctions").start_execution(stateMachineArn=arn, input=json.dumps(given or {}))
    return ended(aws, started["executionArn"])


def ended(aws: Callable[[str], Any], execution: str, within_s: float = 30.0) -> dict[str, Any]:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        described: dict[str, Any] = aws("stepfunctions").describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.02)
    raise TimeoutError(f"{execution} runs after {within_s} s")
