"""What moto, without a patch, still gets wrong: as JSON: a name, and whether it does. Run in its own process."""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.localaws.stacks.resources import function, parameter, topic

Client = Callable[[str], Any]


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name="us-east-1", **keys)


def deploy(aws: Client, operation: str, resources: Any) -> str:
    formation = aws("cloudformation")
    getattr(formation, operation)(StackName="s", TemplateBody=json.dumps({"Resources": resources}))
    return str(formation.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"])


def ignores_types(aws: Client) -> bool:
    return deploy(aws, "create_stack", {"It": {"Type": "AWS::Nothing::AtAll"}}) == "CREATE_COMPLETE"


def half_a_stack(aws: Client) -> bool:
    """A resource that fails leaves those before it, and the error is not one of AWS."""
    try:
        deploy(aws, "create_stack", {"One": topic(), "Nameless": parameter("1")})
    except AttributeError:
        return len(aws("sns").list_topics()["Topics"]) == 1
    return False


def publishes_old_code(aws: Client) -> bool:
    """An update makes what is new before it changes what is there."""
    first, second = function("a", "V1"), function("b", "V1", "V2")
    deploy(aws, "create_stack", first)
    name = aws("lambda").list_functions()["Functions"][0]["FunctionName"]
    seen = []
    from moto.awslambda.models import LambdaVersion, lambda_backends

    make = LambdaVersion.create_from_cloudformation_json

    def spy(*given: Any, **more: Any) -> Any:
        seen.append(lambda_backends["123456789012"]["us-east-1"].get_function(name).code["ImageUri"])
        return make(*given, **more)

    LambdaVersion.create_from_cloudformation_json = spy  # type: ignore[method-assign]
    deploy(aws, "update_stack", second)
    return seen == ["repository:a"]


def deletes_what_is_retained(aws: Client) -> bool:
    deploy(aws, "create_stack", {"Kept": {**topic(), "DeletionPolicy": "Retain"}, "Other": topic()})
    deploy(aws, "update_stack", {"Other": topic()})
    return len(aws("sns").list_topics()["Topics"]) == 1


def asks_for_a_policy(aws: Client) -> bool:
    s3 = aws("s3")
    for name in ("bucket-one", "bucket-two"):
        s3.create_bucket(Bucket=name)
    try:
        s3.put_bucket_logging(
            Bucket="bucket-one",
            BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "bucket-two", "TargetPrefix": ""}},
        )
    except ClientError:
        return True
    return False


def shares_permissions(aws: Client) -> bool:
    """What an alias permits, its function seems to."""
    lambdas = aws("lambda")
    role = aws("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    lambdas.create_function(FunctionName="f", PackageType="Image", Role=role, Code={"ImageUri": "a:b"})
    lambdas.publish_version(FunctionName="f")
    lambdas.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    given = {"FunctionName": "f", "Qualifier": "live", "StatementId": "s"}
    lambdas.add_permission(**given, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com")
    return "Policy" in lambdas.get_policy(FunctionName="f")


PROBES = (
    ignores_types,
    half_a_stack,
    publishes_old_code,
    deletes_what_is_retained,
    asks_for_a_policy,
    shares_permissions,
)


def main() -> None:
    warnings.simplefilter("ignore")
    misbehaves = {}
    for probe in PROBES:
        with mock_aws():
            misbehaves[probe.__name__] = probe(client)
    sys.stdout.write(json.dumps(misbehaves))


if __name__ == "__main__":
    main()
