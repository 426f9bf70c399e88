"""Every statement of every policy of the services' stacks, as text that people can review.

After a change that was meant, renew what is committed: `.venv/bin/python -m tests.infra.statements`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMITTED = Path(__file__).with_name("statements.json")
Statement = dict[str, Any]


def statements(template: dict[str, Any]) -> dict[str, list[Statement]]:
    """By the name of the resource that holds them, in the order in which they stand there."""
    found = {name: [plain(one) for one in _of(resource)] for name, resource in template["Resources"].items()}
    return {name: those for name, those in found.items() if those}


def _of(resource: dict[str, Any]) -> Iterator[Statement]:
    said = resource.get("Properties", {})
    documents = [said.get("PolicyDocument"), said.get("KeyPolicy"), said.get("AssumeRolePolicyDocument")]
    documents += [policy["PolicyDocument"] for policy in said.get("Policies", [])]
    for document in filter(None, documents):
        yield from document["Statement"]
    if resource["Type"] == "AWS::Lambda::Permission":
        yield {"Effect": "Allow", **said}


def plain(value: Any) -> Any:
    """Without CloudFormation's functions: a Ref as ${Name}, an attribute as ${Name.Arn}."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(plain(part) for part in parts)
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case list():
            return [plain(part) for part in value]
    return value


def main() -> None:
    import tempfile

    from infra.cdk.app import synth
    from tests.infra.conftest import IMAGE, SERVICES

    with tempfile.TemporaryDirectory() as folder:
        made = {
            service: statements(json.loads(synth(service, IMAGE, Path(folder) / service).read_text()))
            for service in SERVICES
        }
    COMMITTED.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
