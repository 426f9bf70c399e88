"""Versions, as documented: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"""

import pytest

from tests.localaws.lambdas.conftest import answer, archive

TELLS = """
import os
def handler(event, context):
    return [%r, os.environ.get("COLOUR"), context.memory_limit_in_mb]
"""
IMMUTABLE = ("CodeSha256", "Timeout", "MemorySize", "Handler", "Environment", "Description")


@pytest.fixture
def changed(aws, function):
    """A function whose version 1 was published before all of $LATEST changed."""
    name = function(TELLS % "one", Environment={"Variables": {"COLOUR": "red"}}, Timeout=5, MemorySize=256)
    before = aws.publish_version(FunctionName=name, Description="first")
    aws.update_function_code(FunctionName=name, ZipFile=archive(TELLS % "two"))
    aws.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}}, Timeout=9, MemorySize=512
    )
    return name, before


def test_a_version_is_described_as_it_was_published(aws, changed):
    name, before = changed
    after = aws.get_function_configuration(FunctionName=name, Qualifier="1")
    assert {field: after[field] for field in IMMUTABLE} == {field: before[field] for field in IMMUTABLE}
    assert aws.get_function_configuration(FunctionName=name)["Timeout"] == 9


def test_a_version_runs_as_it_was_published(aws, changed):
    name, _ = changed
    assert answer(aws.invoke(FunctionName=name, Qualifier="1")) == ["one", "red", "256"]
    assert answer(aws.invoke(FunctionName=name)) == ["two", "blue", "512"]


def test_a_running_latest_is_replaced_when_it_changes(aws, function):
    name = function(TELLS % "one")
    assert answer(aws.invoke(FunctionName=name))[0] == "one"
    aws.update_function_code(FunctionName=name, ZipFile=archive(TELLS % "two"))
    assert answer(aws.invoke(FunctionName=name))[0] == "two"


def test_the_image_of_a_version_stays(aws, laptop):
    images = {"PackageType": "Image", "Role": laptop.lambda_role}
    aws.create_function(FunctionName="pictured", Code={"ImageUri": "registry/serinus@sha256:aa"}, **images)
    aws.publish_version(FunctionName="pictured")
    aws.update_function_code(FunctionName="pictured", ImageUri="registry/serinus@sha256:bb")
    uris = [
        aws.get_function(FunctionName="pictured", Qualifier=version)["Code"]["ImageUri"] for version in ("1", "$LATEST")
    ]
    assert [uri[-2:] for uri in uris] == ["aa", "bb"]


def test_what_did_not_change_is_not_published_again(aws, function):
    name = function()
    first = aws.publish_version(FunctionName=name)
    again = aws.publish_version(FunctionName=name, Description="again")
    assert (again["Version"], again["RevisionId"]) == ("1", first["RevisionId"])
    aws.update_function_configuration(FunctionName=name, Timeout=3)  # what it was
    assert aws.publish_version(FunctionName=name)["Version"] == "1"
    aws.update_function_configuration(FunctionName=name, Timeout=4)
    assert aws.publish_version(FunctionName=name)["Version"] == "2"


def test_a_version_number_is_never_used_again(aws, published, function, laptop):
    name = published()
    aws.delete_function(FunctionName=name, Qualifier="2")
    aws.update_function_configuration(FunctionName=name, Timeout=7)
    assert aws.publish_version(FunctionName=name)["Version"] == "3"
    aws.delete_function(FunctionName=name)
    code = {"ZipFile": archive(TELLS % "new")}
    common = {"Runtime": "python3.13", "Handler": "tiny.handler", "Role": laptop.lambda_role}
    aws.create_function(FunctionName=name, Code=code, **common)
    assert aws.publish_version(FunctionName=name)["Version"] == "4"


def test_updating_the_code_can_publish_it(aws, function):
    name = function(TELLS % "one")
    made = aws.update_function_code(FunctionName=name, ZipFile=archive(TELLS % "two"), Publish=True)
    assert made["Version"] == "1"
    aws.update_function_code(FunctionName=name, ZipFile=archive(TELLS % "three"), Publish=True)
    assert [answer(aws.invoke(FunctionName=name, Qualifier=version))[0] for version in "12"] == ["two", "three"]


def test_every_change_has_a_revision_of_its_own(aws, function):
    name, other = function(), archive("a = 1")
    seen = [aws.get_function_configuration(FunctionName=name)["RevisionId"]]
    seen.append(aws.update_function_configuration(FunctionName=name, Timeout=5, RevisionId=seen[-1])["RevisionId"])
    seen.append(aws.update_function_code(FunctionName=name, ZipFile=other, RevisionId=seen[-1])["RevisionId"])
    seen.append(aws.publish_version(FunctionName=name, RevisionId=seen[-1])["RevisionId"])
    assert len(set(seen)) == 4


def test_a_version_that_nobody_uses_can_be_deleted_and_deleted_again(aws, published):
    name = published()
    for _ in range(2):
        aws.delete_function(FunctionName=name, Qualifier="2")
    listed = aws.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1"]


def test_a_deleted_function_takes_its_aliases_with_it(aws, published, laptop):
    name = published()
    aws.put_provisioned_concurrency_config(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1)
    aws.delete_function(FunctionName=name)
    code = {"ZipFile": archive(TELLS % "new")}
    aws.create_function(
        FunctionName=name,
        Code=code,
        Runtime="python3.13",
        Handler="tiny.handler",
        Role=laptop.lambda_role,
        Publish=True,
    )
    assert aws.list_aliases(FunctionName=name)["Aliases"] == []
    assert aws.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []


def test_snapstart_is_on_for_published_versions(aws, function):
    name = function(SnapStart={"ApplyOn": "PublishedVersions"})
    version = aws.publish_version(FunctionName=name)
    latest = aws.get_function_configuration(FunctionName=name)
    assert version["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert latest["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}


def test_the_code_of_a_version_is_known_by_its_digest(aws, function):
    name = function()
    digest = aws.get_function_configuration(FunctionName=name)["CodeSha256"]
    assert aws.publish_version(FunctionName=name, CodeSha256=digest)["CodeSha256"] == digest
