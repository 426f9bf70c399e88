"""What a service keeps is encrypted, can be recovered, and is reached by TLS alone."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from serinus.aws import registry, table_features
from tests.infra.conftest import SERVICES, Template, name_of, of_type, only

SHAPE = ("AttributeDefinitions", "KeySchema")


def table(template: Template, kind: str) -> Template:
    (said,) = (said for name, said in of_type(template, "AWS::DynamoDB::Table").items() if kind in name)
    return said


def shape(said: dict[str, Any]) -> dict[str, Any]:
    return {part: said[part] for part in SHAPE}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The tables as our own commands make them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="models")
        registry.create("s3://models", "registry")
        table_features.create("features")
        describe = boto3.client("dynamodb").describe_table
        return {name: describe(TableName=name)["Table"] for name in ("registry", "features")}


def test_tables_are_what_the_commands_would_make(
    templates: dict[str, Template], made: dict[str, dict[str, Any]]
) -> None:
    for name, id in (("registry", "Registry"), ("features", "Features")):
        assert shape(table(templates["iit"], id)) == shape(made[name])


def test_the_history_is_a_services_entries_in_order_of_time(templates: dict[str, Template]) -> None:
    keys = [{"AttributeName": "service", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}]
    assert table(templates["kepler"], "History")["KeySchema"] == keys


def test_only_a_service_that_looks_features_up_has_a_table_of_them(templates: dict[str, Template]) -> None:
    told = {service: "FeatureTable" in templates[service]["Outputs"] for service in SERVICES}
    assert told == {"kepler": False, "nuru": True, "iit": True}


@pytest.mark.parametrize("service", SERVICES)
def test_tables_are_encrypted_recoverable_and_hard_to_lose(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    for name, said in of_type(template, "AWS::DynamoDB::Table").items():
        assert said["SSESpecification"]["KMSMasterKeyId"]["Fn::GetAtt"][0] == name_of(template, "AWS::KMS::Key")
        assert said["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert said["DeletionProtectionEnabled"] is True
        assert said["BillingMode"] == "PAY_PER_REQUEST"
        assert template["Resources"][name]["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("service", SERVICES)
def test_buckets_keep_versions_and_take_tls_alone(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    policies = {
        one["Bucket"]["Ref"]: one["PolicyDocument"] for one in of_type(template, "AWS::S3::BucketPolicy").values()
    }
    for name, said in of_type(template, "AWS::S3::Bucket").items():
        assert said["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(said["PublicAccessBlockConfiguration"].values()) == {True}
        assert said["LifecycleConfiguration"]["Rules"]
        assert template["Resources"][name]["DeletionPolicy"] == "Retain"
        denied = [one["Condition"] for one in policies[name]["Statement"] if one["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


@pytest.mark.parametrize("service", SERVICES)
def test_event_bridge_learns_of_objects_without_a_function_of_cdks(
    templates: dict[str, Template], service: str
) -> None:
    template = templates[service]
    told = [one.get("NotificationConfiguration") for one in of_type(template, "AWS::S3::Bucket").values()]
    assert {"EventBridgeConfiguration": {"EventBridgeEnabled": True}} in told
    assert len(of_type(template, "AWS::Lambda::Function")) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_messages_are_encrypted_and_come_by_tls(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    key = name_of(template, "AWS::KMS::Key")
    assert only(template, "AWS::SNS::Topic")["KmsMasterKeyId"]["Fn::GetAtt"][0] == key
    assert only(template, "AWS::SQS::Queue")["KmsMasterKeyId"]["Fn::GetAtt"][0] == key
    for kind in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
        statements = only(template, kind)["PolicyDocument"]["Statement"]
        assert any(one["Effect"] == "Deny" and "SecureTransport" in str(one["Condition"]) for one in statements)


@pytest.mark.parametrize("service", SERVICES)
def test_logs_are_encrypted_and_end(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert len(groups) == 3
    for said in groups.values():
        assert said["RetentionInDays"] == 30
        assert said["KmsKeyId"]["Fn::GetAtt"][0] == name_of(template, "AWS::KMS::Key")


def test_logs_with_audit_records_outlive_the_stack(templates: dict[str, Template]) -> None:
    kept = {
        service: templates[service]["Resources"][
            only(templates[service], "AWS::Lambda::Function")["LoggingConfig"]["LogGroup"]["Ref"]
        ]["DeletionPolicy"]
        for service in ("kepler", "iit")
    }
    assert kept == {"kepler": "Delete", "iit": "Retain"}
