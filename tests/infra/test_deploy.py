"""`serinus deploy --dry-run` says what would change, compared with what is deployed, and changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from infra.cdk.changes import Change, changes, retained
from serinus.cli import app
from serinus.cli.cdk_tool import ROOT, TOOL, tool
from serinus.errors import ServiceError

STACK = "serinus-tiny"
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "before"}}


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No account: no credentials, and nowhere to find some."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers the credentials of other tests


@pytest.fixture
def account(nobody: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-tests")
    with mock_aws():
        yield boto3.client("cloudformation", region_name="us-east-1")


def dry_run(file: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> dict[str, Any]:
    monkeypatch.chdir(file.parent)
    said = ["deploy", str(file), "--models", "models", "--dry-run", "--json", "--skip-preflight", *more]
    result = CliRunner().invoke(app, said, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_without_an_account_everything_is_new(
    node: str, nobody: None, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = dry_run(tiny_service, monkeypatch)
    assert (told["stack"], told["compared"], told["outputs"]) == (STACK, False, {})
    assert {one["what"] for one in told["changes"]} == {"new"}
    assert {"AWS::Lambda::Version", "AWS::Lambda::Alias"} <= {one["kind"] for one in told["changes"]}
    assert set(told["bundles"]) == {"linear", "bent"}


def test_the_same_input_would_deploy_the_same_image(
    node: str, nobody: None, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = (dry_run(tiny_service, monkeypatch) for _ in range(2))
    assert first == again


def test_with_an_account_it_is_compared_with_what_is_deployed(
    node: str, account: Any, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.create_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": {"Old": TOPIC}}))
    told = dry_run(tiny_service, monkeypatch)
    assert told["compared"]
    gone = [one["name"] for one in told["changes"] if one["what"] == "gone"]
    assert gone == ["Old"]
    (resource,) = account.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    assert resource["LogicalResourceId"] == "Old"  # nothing was changed


def test_an_account_without_the_stack_gets_everything_new(
    node: str, account: Any, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = dry_run(tiny_service, monkeypatch)
    assert told["compared"]
    assert {one["what"] for one in told["changes"]} == {"new"}
    assert account.list_stacks()["StackSummaries"] == []


def test_a_contradiction_is_told_before_anything_is_baked(
    nobody: None, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_service.open("a") as file:
        file.write("[function]\nprovisioned = 1\n")
    with pytest.raises(ServiceError, match="provisioned = 1 and snapstart = true"):
        dry_run(tiny_service, monkeypatch)
    assert not (tiny_service.parent / "build").exists()


def test_a_deployment_without_an_account_ends_before_anything_is_baked(
    nobody: None, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (ROOT / TOOL).exists():
        pytest.skip("CDK MISSING: run npm ci")
    monkeypatch.chdir(tiny_service.parent)
    with pytest.raises(ServiceError, match="no account: Unable to locate credentials"):
        CliRunner().invoke(app, ["deploy", str(tiny_service), "--skip-preflight"], catch_exceptions=False)
    assert not (tiny_service.parent / "build").exists()


def test_people_are_told_what_would_change_once_it_was_checked(
    node: str, nobody: None, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_service.parent)
    result = CliRunner().invoke(app, ["deploy", str(tiny_service), "--dry-run"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Preflight of tiny: ready" in result.stderr
    assert "there is no account to compare with" in result.stdout
    assert "new     AWS::Lambda::Version" in result.stdout
    assert result.stdout.endswith("nothing was changed\n")


def test_what_stays_is_listed_before_anything_goes(
    node: str, nobody: None, tiny_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (ROOT / TOOL).exists():
        pytest.skip("CDK MISSING: run npm ci")
    monkeypatch.chdir(tiny_service.parent)
    result = CliRunner().invoke(app, ["undeploy", str(tiny_service)], input="n\n", catch_exceptions=False)
    assert result.exit_code == 1
    kept = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  AWS::")]
    assert kept == ["AWS::DynamoDB::Table"] * 2 + ["AWS::KMS::Key"] + ["AWS::S3::Bucket"] * 2


def test_without_the_cdk_tool_one_learns_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="npm ci"):
        tool(tmp_path)


def test_changes_name_the_properties_that_become_other_ones() -> None:
    topic = {**TOPIC, "Metadata": {"aws:cdk:path": "elsewhere"}}
    changed = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "after"}, "DependsOn": ["Same"]}
    kept = {"Type": "AWS::Lambda::Version", "DeletionPolicy": "Retain"}
    before = {"Resources": {"Same": TOPIC, "Topic": TOPIC, "Version1": kept, "Gone": TOPIC}}
    after = {"Resources": {"Same": topic, "Topic": changed, "Version2": kept}}
    assert changes(before, after) == [
        Change("new", "Version2", "AWS::Lambda::Version"),
        Change("kept", "Version1", "AWS::Lambda::Version"),
        Change("gone", "Gone", "AWS::SNS::Topic"),
        Change("other", "Topic", "AWS::SNS::Topic", ("DependsOn", "DisplayName")),
    ]
    assert retained(after) == [("Version2", "AWS::Lambda::Version")]
