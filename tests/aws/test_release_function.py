"""The function of a service, its alias and its stack, as moto plays them; and what moto does not do, by hand."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from serinus.aws.alias import ONCE, LambdaAlias, lambda_alias
from serinus.aws.stack import outputs_of
from serinus.aws.versions import LambdaVersions, lambda_versions
from serinus.errors import ReleaseError
from serinus.release.routing import Pointed, Routing
from serinus.release.shifting import NotMade

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/serinus/tiny"
ONE, TENTH = Routing("1"), Routing("1", "2", 0.1)


@pytest.fixture
def function() -> Iterator[str]:
    """Versions 1 and 2 of a function, and the alias `live` on version 1."""
    with mock_aws():
        role = boto3.client("iam").create_role(RoleName="tiny", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = boto3.client("lambda")
        client.create_function(FunctionName="tiny", PackageType="Image", Code={"ImageUri": f"{IMAGE}:1"}, Role=role)
        client.publish_version(FunctionName="tiny", Description="linear 1.0.0")
        client.update_function_code(FunctionName="tiny", ImageUri=f"{IMAGE}:2")
        client.publish_version(FunctionName="tiny")
        client.create_alias(FunctionName="tiny", Name="live", FunctionVersion="1")
        yield "tiny"


def test_an_alias_is_moved_and_read_back(function):
    alias = lambda_alias(function, "live")
    assert alias.get().routing == ONE
    for routing in (TENTH, Routing("1", "2", 0.25), Routing("2"), ONE):
        alias.shift(routing, alias.get().revision)
        assert alias.get().routing == routing


def test_an_alias_that_is_not_there_is_told(function):
    with pytest.raises(ReleaseError, match=r"cannot read alias dead of tiny: .*ResourceNotFoundException"):
        lambda_alias(function, "dead").get()


def test_published_versions_are_listed_from_the_newest(function):
    versions = lambda_versions(function).all()
    assert [version.number for version in versions] == ["2", "1"]
    assert [version.description for version in versions] == ["", "linear 1.0.0"]
    assert versions[0].image != versions[1].image
    assert all(version.is_ready and version.published_at.tzinfo for version in versions)


def test_a_version_is_found_by_its_number(function):
    assert lambda_versions(function).find("1").description == "linear 1.0.0"


def test_a_version_that_is_not_there_is_told_with_those_that_are(function):
    with pytest.raises(ReleaseError, match="tiny has no version 9; there are '2', '1'"):
        lambda_versions(function).find("9")


def test_a_function_that_is_not_there_is_told(function):
    with pytest.raises(ReleaseError, match="gone has no version 1; there are none"):
        lambda_versions("gone").find("1")


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X")


@dataclass
class StrictLambda:
    """Compares RevisionId and changes it, as AWS does and moto does not. failing: what UpdateAlias says instead."""

    alias: dict[str, Any] = field(default_factory=lambda: {"Name": "live", "FunctionVersion": "1", "RevisionId": "r0"})
    failing: Exception | None = None

    def get_alias(self, **_: Any) -> dict[str, Any]:
        return dict(self.alias)

    def update_alias(self, *, RevisionId: str, FunctionVersion: str, RoutingConfig: Any, **_: Any) -> dict[str, Any]:
        if self.failing is not None:
            raise self.failing
        if RevisionId != self.alias["RevisionId"]:
            raise refusal("PreconditionFailedException", 412)
        self.alias |= {"FunctionVersion": FunctionVersion, "RoutingConfig": RoutingConfig}
        self.alias["RevisionId"] = f"r{int(RevisionId[1:]) + 1}"
        return dict(self.alias)


def test_an_alias_that_somebody_else_moved_is_not_moved():
    client = StrictLambda()
    mine, theirs = LambdaAlias(client, "tiny", "live"), LambdaAlias(client, "tiny", "live")
    seen = mine.get()
    assert seen == Pointed(ONE, "r0")
    theirs.shift(TENTH, seen.revision)
    with pytest.raises(NotMade, match="nothing was changed: somebody else moved alias live meanwhile"):
        mine.shift(Routing("2"), seen.revision)
    assert mine.get() == Pointed(TENTH, "r1")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refusal("InvalidParameterValueException"), id="refused"),
        pytest.param(refusal("ServiceException", 500), id="internal"),
        pytest.param(ReadTimeoutError(endpoint_url="x"), id="no answer"),
    ],
)
def test_any_other_failure_does_not_say_that_nothing_was_made(error):
    alias = LambdaAlias(StrictLambda(failing=error), "tiny", "live")
    with pytest.raises(ReleaseError, match="cannot move alias live of tiny") as failed:
        alias.shift(TENTH, "r0")
    assert not isinstance(failed.value, NotMade)


def test_a_shift_is_sent_once():
    """A second try, after an answer that was lost, would be refused for the revision that the first one made."""
    assert ONCE.retries["total_max_attempts"] == 1


def test_more_than_one_other_version_is_nothing_we_know():
    client = StrictLambda()
    client.alias["RoutingConfig"] = {"AdditionalVersionWeights": {"2": 0.1, "3": 0.1}}
    with pytest.raises(ReleaseError, match="gives traffic to 2 other versions, expected at most one"):
        LambdaAlias(client, "tiny", "live").get()


@dataclass
class Answering:
    """Lambda with one answer."""

    answer: dict[str, Any]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"StatusCode": 200, "Payload": io.BytesIO(b'{"statusCode": 200}'), **self.answer}


def test_the_very_version_is_asked():
    client = Answering({"ExecutedVersion": "2"})
    answer = LambdaVersions(client, "tiny").ask("2", {"rawPath": "/"})
    assert (answer.version, answer.payload, answer.error) == ("2", b'{"statusCode": 200}', None)
    assert client.asked[0]["FunctionName"] == "tiny:2"
    assert json.loads(client.asked[0]["Payload"]) == {"rawPath": "/"}


def test_a_version_that_failed_is_told_from_one_that_answered():
    failed = Answering({"ExecutedVersion": "2", "FunctionError": "Unhandled"})
    assert LambdaVersions(failed, "tiny").ask("2", {}).error == "Unhandled"


def make_stack(service: str, **outputs: str) -> None:
    topic = {"Type": "AWS::SNS::Topic"}
    told = {name: {"Value": value} for name, value in outputs.items()}
    template = json.dumps({"Resources": {"Topic": topic}, **({"Outputs": told} if told else {})})
    boto3.client("cloudformation").create_stack(StackName=f"serinus-{service}", TemplateBody=template)


def test_a_stack_tells_what_it_made():
    with mock_aws():
        make_stack("tiny", FunctionName="tiny-1", AliasName="live")
        assert outputs_of("tiny")["FunctionName"] == "tiny-1"
        with pytest.raises(ReleaseError, match="no output HistoryTable, expected it beside these: AliasName, Function"):
            outputs_of("tiny")["HistoryTable"]


def test_a_service_that_was_never_deployed_is_told():
    with (
        mock_aws(),
        pytest.raises(ReleaseError, match="no stack serinus-tiny in eu-central-1: serinus deploy tiny makes it"),
    ):
        outputs_of("tiny")


def test_a_missing_region_is_told(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ReleaseError, match="cannot read the outputs of stack serinus-tiny: You must specify a region"):
        outputs_of("tiny")
