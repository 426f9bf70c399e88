"""Stacks behave as the CloudFormation user guide says: order, replacement, retention, rollback, refusal."""

import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws.formation.kinds import KINDS
from localaws.formation.kinds.idle import DOES_NOTHING
from tests.localaws.stacks.resources import function, parameter, topic

BROKEN = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "no-prefix", "TargetKeyId": "none"}}


def topics(aws):
    return {one["TopicArn"] for one in aws("sns").list_topics()["Topics"]}


def test_resources_are_made_after_what_they_refer_to(stack):
    status = stack.create(
        {
            "Last": parameter({"Fn::Sub": "${Middle.Value}/${AWS::StackName}"}),
            "Middle": parameter({"Ref": "First"}),
            "First": topic(),
        },
        Outputs={"Said": {"Value": {"Fn::GetAtt": ["Last", "Value"]}}},
    )
    assert status == "CREATE_COMPLETE"
    assert stack.outputs["Said"] == f"{stack.ids['First']}/{stack.name}"


def test_depends_on_is_an_order_too(stack):
    depending = {**parameter("1"), "DependsOn": ["Second"]}
    assert stack.create({"First": depending, "Second": {**topic(), "DependsOn": "Third"}, "Third": topic()})
    made = [name for name, *_ in stack.events("CREATE_COMPLETE")][::-1]
    assert [name for name in made if name in ("First", "Second", "Third")] == ["Third", "Second", "First"]


def test_a_type_nobody_knows_is_refused_before_anything_is_made(stack, aws):
    before = topics(aws)
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::Nothing::AtAll\]"):
        stack.create({"One": topic(), "It": {"Type": "AWS::Nothing::AtAll"}})
    assert topics(aws) == before


def test_a_custom_resource_is_refused_too(stack):
    with pytest.raises(ClientError, match="Custom::Thing"):
        stack.create({"It": {"Type": "Custom::Thing"}})


def test_a_reference_to_nothing_is_refused(stack):
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[Nowhere\]"):
        stack.create({"One": parameter({"Ref": "Nowhere"})})


