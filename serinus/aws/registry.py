"""A registry in AWS: `s3://bucket/prefix` for the files, a DynamoDB table for what is known of them."""

import re
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from serinus.aws.bucket_store import BucketStore
from serinus.aws.failures import code_of, told
from serinus.aws.objects import Bucket
from serinus.aws.table_ledger import TableLedger
from serinus.errors import RegistryError
from serinus.registry.shelf import Shelf

URL = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]+)(/(?P<prefix>[A-Za-z0-9!_.*'()/-]*))?"
)  # no # in it, see the table
CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    response_checksum_validation="when_required",  # what is read is compared with its record
)


def bucket_shelf(url: str, table: str) -> Shelf:
    """The registry at `url`; other registries may share the table, and none has its records in two."""
    bucket, prefix = _parts(url)
    ledger = TableLedger(_client("dynamodb"), table, scope=f"{bucket}/{prefix}".rstrip("/"))
    store = BucketStore(Bucket(_client("s3"), bucket), prefix, table)
    store.check_table()
    return Shelf(ledger, store)


def create(url: str, table: str) -> list[str]:
    """Make the table unless it is there, and the bucket keep versions; says what was done."""
    bucket = Bucket(_client("s3"), _parts(url)[0])
    done = []
    if not bucket.is_versioned():
        with told(f"turn on versioning of bucket {bucket.name}"):
            bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        done.append(f"bucket {bucket.name} keeps versions of its objects now")
    if _create_table(_client("dynamodb"), table):
        done.append(f"made table {table}, with recovery to any point of the last 35 days")
    return done


def _create_table(client: Any, table: str) -> bool:
    keys = {"registry": "HASH", "entry": "RANGE"}
    with told(f"make table {table}"):
        try:
            client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                DeletionProtectionEnabled=True,
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
            )
        except ClientError as error:
            if code_of(error) == "ResourceInUseException":
                return False
            raise
        client.get_waiter("table_exists").wait(TableName=table)
        recovery = {"PointInTimeRecoveryEnabled": True}
        client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    return True


def _parts(url: str) -> tuple[str, str]:
    """The bucket, and the prefix of keys: empty or ending in a slash."""
    named = URL.fullmatch(url)
    if named is None:
        raise RegistryError(f"{url!r} names no registry: expected s3://bucket or s3://bucket/prefix")
    prefix = (named["prefix"] or "").strip("/")
    return named["bucket"], f"{prefix}/" if prefix else ""


def _client(service: str) -> Any:
    with told(f"reach {service}"):
        return boto3.client(service, config=CONFIG)
