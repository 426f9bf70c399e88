"""An HTTP API in front of real runtimes, against what AWS documents of payload format 2.0 and of its routes."""

import gzip
import json

import httpx
import pytest

from localaws.gateway import NoSuchApi
from tests.localaws.gateways.apis import HttpApiMaker, client, recorded, shape

ROW = [0.25, -1.5, 3.0]


@pytest.mark.parametrize(
    ("name", "method", "path", "sent"),
    [
        pytest.param("http_v2_predict", "POST", "/api/v1/predict", "application/json", id="text"),
        pytest.param("http_v2_base64_predict", "POST", "/api/v1/predict", "application/octet-stream", id="base64"),
        pytest.param("http_v2_get_health", "GET", "/api/v1/health", None, id="no body"),
    ],
)
def test_an_event_has_the_shape_of_a_recorded_one(asked, running, name, method, path, sent):
    wanted = recorded(name)
    http = asked({"$default": "echo"})
    http.headers = httpx.Headers({"accept": "*/*", "user-agent": "curl/8.14.1"})
    http.request(method, path, content=b'{"features": []}' if sent else None, headers={"content-type": sent or ""})
    (got,) = running.seen
    for event in (wanted, got):  # the client of this test says more than curl
        for header in ("connection", "accept-encoding", "content-type"):
            event["headers"].pop(header, None)
    assert shape(got) == shape(wanted)
    for member in ("version", "routeKey", "rawPath", "rawQueryString", "body", "isBase64Encoded"):
        assert got.get(member) == wanted.get(member)
    assert got["requestContext"]["http"] | {"sourceIp": ""} == wanted["requestContext"]["http"] | {"sourceIp": ""}
    assert list(got["headers"]) == sorted(got["headers"])


def test_an_event_says_what_the_request_was(asked, running):
    http = asked({"ANY /v1/{proxy+}": "echo"}, stage={"StageVariables": {"color": "red"}})
    headers = [("X-Two", "1"), ("X-Two", "2"), ("Cookie", "k=1; l=2"), ("X-Forwarded-For", "203.0.113.9")]
    http.get("/v1/models/a%20b?a=1&b=x+y&a=2&empty=", headers=headers)
    (event,) = running.seen
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "ANY /v1/{proxy+}"
    assert event["pathParameters"] == {"proxy": "models/a b"}
    assert event["rawQueryString"] == "a=1&b=x+y&a=2&empty="
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y", "empty": ""}
    assert event["headers"]["x-two"] == "1,2"
    assert event["headers"]["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert event["cookies"] == ["k=1", "l=2"]
    assert "cookie" not in event["headers"]
    assert event["stageVariables"] == {"color": "red"}
    assert event["requestContext"]["domainName"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("/a%20b", "/a b"),
        ("/a%2Fb", "/a/b"),
        ("/a%23b", "/a#b"),
        ("/a%3Fb", "/a"),
        ("/a%252Fb", "/a/b"),
        ("/a%253Fb", "/a?b"),
        ("/a-%CE%BB", "/a-\u03bb"),
    ],
)
def test_a_path_is_decoded_twice(asked, running, sent, seen):
    asked({"$default": "echo"}).get(sent)
    assert running.seen[-1]["rawPath"] == running.seen[-1]["requestContext"]["http"]["path"] == seen


def test_a_path_that_decodes_to_a_stray_percent_sign_is_refused(asked):
    assert asked({"$default": "echo"}).get("/a%25done").status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1"),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
        ("POST", "/pets/dog/1", "ANY /pets/dog/1"),
        ("POST", "/test/5", "ANY /{proxy+}"),
        ("GET", "/", "$default"),
    ],
)
def test_the_most_specific_route_answers(asked, running, method, path, key):
    keys = ["$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "ANY /pets/dog/1", "GET /pets/dog/{id}"]
    asked(dict.fromkeys([*keys, "GET /pets/dog/1"], "echo")).request(method, path)
    assert running.seen[-1]["routeKey"] == key


@pytest.mark.parametrize(("method", "path"), [("GET", "/other"), ("POST", "/models"), ("GET", "/models/")])
def test_where_no_route_matches_there_is_nothing(asked, method, path):
    answer = asked({"GET /models": "echo", "GET /models/{name}": "echo"}).request(method, path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert answer.headers["apigw-requestid"]


def test_a_named_stage_is_part_of_the_path(asked, running):
    http = asked({"GET /models": "echo"}, stage={"StageName": "beta"})
    assert http.get("/models").status_code == 404
    assert http.get("/beta/models").status_code == 200
    (event,) = running.seen
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/beta/models", "beta")


@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        ({"message": "hello"}, 200, "application/json", b'{"message":"hello"}'),
        ("hello", 200, "application/json", b"hello"),
        ([1, 2], 200, "application/json", b"[1,2]"),
        ({"statusCode": 201, "body": "made"}, 201, "text/plain;charset=UTF-8", b"made"),
        ({"statusCode": "202", "headers": {"Content-Type": "a/b"}}, 202, "a/b", b""),
        (
            {"statusCode": 200, "body": "AP8=", "isBase64Encoded": True, "headers": {"content-type": "image/png"}},
            200,
            "image/png",
            b"\x00\xff",
        ),
    ],
    ids=["inferred object", "inferred text", "inferred list", "status and body", "status as text", "base64"],
)
def test_a_return_value_becomes_an_answer(asked, returned, status, content_type, body):
    answer = asked({"$default": "echo"}).post("/", json={"returned": returned})
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (status, content_type, body)


