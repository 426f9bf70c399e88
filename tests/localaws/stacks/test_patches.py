"""Small patches that stacks need, after AWS's API references; and that all patches are in the list."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

import localaws
from localaws import patches
from tests.localaws.stacks.resources import function

ROOT = Path(localaws.__file__).parent


def test_every_module_that_patches_is_applied():
    """A package's patches are applied by a module of its own that is in the list."""
    wanted = {path for path in ROOT.glob("*.py") if "\ndef apply() -> None:" in path.read_text()}
    applied = {Path(str(patch.__file__)) for patch in patches.PATCHES}
    assert wanted - {ROOT / "patches.py"} <= applied
    assert applied - wanted == {ROOT / "formation/moto_stacks.py", ROOT / "rest_api/patches.py"}


def test_applying_them_again_changes_nothing(aws, stack):
    patches.apply()
    assert stack.create(function("one", "V1")) == "CREATE_COMPLETE"


def test_a_permission_is_taken_back_from_the_alias_it_was_given_to(aws, stack):
    stack.create(function("one", "V1"))
    lambdas, name = aws("lambda"), stack.ids["Function"]
    said = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    lambdas.add_permission(FunctionName=name, Qualifier="live", StatementId="alias", **said)
    lambdas.add_permission(FunctionName=name, StatementId="function", **said)
    lambdas.remove_permission(FunctionName=name, Qualifier="live", StatementId="alias")
    assert '"function"' in lambdas.get_policy(FunctionName=name)["Policy"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambdas.remove_permission(FunctionName=name, Qualifier="live", StatementId="alias")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambdas.remove_permission(FunctionName=name, Qualifier="live", StatementId="function")


def test_a_bucket_logs_into_another_whatever_that_ones_policy(aws, stack):
    bucket = {"Type": "AWS::S3::Bucket"}
    logging = {"LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}, "LogFilePrefix": "one/"}}
    assert stack.create({"Logs": bucket, "One": {**bucket, "Properties": logging}}) == "CREATE_COMPLETE"
    enabled = aws("s3").get_bucket_logging(Bucket=stack.ids["One"])["LoggingEnabled"]
    assert (enabled["TargetBucket"], enabled["TargetPrefix"]) == (stack.ids["Logs"], "one/")
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        aws("s3").put_bucket_logging(
            Bucket=stack.ids["One"],
            BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "no-such-bucket", "TargetPrefix": ""}},
        )
