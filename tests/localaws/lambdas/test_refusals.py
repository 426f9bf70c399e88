"""What Lambda refuses, each with AWS's error code and HTTP status.

From the API reference (https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html, API_UpdateAlias,
API_AliasRoutingConfiguration, API_DeleteFunction, API_PublishVersion, API_PutProvisionedConcurrencyConfig, API_Invoke)
and the developer guide (configuration-aliases, configuring-alias-routing, provisioned-concurrency, snapstart).
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.lambdas.conftest import Laptop

MISSING = ("ResourceNotFoundException", 404)
INVALID = ("InvalidParameterValueException", 400)
MALFORMED = ("ValidationException", 400)
CONFLICT = ("ResourceConflictException", 409)
STALE = ("PreconditionFailedException", 412)
TOO_LARGE = ("RequestTooLargeException", 413)
Request = Callable[[Any, str], Any]


def weighted(**weights: float) -> dict[str, Any]:
    return {"AdditionalVersionWeights": {name.removeprefix("v"): weight for name, weight in weights.items()}}


def create(**said: Any) -> Request:
    return lambda aws, name: aws.create_alias(FunctionName=name, **{"Name": "next", "FunctionVersion": "1"} | said)


def update(**said: Any) -> Request:
    return lambda aws, name: aws.update_alias(FunctionName=name, **{"Name": "live"} | said)


def delete(qualifier: str) -> Request:
    return lambda aws, name: aws.delete_function(FunctionName=name, Qualifier=qualifier)


def provision(qualifier: str, executions: int = 1) -> Request:
    return lambda aws, name: aws.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=executions
    )


def invoke(suffix: str = "", **said: Any) -> Request:
    return lambda aws, name: aws.invoke(FunctionName=name + suffix, **said)


def publish(**said: Any) -> Request:
    return lambda aws, name: aws.publish_version(FunctionName=name, **said)


def then(*requests: Request) -> Request:
    """The last of them is the one that is refused."""
    return lambda aws, name: [request(aws, name) for request in requests]


REFUSED = {
    "two additional versions": (update(RoutingConfig=weighted(v2=0.1, v3=0.1)), INVALID),
    "weight over one": (update(RoutingConfig=weighted(v2=1.5)), MALFORMED),
    "weight under zero": (create(RoutingConfig=weighted(v2=-0.1)), MALFORMED),
    "weight of no version number": (update(RoutingConfig=weighted(live=0.1)), MALFORMED),
    "weight of $LATEST": (update(RoutingConfig={"AdditionalVersionWeights": {"$LATEST": 0.1}}), MALFORMED),
    "weight beside $LATEST": (create(FunctionVersion="$LATEST", RoutingConfig=weighted(v2=0.1)), INVALID),
    "weight of the primary version": (update(RoutingConfig=weighted(v1=0.1)), INVALID),
    "primary moved onto the additional version": (
        then(update(RoutingConfig=weighted(v2=0.1)), update(FunctionVersion="2")),
        INVALID,
    ),
    "weight of an unknown version": (update(RoutingConfig=weighted(v99=0.1)), MISSING),
    "alias of an unknown version": (create(FunctionVersion="99"), MISSING),
    "alias of another alias": (create(FunctionVersion="live"), MALFORMED),
    "alias moved to an unknown version": (update(FunctionVersion="99"), MISSING),
    "alias named as a number": (create(Name="42"), MALFORMED),
    "alias with a dot": (create(Name="live.1"), MALFORMED),
    "alias that there is": (create(Name="live"), CONFLICT),
    "alias that there is not": (update(Name="nobody", FunctionVersion="2"), MISSING),
    "asking for an alias that there is not": (lambda aws, name: aws.get_alias(FunctionName=name, Name="no"), MISSING),
    "alias of an unknown function": (lambda aws, name: create()(aws, "nobody"), MISSING),
    "alias of an alias of the function": (
        lambda aws, name: aws.create_alias(FunctionName=f"{name}:live", Name="x", FunctionVersion="1"),
        INVALID,
    ),
    "stale revision of an alias": (update(FunctionVersion="2", RevisionId="stale"), STALE),
    "stale revision of the function": (publish(RevisionId="stale"), STALE),
    "code that changed meanwhile": (publish(CodeSha256="other"), INVALID),
    "publishing a version": (lambda aws, name: aws.publish_version(FunctionName=f"{name}:1"), INVALID),
    "stale update of the configuration": (
        lambda aws, name: aws.update_function_configuration(FunctionName=name, Timeout=9, RevisionId="stale"),
        STALE,
    ),
    "changing a version": (
        lambda aws, name: aws.update_function_configuration(FunctionName=f"{name}:1", Timeout=9),
        INVALID,
    ),
    "deleting the version of an alias": (delete("1"), CONFLICT),
    "deleting the additional version of an alias": (
        then(update(RoutingConfig=weighted(v2=0.1)), delete("2")),
        CONFLICT,
    ),
    "deleting $LATEST": (delete("$LATEST"), INVALID),
    "deleting an alias as a version": (delete("live"), INVALID),
    "provisioned concurrency of $LATEST": (provision("$LATEST"), INVALID),
    "provisioned concurrency of an unknown version": (provision("99"), MISSING),
    "provisioned concurrency of a weighted alias": (
        then(update(RoutingConfig=weighted(v2=0.1)), provision("live")),
        INVALID,
    ),
    "weights of a provisioned alias": (
        then(provision("live"), update(RoutingConfig=weighted(v2=0.1))),
        INVALID,
    ),
    "provisioned concurrency of an alias and its version": (then(provision("1"), provision("live")), CONFLICT),
    "provisioned concurrency of a version and its alias": (then(provision("live"), provision("1")), CONFLICT),
    "asking for provisioned concurrency that there is not": (
        lambda aws, name: aws.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live"),
        ("ProvisionedConcurrencyConfigNotFoundException", 404),
    ),
    "more provisioned than reserved": (
        then(
            lambda aws, name: aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2),
            provision("live", 3),
        ),
        INVALID,
    ),
    "invoking an unknown function": (lambda aws, name: aws.invoke(FunctionName="nobody"), MISSING),
    "invoking an unknown version": (invoke(Qualifier="99"), MISSING),
    "invoking an unknown alias": (invoke(":nobody"), MISSING),
    "invoking with two qualifiers": (invoke(":1", Qualifier="live"), INVALID),
    "invoking with what is no JSON": (invoke(Payload=b"{"), ("InvalidRequestContentException", 400)),
    "a request over six megabytes": (invoke(Payload=b'"' + b"x" * 6 * 1024 * 1024 + b'"'), TOO_LARGE),
    "an event over one megabyte": (
        invoke(InvocationType="Event", Payload=b'"' + b"x" * 1024 * 1024 + b'"'),
        TOO_LARGE,
    ),
}


@pytest.mark.parametrize(("request_", "expected"), REFUSED.values(), ids=REFUSED)
def test_lambda_refuses(laptop: Laptop, published, request_, expected):
    name = published()
    unchecked = laptop.client("lambda", parameter_validation=False)  # botocore would refuse some of it by itself
    with pytest.raises(ClientError) as refused:
        request_(unchecked, name)
    said = refused.value.response
    assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == expected


@pytest.mark.parametrize(
    "differs",
    [
        pytest.param(lambda laptop: {"Role": laptop.role("other")}, id="role"),
        pytest.param(
            lambda laptop: {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:1:q"}}, id="dead letters"
        ),
    ],
)
def test_two_versions_of_an_alias_are_alike(laptop: Laptop, aws, published, differs):
    name = published()
    aws.update_function_configuration(FunctionName=name, **differs(laptop))
    third = aws.publish_version(FunctionName=name)["Version"]
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        aws.update_alias(FunctionName=name, Name="live", RoutingConfig=weighted(**{f"v{third}": 0.1}))


def test_snapstart_and_provisioned_concurrency_exclude_each_other(aws, published):
    name = published(SnapStart={"ApplyOn": "PublishedVersions"})
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        provision("1")(aws, name)


def test_what_was_refused_changed_nothing(aws, published):
    name = published()
    before = aws.get_alias(FunctionName=name, Name="live")
    with pytest.raises(ClientError):
        update(FunctionVersion="2", RoutingConfig=weighted(v99=0.1))(aws, name)
    after = aws.get_alias(FunctionName=name, Name="live")
    assert after["RevisionId"] == before["RevisionId"]
    assert (after["FunctionVersion"], after.get("RoutingConfig")) == ("1", before.get("RoutingConfig"))
