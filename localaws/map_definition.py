"""Read state machine definitions the way Step Functions does.

AWS: ToleratedFailurePercentage is any number from 0 to 100 ("Using Map state in Distributed mode", Developer Guide).
moto: only accepts a number with a decimal point; says of an ItemBatcher that it is a syntax error; accepts JSONata and
variables when a machine is created, and fails when it runs. What cannot run here is refused by name at once.
"""

import json
from collections.abc import Iterator
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException

from localaws.patching import Function, override

PERCENTAGE = "ToleratedFailurePercentage"
PAYLOADS = ("Parameters", "Arguments", "Result", "ResultSelector", "ItemSelector")


def apply() -> None:
    override(AmazonStateLanguageParser, "parse", _parse)


def _parse(original: Function) -> Function:
    def parse(definition: str) -> Any:
        try:
            machine = json.loads(definition)
        except ValueError:
            return original(definition)  # it has the words for what is wrong
        faults = list(_faults(machine))
        if faults:
            raise ASLParserException(errors=faults)
        return original(json.dumps(_with_decimal_points(machine), ensure_ascii=False))

    return parse


def _faults(node: Any) -> Iterator[str]:
    """Definitions nest states in states, so every object is looked at; the payloads of tasks are not."""
    if isinstance(node, list):
        for child in node:
            yield from _faults(child)
    if not isinstance(node, dict):
        return
    yield from _faults_of_state(node)
    for field, child in node.items():
        if field not in PAYLOADS:
            yield from _faults(child)


def _faults_of_state(state: dict[str, Any]) -> Iterator[str]:
    if "ItemBatcher" in state:
        yield "localaws runs no ItemBatcher: let the list of items hold the batches"
    if state.get("QueryLanguage") == "JSONata":
        yield "localaws runs no JSONata: set QueryLanguage to JSONPath"
    if "Assign" in state:
        yield "localaws runs no variables (Assign)"
    if state.get("InputType") in ("MANIFEST", "PARQUET"):
        yield f"localaws reads no items of InputType {state['InputType']}: CSV, JSON or JSONL"
    percentage = state.get(PERCENTAGE)
    if isinstance(percentage, int | float) and not 0 <= percentage <= 100:
        yield f"{PERCENTAGE} must be between 0 and 100, got {percentage}"


def _with_decimal_points(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_decimal_points(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {field: child if field in PAYLOADS else _with_decimal_point(field, child) for field, child in node.items()}


def _with_decimal_point(field: str, child: Any) -> Any:
    if field == PERCENTAGE and isinstance(child, int):
        return float(child)
    return _with_decimal_points(child)
