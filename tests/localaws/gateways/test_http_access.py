"""The JWT authorizer and the CORS configuration of an HTTP API, by AWS's rules."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from localaws import tokens
from tests.localaws.gateways.apis import AUDIENCE, ISSUER, HttpApiMaker, client

CORS = {
    "AllowOrigins": ["https://app.example.org"],
    "AllowMethods": ["POST"],
    "AllowHeaders": ["authorization"],
    "ExposeHeaders": ["x-request-id"],
    "MaxAge": 600,
}
ORIGIN = {"origin": "https://app.example.org"}
PREFLIGHT = {**ORIGIN, "access-control-request-method": "POST"}


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 60} | changes
    return {name: value for name, value in made.items() if value is not None}


@pytest.fixture
def http(opened) -> Iterator[httpx.Client]:
    api = HttpApiMaker.new()
    authorizer = api.jwt()
    api.route("GET /open", "echo")
    api.route("GET /closed", "echo", **authorizer)
    api.route("GET /scoped", "echo", AuthorizationScopes=["predict", "admin"], **authorizer)
    with client(opened.open(api.api_id)) as http:
        yield http


def ask(http: httpx.Client, path: str, token: str | None) -> httpx.Response:
    return http.get(path, headers={"authorization": token} if token else {})


@pytest.mark.parametrize(
    "token",
    [
        lambda: "Bearer " + tokens.bearer(ISSUER, AUDIENCE),
        lambda: tokens.bearer(ISSUER, AUDIENCE),
        lambda: "bearer " + tokens.sign(claims(aud=["other", AUDIENCE])),
        lambda: "Bearer " + tokens.sign(claims(aud=None, client_id=AUDIENCE)),
        lambda: "Bearer " + tokens.sign(claims(iat=None, nbf=None)),
    ],
    ids=["bearer", "bare token", "one of several audiences", "client id without audience", "no nbf or iat"],
)
def test_a_good_token_opens_a_route(http, token):
    assert ask(http, "/closed", token()).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        lambda: tokens.bearer(ISSUER, AUDIENCE, lifetime_s=-1),
        lambda: tokens.bearer(ISSUER, "other"),
        lambda: tokens.bearer("https://else.example.org", AUDIENCE),
        lambda: tokens.sign(claims(aud="other", client_id=AUDIENCE)),
        lambda: tokens.sign(claims(exp=None)),
        lambda: tokens.sign(claims(nbf=int(time.time()) + 60)),
        lambda: tokens.sign(claims(iat=int(time.time()) + 60)),
        lambda: tokens.bearer(ISSUER, AUDIENCE)[:-5] + "AAAAA",
        lambda: forged(),
        lambda: unsigned(),
        lambda: "word",
    ],
    ids=[
        "expired",
        "audience",
        "issuer",
        "audience before client id",
        "no exp",
        "nbf",
        "iat",
        "broken signature",
        "another key",
        "no signature",
        "no token",
    ],
)
def test_a_bad_token_opens_nothing(http, running, token):
    answer = ask(http, "/closed", "Bearer " + token())
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"].startswith('Bearer scope="" error="invalid_token" error_description="')
    assert not running.seen


def forged() -> str:
    """A key of one's own under the identifier of the issuer's."""
    kid = tokens.jwks()["keys"][0]["kid"]
    return jwt.encode({"alg": "RS256", "kid": kid}, claims(), RSAKey.generate_key(2048, {"kid": kid}))


def unsigned() -> str:
    _, body, _ = tokens.bearer(ISSUER, AUDIENCE).split(".")
    return f"eyJhbGciOiJub25lIn0.{body}."


def test_no_token_is_told_what_to_bring(http):
    answer = ask(http, "/closed", None)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"] == "Bearer"
    assert ask(http, "/open", None).status_code == 200


def test_a_wrong_audience_is_refused_in_the_documented_words(http):
    answer = ask(http, "/closed", "Bearer " + tokens.bearer(ISSUER, "other"))
    wanted = 'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"'
    assert answer.headers["www-authenticate"] == wanted


@pytest.mark.parametrize(
    ("said", "status"),
    [({"scope": "read predict"}, 200), ({"scp": ["admin"]}, 200), ({"scope": "read"}, 403), ({}, 403)],
    ids=["scope", "scp", "another scope", "no scope"],
)
def test_a_route_s_scopes_are_asked_for(http, said, status):
    answer = ask(http, "/scoped", "Bearer " + tokens.sign(claims(**said)))
    assert answer.status_code == status
    if status == 403:
        assert answer.json() == {"message": "Forbidden"}
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_the_function_is_told_the_claims_as_text(http, running):
    made = claims(sub="local", scope="predict", roles=["a", "b"], admin=True)
    ask(http, "/scoped", tokens.sign(made))
    authorizer = running.seen[-1]["requestContext"]["authorizer"]
    assert authorizer["jwt"]["scopes"] == ["predict"]
    said = {"sub": "local", "exp": str(made["exp"]), "roles": "[a b]", "admin": "true"}
    assert authorizer["jwt"]["claims"].items() >= said.items()


def test_the_published_keys_verify_a_token():
    keys = KeySet.import_key_set(json.loads(json.dumps(tokens.jwks())))
    assert jwt.decode(tokens.bearer(ISSUER, AUDIENCE), keys).claims["iss"] == ISSUER
    assert "d" not in tokens.jwks()["keys"][0]


def test_a_way_in_that_is_not_emulated_is_no_open_door(opened, running, caplog):
    api = HttpApiMaker.new()
    api.route("GET /signed", "echo", AuthorizationType="AWS_IAM")
    with client(opened.open(api.api_id)) as http:
        assert http.get("/signed").status_code == 500
    assert not running.seen
    assert "GET /signed" in caplog.text


@pytest.fixture
def cross(opened) -> Iterator[httpx.Client]:
    api = HttpApiMaker.new(CorsConfiguration=CORS)
    authorizer = api.jwt()
    api.route("POST /predict", "echo", **authorizer)
    api.route("POST /open", "echo")
    api.route("ANY /closed", "echo", **authorizer)
    with client(opened.open(api.api_id)) as http:
        yield http


@pytest.mark.parametrize("path", ["/predict", "/nowhere"])
def test_a_preflight_is_answered_without_token_or_route(cross, running, path):
    answer = cross.options(path, headers=PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["access-control-max-age"] == "600"
    assert not running.seen


def test_a_preflight_from_elsewhere_is_not_allowed(cross):
    answer = cross.options("/predict", headers={**PREFLIGHT, "origin": "https://evil.example.org"})
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_route_that_takes_options_asks_a_preflight_for_its_token(cross):
    assert cross.options("/closed", headers=PREFLIGHT).status_code == 401


def test_the_gateway_s_word_on_origins_replaces_the_function_s(cross):
    returned = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "X-Own": "1"}}
    answer = cross.post("/open", json={"returned": returned}, headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
    assert (answer.headers["access-control-expose-headers"], answer.headers["x-own"]) == ("x-request-id", "1")
    unasked = cross.post("/open", json={"returned": returned})
    assert "access-control-allow-origin" not in unasked.headers
