"""Developer Guide of Step Functions, "Using Map state in Distributed mode"."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.localaws.steps.machines import PASS, create, distributed, run


@pytest.mark.parametrize("percentage", [0, 10, 10.5, 100])
def test_a_percentage_is_any_number_from_0_to_100(aws, percentage):
    machine = distributed(PASS, ItemsPath="$.items", ToleratedFailurePercentage=percentage)
    assert run(aws, machine, {"items": [1]})["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ItemBatcher": {"MaxItemsPerBatch": 2}}, "ItemBatcher"),
        ({"QueryLanguage": "JSONata"}, "JSONata"),
        ({"Assign": {"a": 1}}, "variables"),
        ({"ItemReader": {"Resource": "x", "ReaderConfig": {"InputType": "MANIFEST"}}}, "MANIFEST"),
        ({"ToleratedFailurePercentage": 101}, "between 0 and 100"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_run_here_is_refused_by_name_when_it_is_created(aws, fields, words):
    with pytest.raises(ClientError, match=words) as refused:
        create(aws, distributed(PASS, **fields))
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"


def test_the_words_in_a_payload_are_not_fields_of_a_state(aws):
    payload = {"Assign": 1, "ItemBatcher": 2, "ToleratedFailurePercentage": 3}
    machine = {"StartAt": "Give", "States": {"Give": {"Type": "Pass", "Result": payload, "End": True}}}
    output = run(aws, machine)["output"]
    assert (json.loads(output), "." in output) == (payload, False)


def test_moto_still_wants_a_decimal_point(plain_moto):
    assert plain_moto["integer percentage"], "moto no longer needs localaws/map_definition: drop it"


def test_moto_still_answers_without_a_code(plain_moto):
    assert plain_moto["no code"], "moto no longer needs localaws/machine_errors: drop it"