def test_headers_and_cookies_of_an_answer_are_kept(asked):
    returned = {"statusCode": 200, "headers": {"X-A": "b\u00e9", "X-N": 1}, "cookies": ["a=1", "b=2; Secure"]}
    answer = asked({"$default": "echo"}).post("/", json={"returned": returned})
    assert (answer.headers["x-a"], answer.headers["x-n"]) == ("b\u00e9", "1")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2; Secure"]


@pytest.mark.parametrize(
    "returned",
    [
        {"statusCode": "fine"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"x-a": "b\r\nx-c: d"}},
        {"statusCode": 200, "headers": {"x a": "b"}},
        {"statusCode": 200, "body": "&", "isBase64Encoded": True},
    ],
    ids=["status", "range", "body", "headers", "line break", "header name", "base64"],
)
def test_a_malformed_return_value_is_an_internal_error(asked, returned):
    answer = asked({"$default": "echo"}).post("/", json={"returned": returned})
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("function", ["crash", "fail"])
def test_a_failing_function_is_an_internal_error_and_that_request_s_only(asked, function):
    http = asked({"GET /bad": function, "GET /good": "echo"})
    bad = http.get("/bad")
    assert (bad.status_code, bad.json()) == (500, {"message": "Internal Server Error"})
    assert http.get("/good").status_code == 200


def test_a_function_that_outlasts_its_integration_is_unavailable(opened):
    api = HttpApiMaker.new()
    api.route("GET /slow", "slow", timeout_ms=200)
    api.route("GET /good", "echo")
    with client(opened.open(api.api_id)) as http:
        late = http.get("/slow")
        assert (late.status_code, late.json()) == (503, {"message": "Service Unavailable"})
        assert late.elapsed.total_seconds() < 1.5
        assert http.get("/good").status_code == 200


def test_a_function_without_a_free_sandbox_is_unavailable(asked, running):
    http = asked({"$default": "echo"})
    running.busy.add("echo")
    try:
        answer = http.get("/")
    finally:
        running.busy.clear()
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_the_real_handler_answers(asked):
    http = asked({"ANY /{proxy+}": "predict"})
    plain = http.post("/api/v1/predict", json={"features": ROW})
    assert plain.status_code == 200
    assert plain.json()["model"] == {"name": "linear", "version": "1.0.0"} | {
        "latency_ms": plain.json()["model"]["latency_ms"]
    }
    body = gzip.compress(json.dumps({"features": ROW}).encode())
    packed = http.post(
        "/api/v1/predict", content=body, headers={"content-encoding": "gzip", "content-type": "application/json"}
    )
    assert packed.json()["prediction"] == plain.json()["prediction"]
    bad = http.post("/api/v1/predict", json={"features": [1]})
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")


def test_a_deploy_is_seen_by_the_next_request(opened, running):
    api = HttpApiMaker.new()
    route = api.route("GET /old", "echo")
    with client(opened.open(api.api_id)) as http:
        assert http.get("/old").status_code == 200
        api.call.delete_route(ApiId=api.api_id, RouteId=route)
        api.route("GET /new", "echo")
        assert [http.get(path).status_code for path in ("/old", "/new")] == [404, 200]
        api.call.delete_api(ApiId=api.api_id)
        assert http.get("/new").status_code == 403


def test_a_stage_s_limit_is_kept(asked):
    settings = {"ThrottlingRateLimit": 0.5, "ThrottlingBurstLimit": 3}
    http = asked({"GET /a": "echo", "GET /b": "echo"}, stage={"DefaultRouteSettings": settings})
    answers = [http.get("/a") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}
    assert http.get("/b").status_code == 200  # each route has a bucket of its own


def test_an_api_keeps_its_url_and_an_unknown_one_has_none(opened):
    api = HttpApiMaker.new()
    assert opened.open(api.api_id) == opened.open(api.api_id)
    with pytest.raises(NoSuchApi, match="nothere"):
        opened.open("nothere")
