"""CloudFormation's functions, after "Intrinsic function reference" in its user guide."""

from typing import Any

import pytest

from localaws.formation.intrinsics import TemplateError, holds, references, resolve


class Names:
    """A scope of a few names."""

    def ref(self, name: str) -> object:
        return {"Stage": "prod", "AWS::Region": "us-east-1", "Count": 3, "Yes": True, "List": ["a", "b"]}[name]

    def attribute(self, name: str, attribute: str) -> object:
        return f"{name}.{attribute}!"

    def condition(self, name: str) -> bool:
        return name == "IsProd"

    def mapping(self, name: str) -> dict[str, Any]:
        return {"us-east-1": {"size": "large"}} if name == "Sizes" else {}

    def dynamic(self, reference: str) -> str:
        return f"<{reference}>"


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        pytest.param({"Ref": "Stage"}, "prod", id="ref"),
        pytest.param({"Fn::GetAtt": ["Queue", "Arn"]}, "Queue.Arn!", id="attribute"),
        pytest.param({"Fn::GetAtt": "Table.Stream.Arn"}, "Table.Stream.Arn!", id="dotted attribute"),
        pytest.param({"Fn::Sub": "a-${Stage}-${Queue.Arn}"}, "a-prod-Queue.Arn!", id="sub"),
        pytest.param({"Fn::Sub": ["${X}/${Stage}", {"X": {"Ref": "Count"}}]}, "3/prod", id="sub with values"),
        pytest.param({"Fn::Sub": "${!Literal} ${Stage}"}, "${Literal} prod", id="sub keeps literals"),
        pytest.param({"Fn::Join": ["-", ["a", {"Ref": "Count"}, {"Ref": "Yes"}]]}, "a-3-true", id="join"),
        pytest.param({"Fn::Join": [",", {"Ref": "List"}]}, "a,b", id="join a list"),
        pytest.param({"Fn::Select": ["1", {"Fn::Split": ["|", "x|y|z"]}]}, "y", id="select and split"),
        pytest.param({"Fn::If": ["IsProd", {"Ref": "Stage"}, "dev"]}, "prod", id="if"),
        pytest.param({"Fn::If": ["IsDev", "dev", {"Ref": "AWS::NoValue"}]}, None, id="no value"),
        pytest.param({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "size"]}, "large", id="map"),
        pytest.param({"Fn::Base64": {"Ref": "Stage"}}, "cHJvZA==", id="base64"),
        pytest.param({"Fn::ToJsonString": {"a": [{"Ref": "Count"}]}}, '{"a": [3]}', id="json"),
        pytest.param("{{resolve:ssm:name}} x", "<ssm:name> x", id="dynamic"),
        pytest.param({"Ref": "Stage", "Other": 1}, {"Ref": "Stage", "Other": 1}, id="two keys are no function"),
    ],
)
def test_functions_stand_for(value, meaning):
    resolved = resolve({"it": value, "more": [value]}, Names())
    assert resolved == ({"it": meaning, "more": [meaning]} if meaning is not None else {"more": []})


def test_a_function_that_is_not_known_is_refused():
    with pytest.raises(TemplateError, match="Fn::Cidr"):
        resolve({"Fn::Cidr": ["10.0.0.0/16", 2]}, Names())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, True, id="equals"),
        pytest.param({"Fn::Equals": [{"Ref": "Count"}, "3"]}, True, id="numbers are compared as texts"),
        pytest.param({"Fn::Not": [{"Condition": "IsProd"}]}, False, id="not"),
        pytest.param({"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]}, False, id="and"),
        pytest.param({"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]}, True, id="or"),
        pytest.param({"Fn::Contains": [["1", "2"], {"Ref": "Stage"}]}, False, id="contains"),
    ],
)
def test_conditions_hold(condition, expected):
    assert holds(condition, Names()) is expected


def test_references_are_found_wherever_they_stand():
    value = {
        "a": [{"Ref": "One"}, {"Fn::GetAtt": ["Two", "Arn"]}],
        "b": {"Fn::Sub": ["${Three}-${Four.Arn}-${Given}-${!Not}", {"Given": {"Ref": "Five"}}]},
        "c": {"Fn::If": ["Condition", {"Ref": "Six"}, "x"]},
    }
    assert sorted(references(value)) == ["Five", "Four", "One", "Six", "Three", "Two"]
