"""Resources for small templates."""

from typing import Any

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ],
        }
    },
}


def topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def parameter(value: Any, **attributes: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}, **attributes}


def function(tag: str, *versions: str, **properties: Any) -> dict[str, Any]:
    """A function of an image, as CDK describes one: each of `versions` is a retained version, `Live` its alias."""
    said = {
        "PackageType": "Image",
        "Code": {"ImageUri": f"repository:{tag}"},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        **properties,
    }
    published = {
        name: {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": "Function"}},
            "DeletionPolicy": "Retain",
        }
        for name in versions
    }
    live = {"FunctionName": {"Ref": "Function"}, "Name": "live", "FunctionVersion": "1"}
    return {
        "Live": {"Type": "AWS::Lambda::Alias", "Properties": live, "DependsOn": list(versions)},
        **published,
        "Function": {"Type": "AWS::Lambda::Function", "Properties": said},
        "Role": ROLE,
    }
