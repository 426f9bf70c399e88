"""A REST API in front of real runtimes, against what AWS documents of its proxy integration and gateway responses."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.localaws.gateways.apis import ARN, REST_URI, RestApiMaker, client, recorded, shape

ROW = [0.25, -1.5, 3.0]
OWN_IDS = {"x-amzn-requestid", "x-amz-apigw-id"}


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """What a gateway response is told by: status, message and error type."""
    assert answer.headers.keys() >= OWN_IDS
    return answer.status_code, answer.json()["message"], answer.headers["x-amzn-errortype"]


@pytest.fixture
def asked(opened):
    """A client of a REST API whose one function gets every method of every path, deployed as `prod`."""
    clients: list[httpx.Client] = []

    def make(function: str = "rest_echo", *, timeout_ms: int = 29_000, **options: Any) -> httpx.Client:
        api = RestApiMaker.new(**options)
        for resource in (api.root, api.resource("{proxy+}")):
            api.method(resource, "ANY", function, timeout_ms=timeout_ms)
        api.deploy()
        clients.append(client(opened.open(api.api_id) + "/prod"))
        return clients[-1]

    yield make
    for one in clients:
        one.close()


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [("rest_v1_predict", "POST", "/api/v1/predict"), ("rest_v1_get_models", "GET", "/api/v1/models")],
)
def test_an_event_has_the_shape_of_a_recorded_one(asked, running, name, method, path):
    wanted = recorded(name)
    http = asked()
    http.headers = httpx.Headers({"accept": "*/*", "user-agent": "curl/8.14.1"})
    content = {"content": wanted["body"], "headers": {"content-type": "application/json"}} if wanted["body"] else {}
    http.request(method, path, **content)
    (got,) = running.seen
    for header in ("Connection", "Accept-Encoding", "Content-Length"):  # of the client of this test
        for headers in ("headers", "multiValueHeaders"):
            got[headers].pop(header, None)
    assert shape(got) == shape(wanted)
    assert list(got) == list(wanted)
    assert list(got["requestContext"]) == list(wanted["requestContext"])
    for member in ("resource", "path", "httpMethod", "pathParameters", "body", "isBase64Encoded"):
        assert got[member] == wanted[member]
    assert got["requestContext"]["path"] == wanted["requestContext"]["path"]


def test_an_event_says_what_the_request_was(asked, running):
    headers = [("X-Two", "1"), ("X-Two", "2")]
    answer = asked().get("/models/a%20b?a=1&b=x+y&a=2", headers=headers)
    (event,) = running.seen
    assert (event["path"], event["pathParameters"]) == ("/models/a%20b", {"proxy": "models/a%20b"})
    assert event["queryStringParameters"] == {"a": "2", "b": "x y"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["x y"]}
    assert event["headers"]["X-Two"] == "2"
    assert event["multiValueHeaders"]["X-Two"] == ["1", "2"]
    assert event["requestContext"]["requestId"] == answer.headers["x-amzn-requestid"]
    assert event["requestContext"]["extendedRequestId"] == answer.headers["x-amz-apigw-id"]


@pytest.fixture
def tree(opened):
    """Resources that overlap; each answers with its event."""
    api = RestApiMaker.new()
    models = api.resource("models")
    best = api.resource("best", models)
    for resource, method in (
        (models, "GET"),
        (best, "ANY"),
        (best, "PUT"),
        (api.resource("{name}", models), "GET"),
        (api.resource("{proxy+}"), "POST"),
    ):
        api.method(resource, method, "rest_echo")
    api.deploy()
    with client(opened.open(api.api_id) + "/prod") as http:
        yield http


@pytest.mark.parametrize(
    ("method", "path", "resource"),
    [
        ("GET", "/models", "/models"),
        ("GET", "/models/best", "/models/best"),
        ("PUT", "/models/best", "/models/best"),
        ("GET", "/models/other", "/models/{name}"),
        ("POST", "/else/where", "/{proxy+}"),
    ],
)
def test_the_most_specific_resource_answers(tree, running, method, path, resource):
    assert tree.request(method, path).status_code == 200
    assert running.seen[-1]["resource"] == resource


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/models"), ("GET", "/else"), ("GET", "/")])
def test_where_no_method_is_there_is_no_token_either(tree, running, method, path):
    unknown = (403, "Missing Authentication Token", "MissingAuthenticationTokenException")
    assert refusal(tree.request(method, path)) == unknown
    assert not running.seen


def test_a_stage_that_is_not_there_is_forbidden(asked):
    http = asked()
    with client(str(http.base_url).replace("/prod", "/beta")) as other:
        assert refusal(other.get("/models")) == (403, "Forbidden", "ForbiddenException")


@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        ({"statusCode": 201, "body": "made"}, 201, "application/json", b"made"),
        ({"statusCode": "202", "headers": {"Content-Type": "a/b"}}, 202, "a/b", b""),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, 200, "application/json", b"AP8="),
    ],
    ids=["status and body", "status as text", "base64 without binary types"],
)
def test_a_return_value_becomes_an_answer(asked, returned, status, content_type, body):
    answer = asked().post("/", json={"returned": returned})
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (status, content_type, body)


def test_headers_of_an_answer_come_from_both_members(asked):
    returned = {
        "statusCode": 200,
        "headers": {"X-A": "1", "X-B": "1", "WWW-Authenticate": "Basic"},
        "multiValueHeaders": {"x-b": ["2", "3"], "Set-Cookie": ["a=1", "b=2"]},
    }
    headers = asked().post("/", json={"returned": returned}).headers
    assert (headers["x-a"], headers.get_list("x-b"), headers.get_list("set-cookie")) == (
        "1",
        ["2", "3"],
        ["a=1", "b=2"],
    )
    assert (headers.get("www-authenticate"), headers["x-amzn-remapped-www-authenticate"]) == (None, "Basic")


@pytest.mark.parametrize(
    "returned",
    [{"body": "no status"}, "text", {"statusCode": 200, "body": {}}, {"statusCode": 7}],
    ids=["no status", "text", "body", "range"],
)
def test_a_malformed_return_value_is_a_bad_gateway(asked, returned):
    answer = asked().post("/", json={"returned": returned})
    assert refusal(answer) == (502, "Internal server error", "InternalServerErrorException")


@pytest.mark.parametrize("function", ["crash", "fail"])
def test_a_failing_function_is_a_bad_gateway(asked, function):
    assert refusal(asked(function).get("/")) == (502, "Internal server error", "InternalServerErrorException")


def test_a_function_that_outlasts_its_integration_times_out(asked):
    late = asked("slow", timeout_ms=200).get("/")
    assert refusal(late) == (504, "Endpoint request timed out", "InternalServerErrorException")
    assert late.elapsed.total_seconds() < 1.5


def test_a_function_without_a_free_sandbox_is_no_fault_of_the_client(asked, running):
    http = asked()
    running.busy.add("rest_echo")
    try:
        assert refusal(http.get("/")) == (500, "Internal server error", "InternalServerErrorException")
    finally:
        running.busy.clear()


@pytest.mark.parametrize("megabytes", [7, 11], ids=["Lambda's limit", "the gateway's limit"])
def test_a_body_can_be_too_large(asked, megabytes):
    answer = asked().post("/", content=b"x" * megabytes * 2**20)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"})


@pytest.mark.parametrize("types", [["*/*"], ["application/json", "application/octet-stream"]], ids=["all", "some"])
def test_binary_types_make_base64_both_ways(asked, running, types):
    http = asked("predict", binaryMediaTypes=types)
    body = gzip.compress(json.dumps({"features": ROW}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip", "accept": types[0]}
    packed = http.post("/api/v1/predict", content=body, headers=headers)
    assert running.seen[-1]["isBase64Encoded"]
    assert packed.json()["prediction"]["class"] in {"CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"}


def test_without_binary_types_bytes_are_lost_as_on_aws(asked, running):
    asked().post("/", content=b"\xff\x00", headers={"content-type": "application/octet-stream"})
    assert (running.seen[-1]["body"], running.seen[-1]["isBase64Encoded"]) == ("\ufffd\x00", False)


def test_the_real_handler_answers_eight_clients_at_once(asked):
    http = asked("predict")
    alone = [http.post("/api/v1/predict", json={"features": [n, 1, -n]}).json()["prediction"] for n in range(8)]

    def ask(n: int) -> list[object]:
        with client(str(http.base_url)) as own:
            return [own.post("/api/v1/predict", json={"features": [n, 1, -n]}).json()["prediction"] for _ in range(20)]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [[answer] * 20 for answer in alone]
    bad = http.post("/api/v1/predict", json={"features": [1]})
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")


def test_only_what_is_deployed_is_served(opened):
    api = RestApiMaker.new()
    api.method(api.resource("old"), "GET", "rest_echo")
    api.deploy()
    with client(opened.open(api.api_id) + "/prod") as http:
        api.method(api.resource("new"), "GET", "rest_echo")
        assert [http.get(path).status_code for path in ("/old", "/new")] == [200, 403]
        api.deploy()
        assert [http.get(path).status_code for path in ("/old", "/new")] == [200, 200]
        api.call.delete_stage(restApiId=api.api_id, stageName="prod")
        assert http.get("/old").status_code == 403


def test_a_way_in_that_is_not_emulated_is_no_open_door(opened, running, caplog):
    api = RestApiMaker.new()
    where = {"restApiId": api.api_id, "resourceId": api.root, "httpMethod": "GET"}
    api.call.put_method(**where, authorizationType="AWS_IAM")
    uri = REST_URI.format(ARN.format("rest_echo"))
    api.call.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.deploy()
    with client(opened.open(api.api_id) + "/prod") as http:
        assert http.get("/").status_code == 500
    assert not running.seen
    assert "GET /" in caplog.text


def test_a_gateway_response_is_worded_by_the_api(opened):
    api = RestApiMaker.new()
    api.method(api.resource("there"), "GET", "rest_echo", key=True)
    problem = {"detail": "$context.error.message", "instance": "$context.path", "request_id": "$context.requestId"}
    api.call.put_gateway_response(
        restApiId=api.api_id,
        responseType="INVALID_API_KEY",
        statusCode="401",
        responseParameters={
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
        },
        responseTemplates={"application/json": json.dumps(problem)},
    )
    api.deploy()
    with client(opened.open(api.api_id) + "/prod") as http:
        answer = http.get("/there")
        assert refusal(http.get("/nowhere"))[0] == 403
    ids = {"request_id": answer.headers["x-amzn-requestid"]}
    assert (answer.status_code, answer.json()) == (401, {"detail": "Forbidden", "instance": "/prod/there"} | ids)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_gateway_response_for_all_refusals_of_a_class_holds_where_none_is_closer(opened):
    api = RestApiMaker.new()
    api.method(api.resource("there"), "GET", "rest_echo")
    body = {"application/json": '{"said": $context.error.messageString, "kind": "$context.error.responseType"}'}
    api.call.put_gateway_response(restApiId=api.api_id, responseType="DEFAULT_4XX", responseTemplates=body)
    api.deploy()
    with client(opened.open(api.api_id) + "/prod") as http:
        answer = http.get("/nowhere")
    said = {"said": "Missing Authentication Token", "kind": "MISSING_AUTHENTICATION_TOKEN"}
    assert (answer.status_code, answer.json()) == (403, said)
