"""What moto, without a patch, still gets wrong: as JSON: a name, and whether it does. Run in its own process."""

import json
import sys
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.localaws.steps.machines import PASS, REFUSE_BAD, create, distributed, ended, run

Client = Callable[[str], Any]


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name="us-east-1", **keys)


def thresholds(aws: Client) -> bool:
    return bool(
        run(aws, distributed(REFUSE_BAD, ItemsPath="$.items"), {"items": [{"bad": True}]})["status"] != "FAILED"
    )


def integer_percentage(aws: Client) -> bool:
    return is_refused(aws, distributed(PASS, ToleratedFailurePercentage=10))


def jsonl(aws: Client) -> bool:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    return is_refused(aws, distributed(PASS, ItemReader={**reader, "ReaderConfig": {"InputType": "JSONL"}}))


def empty_manifest(aws: Client) -> bool:
    aws("s3").create_bucket(Bucket="results")
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results", "Prefix": "p"}}
    output = run(aws, distributed(PASS, ItemsPath="$.items", ResultWriter=writer), {"items": [1]})["output"]
    key = json.loads(output)["ResultWriterDetails"]["Key"]
    return not json.loads(aws("s3").get_object(Bucket="results", Key=key)["Body"].read())["ResultFiles"]["SUCCEEDED"]


def nameless(aws: Client) -> bool:
    machine = create(aws, PASS)
    ended(aws, aws("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"])
    try:
        aws("stepfunctions").start_execution(stateMachineArn=machine)
    except ClientError:
        return True
    return False


def parameters(aws: Client) -> bool:
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}
    start["Parameters"] = {"StateMachineArn": create(aws, PASS), "Input": {}}
    return bool(run(aws, {"StartAt": "Do", "States": {"Do": start}})["status"] == "FAILED")


def no_code(aws: Client) -> bool:
    try:
        create(aws, {})
    except ClientError as refused:
        return str(refused.response["Error"]["Code"]) != "InvalidDefinition"
    return True


def is_refused(aws: Client, definition: dict[str, Any]) -> bool:
    try:
        create(aws, definition)
    except ClientError:
        return True
    return False


PROBES = {
    "thresholds": thresholds,
    "integer percentage": integer_percentage,
    "jsonl": jsonl,
    "empty manifest": empty_manifest,
    "nameless": nameless,
    "parameters": parameters,
    "no code": no_code,
}


def main() -> None:
    misbehaves = {}
    for name, probe in PROBES.items():
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            misbehaves[name] = probe(client)
    sys.stdout.write(json.dumps(misbehaves))


if __name__ == "__main__":
    main()
