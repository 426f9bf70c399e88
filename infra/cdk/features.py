"""Stored features: the function reads the store that service.toml names, or the table where AWS cannot reach that."""

from urllib.parse import urlsplit

from aws_cdk import Aws
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from serinus.service import Service
from serinus.stored import is_reachable_from_aws

ADDRESS = "SERINUS_FEATURES_ADDRESS"
READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem")


def give_features(function: lambda_.Function, service: Service, table: dynamodb.Table | None) -> None:
    """Just the right to read, and just from the store that is asked."""
    if service.features is None or table is None:
        return
    if not is_reachable_from_aws(service.features):
        function.add_environment(ADDRESS, f"dynamodb://{table.table_name}")
        table.grant(function, *READ)
    elif service.features.address.startswith("s3://"):
        _read_objects(function, service.features.address)
    elif service.features.store == "dynamodb":
        name = service.features.address.removeprefix("dynamodb://")
        arn = f"arn:{Aws.PARTITION}:dynamodb:{Aws.REGION}:{Aws.ACCOUNT_ID}:table/{name}"
        function.add_to_role_policy(iam.PolicyStatement(actions=[*READ], resources=[arn]))


def _read_objects(function: lambda_.Function, address: str) -> None:
    url = urlsplit(address)
    bucket, prefix = f"arn:{Aws.PARTITION}:s3:::{url.netloc}", url.path.strip("/")
    below = f"{prefix}/*" if prefix else "*"
    function.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[f"{bucket}/{below}"]))
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["s3:ListBucket"], resources=[bucket], conditions={"StringLike": {"s3:prefix": [below]}}
        )
    )
