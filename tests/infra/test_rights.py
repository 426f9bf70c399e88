"""Who may do what in the stacks: nothing by a star, and nothing that was not reviewed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.conftest import SERVICES, Template
from tests.infra.statements import COMMITTED, statements

RENEW = "if this is meant: .venv/bin/python -m tests.infra.statements, and look at the difference"


def allowed(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, those in statements(template).items():
        yield from ((name, one) for one in those if one["Effect"] == "Allow")


def as_list(said: str | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else said


@pytest.mark.parametrize("service", SERVICES)
def test_every_statement_is_one_that_was_reviewed(templates: dict[str, Template], service: str) -> None:
    assert statements(templates[service]) == json.loads(COMMITTED.read_text())[service], RENEW


@pytest.mark.parametrize("service", SERVICES)
def test_no_action_is_allowed_by_a_star(templates: dict[str, Template], service: str) -> None:
    found = [(name, one["Action"]) for name, one in allowed(templates[service]) if "*" in "".join(one["Action"])]
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_resource_is_named_where_aws_has_a_name_for_it(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    keys = {name for name, one in template["Resources"].items() if one["Type"] == "AWS::KMS::Key"}
    everything = [
        one for name, one in allowed(template) if "*" in as_list(one.get("Resource", "")) and name not in keys
    ]
    assert [as_list(one["Action"]) for one in everything] == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]]


@pytest.mark.parametrize("service", SERVICES)
def test_no_right_is_given_by_a_policy_of_awss(templates: dict[str, Template], service: str) -> None:
    assert not [
        name
        for name, one in templates[service]["Resources"].items()
        if one.get("Properties", {}).get("ManagedPolicyArns")
    ]


@pytest.mark.parametrize(
    ("service", "may"), [("kepler", set()), ("nuru", {"GetItem", "BatchGetItem"}), ("iit", {"GetItem", "BatchGetItem"})]
)
def test_the_function_reads_features_and_writes_no_table(
    templates: dict[str, Template], service: str, may: set[str]
) -> None:
    actions = {action for _, one in allowed(templates[service]) for action in as_list(one["Action"])}
    assert {action.removeprefix("dynamodb:") for action in actions if action.startswith("dynamodb:")} == may
