"""User Guide of EventBridge, "Amazon EventBridge input transformation"."""

import json

import pytest

from localaws.event_inputs import found, text_for

EVENT = {"source": "aws.s3", "resources": ["one"], "detail": {"object": {"key": 'a "b"', "size": 3}, "tags": ["x"]}}


def filled(template, **paths):
    return text_for(
        {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}, EVENT, {"aws.events.rule-name": "r"}
    )


def test_a_target_without_words_of_its_own_gets_the_event():
    assert json.loads(text_for({}, EVENT, {})) == EVENT


def test_a_target_gets_its_constant():
    assert text_for({"Input": '{"job": 1}'}, EVENT, {}) == '{"job": 1}'


def test_a_target_gets_the_part_that_its_path_finds():
    assert json.loads(text_for({"InputPath": "$.detail.object"}, EVENT, {})) == {"key": 'a "b"', "size": 3}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ('{"key": <key>}', {"key": 'a "b"'}),
        ('{"key": "at <key>"}', {"key": 'at a "b"'}),
        ('{"size": <size>, "tags": <tags>}', {"size": 3, "tags": ["x"]}),
        ('"size is <size>"', "size is 3"),
        ('{"rule": <aws.events.rule-name>}', {"rule": "r"}),
        ('{"absent": "<absent>"}', {"absent": ""}),
    ],
)
def test_a_template_is_filled(template, wanted):
    paths = {"key": "$.detail.object.key", "size": "$.detail.object.size", "tags": "$.detail.tags", "absent": "$.no"}
    assert json.loads(filled(template, **paths)) == wanted


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("$", EVENT), ("$.source", "aws.s3"), ("$.resources[0]", "one"), ("$.resources[5]", None), ("$.source.key", None)],
)
def test_a_path_finds_what_is_there(path, wanted):
    assert found(path, EVENT) == wanted
