"""What a target of an EventBridge rule is sent: the event, a part of it, a constant, or a template filled from it.

AWS ("Amazon EventBridge input transformation", User Guide): a placeholder <name> stands for what its path finds;
outside quotes a string gets its quotes, inside quotes none. EventBridge itself fills <aws.events.event>,
<aws.events.event.json>, <aws.events.event.ingestion-time>, <aws.events.rule-arn> and <aws.events.rule-name>.
What a path does not find is an empty string.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
PART = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")


def text_for(target: Mapping[str, Any], event: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """given: the placeholders that EventBridge itself fills."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(found(target["InputPath"], event))
    if not target.get("InputTransformer"):
        return json.dumps(event)
    transformer = target["InputTransformer"]
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    values = {**given, **{name: found(path, event) for name, path in paths.items()}}
    return _filled(transformer["InputTemplate"], values)


def found(path: str, event: Mapping[str, Any]) -> Any:
    """path: `$`, `$.detail.key`, `$.resources[0]`; None where the event has nothing there."""
    node: Any = event
    for name, index, quoted in PART.findall(path):
        try:
            node = node[int(index)] if index else node[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Between the first and the second quote of JSON one is inside a string, and so on."""
    written, place = "", 0
    for match in PLACEHOLDER.finditer(template):
        written += template[place : match.start()]
        place = match.end()
        is_quoted = len(re.findall(r'(?<!\\)"', template[: match.start()])) % 2 == 1
        value = values.get(match[1], "")
        written += (_inside if is_quoted else json.dumps)("" if value is None else value)
    return written + template[place:]


def _inside(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]