def test_a_circle_fails_and_names_its_members(stack):
    status = stack.create({"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})})
    assert status == "ROLLBACK_COMPLETE"
    assert "Circular dependency between resources: [A, B]" in stack.about["StackStatusReason"]


def test_a_property_nobody_knows_fails_its_resource(stack):
    assert stack.create({"It": parameter("1", Properties={"Type": "String", "Value": "1", "Colour": "red"})})
    assert stack.status == "ROLLBACK_COMPLETE"
    assert stack.events("CREATE_FAILED") == [("It", "AWS::SSM::Parameter", "Encountered unsupported property Colour")]


def test_one_resource_that_fails_takes_all_with_it(stack, aws):
    before = topics(aws)
    status = stack.create({"One": topic(), "Two": {**BROKEN, "DependsOn": "One"}})
    assert status == "ROLLBACK_COMPLETE"
    [(name, type_, reason)] = stack.events("CREATE_FAILED")
    assert (name, type_) == ("Two", "AWS::KMS::Alias")
    assert "Code: ValidationException" in reason
    assert topics(aws) == before
    assert stack.ids == {}


def test_what_is_retained_stays_when_the_stack_fails(stack, aws):
    before = topics(aws)
    stack.create({"One": {**topic(), "DeletionPolicy": "Retain"}, "Two": {**BROKEN, "DependsOn": "One"}})
    assert stack.status == "ROLLBACK_COMPLETE"
    assert len(topics(aws) - before) == 1


def test_an_update_that_fails_brings_everything_back(stack, aws):
    stack.create({"Kept": parameter("1"), "Gone": topic()})
    ids, before = stack.ids, topics(aws)
    status = stack.update({"Kept": parameter("2"), "New": topic(), "Bad": {**BROKEN, "DependsOn": ["Kept", "New"]}})
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert aws("ssm").get_parameter(Name=ids["Kept"])["Parameter"]["Value"] == "1"
    assert topics(aws) == before
    assert stack.ids == ids
    assert stack.update({"Kept": parameter("3"), "Gone": topic()}) == "UPDATE_COMPLETE"


def test_an_update_changes_what_changed_and_nothing_else(stack):
    first = {"Same": topic(), "Changed": parameter("1"), "Removed": topic(), "Retained": topic()}
    first["Retained"] = {**topic(), "DeletionPolicy": "Retain"}
    stack.create(first)
    ids = stack.ids
    stack.update({"Same": topic(), "Changed": parameter("2"), "Added": topic()})
    assert {name: stack.ids[name] for name in ("Same", "Changed")} == {name: ids[name] for name in ("Same", "Changed")}
    assert [name for name, *_ in stack.events("UPDATE_COMPLETE") if name != stack.name] == ["Changed"]
    assert [name for name, *_ in stack.events("DELETE_COMPLETE")] == ["Removed"]
    assert [name for name, *_ in stack.events("DELETE_SKIPPED")] == ["Retained"]


def test_a_resource_follows_what_it_refers_to(stack):
    """The template says the same of it, but what it says has another meaning now."""
    parameters = {"Called": {"Type": "String", "Default": "one"}}
    stack.create({"It": parameter({"Ref": "Called"})}, Parameters=parameters)
    outputs = {"Said": {"Value": {"Fn::GetAtt": ["It", "Value"]}}}
    stack.update({"It": parameter({"Ref": "Called"})}, Parameters=parameters, Outputs=outputs, given={"Called": "two"})
    assert stack.outputs == {"Said": "two"}


def test_the_same_again_is_no_update(stack):
    stack.create({"One": topic()})
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stack.update({"One": topic()})


def test_a_new_version_holds_the_new_code_and_the_old_one_stays(stack, aws):
    stack.create(function("one", "V1"))
    name = stack.ids["Function"]
    stack.update(function("two", "V2"))
    images = {
        number: aws("lambda").get_function(FunctionName=name, Qualifier=number)["Code"]["ImageUri"]
        for number in ("1", "2", "live")
    }
    assert images == {"1": "repository:one", "2": "repository:two", "live": "repository:one"}


def test_a_version_of_an_unchanged_function_is_a_mistake(stack):
    stack.create(function("one", "V1"))
    assert stack.update(function("one", "V2")) == "UPDATE_ROLLBACK_COMPLETE"
    [(name, _, reason)] = stack.events("CREATE_FAILED")
    assert name == "V2"
    assert "A version for this Lambda function exists ( 1 ). Modify the function to create a new version." in reason


def test_an_alias_that_the_template_leaves_alone_stays_where_it_was_moved(stack, aws):
    stack.create(function("one", "V1"))
    name = stack.ids["Function"]
    stack.update(function("two", "V2"))
    aws("lambda").update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    stack.update(function("three", "V3"))
    assert aws("lambda").get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"


def test_a_stack_is_deleted_but_for_what_is_retained(stack, aws):
    before = topics(aws)
    stack.create({"Gone": topic(), "Kept": {**topic(), "DeletionPolicy": "Retain"}})
    kept = stack.ids["Kept"]
    aws("cloudformation").delete_stack(StackName=stack.name)
    assert topics(aws) - before == {kept}
    with pytest.raises(ClientError, match="does not exist"):
        stack.about  # noqa: B018  # asking is what fails


def test_a_resource_that_cannot_be_deleted_keeps_its_stack(stack, aws):
    stack.create({"Bucket": {"Type": "AWS::S3::Bucket"}, "Other": topic()})
    bucket = stack.ids["Bucket"]
    aws("s3").put_object(Bucket=bucket, Key="full", Body=b"")
    with pytest.raises(ClientError, match=r"failed to delete: \[Bucket\]"):
        aws("cloudformation").delete_stack(StackName=stack.name)
    assert (stack.status, [*stack.ids]) == ("DELETE_FAILED", ["Bucket"])
    aws("s3").delete_object(Bucket=bucket, Key="full")
    aws("cloudformation").delete_stack(StackName=stack.name)


def test_conditions_parameters_and_what_parameter_store_holds(stack, aws):
    aws("ssm").put_parameter(Name="/there", Value="stored", Type="String", Overwrite=True)
    stack.create(
        {"Yes": topic(), "No": {**topic(), "Condition": "Never"}, "Said": parameter({"Ref": "Stored"})},
        Parameters={"Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/there"}},
        Conditions={"Never": {"Fn::Equals": [{"Ref": "Stored"}, "other"]}},
        Outputs={
            "Said": {"Value": {"Fn::GetAtt": ["Said", "Value"]}},
            "Never": {"Value": {"Ref": "No"}, "Condition": "Never"},
        },
    )
    assert stack.outputs == {"Said": "stored"}
    assert sorted(stack.ids) == ["Said", "Yes"]


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        pytest.param({"Parameters": {"P": {"Type": "String"}}}, r"\[P\] must have values", id="missing"),
        pytest.param({"given": {"Q": "1"}}, r"\[Q\] do not exist", id="unknown"),
        pytest.param(
            {"Parameters": {"P": {"Type": "String", "AllowedValues": ["a"]}}, "given": {"P": "b"}},
            "AllowedValues",
            id="not allowed",
        ),
        pytest.param(
            {"Parameters": {"P": {"Type": "String", "AllowedPattern": "^[0-9]$", "Default": "x"}}},
            "AllowedPattern",
            id="pattern",
        ),
        pytest.param(
            {"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}, "AssertDescription": "no a"}]}}},
            "R is not satisfied: no a",
            id="rule",
        ),
        pytest.param({"Transform": "AWS::Serverless-2016-10-31"}, "macros are not supported", id="macro"),
        pytest.param(
            {"Outputs": {"O": {"Value": "1", "Export": {"Name": "x"}}}}, "exported to other stacks", id="export"
        ),
    ],
)
def test_a_template_that_does_not_hold_is_refused(stack, aws, sections, reason):
    before = topics(aws)
    with pytest.raises(ClientError, match=reason):
        stack.create({"One": topic()}, **sections)
    assert topics(aws) == before


