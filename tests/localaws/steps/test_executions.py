"""API Reference of Step Functions, StartExecution."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.localaws.steps.machines import PASS, REFUSE_BAD, create, ended, run

WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 2, "End": True}}}


def start(aws, machine, **named):
    return aws("stepfunctions").start_execution(stateMachineArn=machine, **named)


def test_nameless_executions_get_names_of_their_own(aws):
    machine = create(aws, PASS)
    assert start(aws, machine)["executionArn"] != start(aws, machine)["executionArn"]


def test_a_running_name_with_the_same_input_answers_alike(aws):
    machine = create(aws, WAIT)
    first = start(aws, machine, name="job", input="{}")
    again = start(aws, machine, name="job", input="{}")
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])


@pytest.mark.parametrize("given", ["{}", '{"other": 1}'], ids=["same input", "other input"])
def test_a_name_that_has_run_is_taken(aws, given):
    machine = create(aws, PASS)
    ended(aws, start(aws, machine, name="job", input="{}")["executionArn"])
    with pytest.raises(ClientError) as refused:
        start(aws, machine, name="job", input=given)
    assert refused.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


def test_a_running_name_with_another_input_is_taken(aws):
    machine = create(aws, WAIT)
    start(aws, machine, name="job", input="{}")
    with pytest.raises(ClientError) as refused:
        start(aws, machine, name="job", input='{"other": 1}')
    assert refused.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


def test_one_name_starts_once_when_many_ask_at_once(aws):
    machine = create(aws, WAIT)
    with ThreadPoolExecutor(8) as threads:
        started = list(threads.map(lambda _: start(aws, machine, name="job", input="{}"), range(16)))
    assert len({each["executionArn"] for each in started}) == 1
    assert len(aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]) == 1


@pytest.mark.parametrize("name", ["two words", "a/b", "a" * 81], ids=["space", "slash", "too long"])
def test_a_name_that_aws_refuses_is_refused(aws, name):
    with pytest.raises(ClientError) as refused:
        start(aws, create(aws, PASS), name=name)
    assert refused.value.response["Error"]["Code"] == "InvalidName"


@pytest.mark.parametrize("result", [{"rows": 3}, "done", None, 3], ids=["object", "text", "null", "number"])
def test_the_output_is_json_and_there_with_the_status(aws, result):
    machine = {"StartAt": "Give", "States": {"Give": {"Type": "Pass", "Result": result, "End": True}}}
    described = run(aws, machine)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", result)


def test_a_failed_execution_has_its_error(aws):
    described = run(aws, REFUSE_BAD, {"bad": True})
    told = described["status"], described["error"], described["cause"]
    assert told == ("FAILED", "BadRows", "a row is bad")


def test_moto_still_gives_a_text_without_quotes(plain_moto):
    assert plain_moto["text output"], "moto no longer needs localaws/execution_results: drop it"


def test_moto_still_gives_every_nameless_execution_the_same_name(plain_moto):
    assert plain_moto["nameless"], "moto no longer needs localaws/executions: drop it"
