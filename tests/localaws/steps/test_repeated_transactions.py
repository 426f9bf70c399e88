"""API Reference of DynamoDB, TransactWriteItems: ClientRequestToken."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def table(aws):
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    aws("dynamodb").create_table(
        TableName="jobs", AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST", **keys
    )
    return aws("dynamodb")


def add(table, amount, token):
    update = {
        "TableName": "jobs",
        "Key": {"id": {"S": "rows"}},
        "UpdateExpression": "ADD counted :n",
        "ExpressionAttributeValues": {":n": {"N": str(amount)}},
    }
    table.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)


def counted(table):
    return table.get_item(TableName="jobs", Key={"id": {"S": "rows"}})["Item"]["counted"]["N"]


def test_the_same_token_and_items_write_once(table):
    add(table, 3, "one")
    add(table, 3, "one")
    assert counted(table) == "3"


def test_another_token_writes_again(table):
    add(table, 3, "one")
    add(table, 3, "two")
    assert counted(table) == "6"


def test_the_same_token_with_other_items_is_refused(table):
    add(table, 3, "one")
    with pytest.raises(ClientError) as refused:
        add(table, 4, "one")
    assert refused.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"
    assert counted(table) == "3"


def test_moto_still_writes_again(plain_moto):
    assert plain_moto["tokens"], "moto no longer needs localaws/repeated_transactions: drop it"