def test_secrets_are_generated_and_found_by_dynamic_references(stack, aws):
    generated = {"SecretStringTemplate": '{"user": "a"}', "GenerateStringKey": "password", "PasswordLength": 40}
    stack.create(
        {
            "Plain": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True}},
            },
            "Keyed": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}},
            "Told": parameter({"Fn::Sub": "{{resolve:secretsmanager:${Keyed}:SecretString:password}}"}),
        }
    )
    secrets = {
        name: aws("secretsmanager").get_secret_value(SecretId=stack.ids[name])["SecretString"]
        for name in ("Plain", "Keyed")
    }
    assert len(secrets["Plain"]) == 64
    assert secrets["Plain"].isalnum()
    told = aws("ssm").get_parameter(Name=stack.ids["Told"])["Parameter"]["Value"]
    assert len(told) == 40
    assert told in secrets["Keyed"].replace("\\\\", "\\").replace('\\"', '"')


@pytest.mark.parametrize(
    "what",
    [
        "ignores_types",
        "half_a_stack",
        "publishes_old_code",
        "deletes_what_is_retained",
        "asks_for_a_policy",
        "shares_permissions",
    ],
)
def test_moto_still_needs_this(plain_moto, what):
    """When this fails, moto does it right, and the patch that it names can go."""
    assert plain_moto[what]


def test_the_docs_list_every_type():
    said = (Path(__file__).parents[3] / "docs/localaws.md").read_text().split("| service | types |")[1]
    table = re.findall(r"^\| ([A-Za-z0-9]+) \| ([A-Za-z0-9, ]+) \|$", said, re.MULTILINE)
    listed = {f"AWS::{service}::{name}" for service, names in table for name in names.split(", ")}
    assert listed - {"AWS::type::why"} == set(KINDS) - set(DOES_NOTHING)
    assert {kind: why for kind, why in DOES_NOTHING.items() if f"| `{kind}` | {why} |" not in said} == {}
