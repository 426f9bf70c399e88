"""Invoke, as the Lambda API reference documents it: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

import json

from tests.localaws.lambdas.conftest import answer


def test_an_invocation_runs_in_a_real_runtime(aws, function):
    response = aws.invoke(FunctionName=function(), Payload=json.dumps({"a": 1}))
    assert response["StatusCode"] == 200
    assert response["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in response
    assert answer(response)["event"] == {"a": 1}


def test_the_version_that_was_asked_for_runs(aws, published):
    name = published()
    response = aws.invoke(FunctionName=name, Qualifier="1")
    assert response["ExecutedVersion"] == "1"
    assert answer(response)["version"] == "1"
