"""Who may ask, how often, and from which pages: keys, rates and CORS in front of the app."""

import asyncio
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.predict import shapes
from functions.predict.app import create_app
from functions.predict.front import front, keys_of, notices
from functions.predict.keys import Keys, line
from functions.predict.server_telemetry import ServerTelemetry
from serinus import service as services
from serinus.errors import ServiceError
from serinus.settings import AccessSettings
from tests.bundles import write_service
from tests.handlers.conftest import Api, loaded

KEY, OTHER, WRONG = "serinus_key-of-the-laboratory", "serinus_key-of-the-clinic-at-7", "serinus_a-key-that-is-nobodys"
SETTINGS = AccessSettings(api_key=KEY)
PAGE = "https://example.org"
ROUTES = [
    pytest.param("POST", "/predict", id="hot"),
    pytest.param("POST", "/api/v1/predict", id="hot, prefixed"),
    pytest.param("POST", "/predict/batch", id="batch"),
    pytest.param("POST", "/models/linear/predict", id="by name"),
    pytest.param("GET", "/models", id="models"),
    pytest.param("GET", "/api/v1/models/linear/info", id="info"),
    pytest.param("GET", "/health?deep=1", id="deep health"),
    pytest.param("GET", "/health?%64eep=1", id="deep health in disguise"),
    pytest.param("GET", "/nowhere", id="nowhere"),
    pytest.param("OPTIONS", "/predict", id="no preflight"),
]
PAGES = ["/health", "/api/v1/health", "/docs", "/redoc", "/openapi.json"]


@dataclass(frozen=True)
class Guarded(Api):
    """A service behind its front, asked from the address `peer`."""

    peer: str | None = "192.0.2.1"

    def request(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self._from_peer, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://serinus") as client:
                return await client.request(method, path, **how)

        return asyncio.run(exchange())

    async def _from_peer(self, scope: Any, receive: Any, send: Any) -> None:
        scope["client"] = self.peer and (self.peer, 40000)
        await self.app(scope, receive, send)

    def ask(self, key: str | None = None, path: str = "/predict", **headers: str) -> httpx.Response:
        brought = headers if key is None else {"x-api-key": key, **headers}
        return self.post(path, {"features": [1, 2, 3]}, headers=brought)


def guarded(file: Path, access: AccessSettings = SETTINGS) -> Guarded:
    ensemble, log = loaded(file), io.StringIO()
    telemetry = ServerTelemetry("tiny", "7", log=log)
    before = front(ensemble.service, access)
    app = create_app(ensemble, telemetry, release="7", routes=(telemetry.route,), front=before)
    return Guarded(app, ensemble, log)


def service(folder: Path, gateway: str) -> Path:
    return write_service(folder / "tiny", "linear", extra=f"[gateway]\n{gateway}\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def keyed(folder) -> Guarded:
    return guarded(service(folder / "keyed", 'auth = "api_key"'))


@pytest.fixture
def limited(tmp_path) -> Guarded:
    """Five requests at once, and as many after a minute."""
    return guarded(service(tmp_path, 'auth = "api_key"\nrate_per_minute = 5\nburst = 5'))


@pytest.fixture
def anonymous(tmp_path) -> Guarded:
    """As `limited`, and nobody needs a key."""
    return guarded(service(tmp_path, "rate_per_minute = 5\nburst = 5"), AccessSettings())


def refused(answer: httpx.Response, status: int) -> shapes.ProblemAnswer:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    return shapes.ProblemAnswer.model_validate(answer.json())


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_is_answered_without_a_key(keyed, method, path):
    answer = keyed.request(method, path, content=b'{"features": [1, 2, 3]}')
    assert refused(answer, 401).errors[0].field == "x-api-key"
    assert answer.headers["www-authenticate"] == 'ApiKey header="X-API-Key"'


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_is_answered_with_a_wrong_key(keyed, method, path):
    answer = keyed.request(method, path, content=b'{"features": [1, 2, 3]}', headers={"x-api-key": WRONG})
    assert refused(answer, 403).detail == "Invalid API key"


@pytest.mark.parametrize(
    ("method", "path"), [route for route in ROUTES if route.id in ("hot", "models", "deep health")]
)
def test_a_key_opens_every_route(keyed, method, path):
    answer = keyed.request(method, path, content=b'{"features": [1, 2, 3]}', headers={"X-API-KEY": KEY})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param([("x-api-key", "")], 403, id="empty"),
        pytest.param([("x-api-key", KEY[:-1])], 403, id="cut"),
        pytest.param([("x-api-key", KEY.upper())], 403, id="capitals"),
        pytest.param([("x-api-key", f"{KEY}, {KEY}")], 403, id="twice in one"),
        pytest.param([("x-api-key", KEY), ("x-api-key", KEY)], 403, id="twice"),
        pytest.param([("x-api-key", WRONG), ("x-api-key", KEY)], 403, id="a wrong one first"),
        pytest.param([("authorization", f"Bearer {KEY}")], 401, id="authorization"),
        pytest.param([("api-key", KEY)], 401, id="another header"),
        pytest.param([("cookie", f"x-api-key={KEY}")], 401, id="cookie"),
    ],
)
def test_a_key_counts_whole_alone_and_in_its_header(keyed, headers, status):
    refused(keyed.post(f"/predict?x-api-key={KEY}", {"features": [1, 2, 3]}, headers=headers), status)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_no_bytes_in_the_header_make_a_fault(keyed, key):
    assert keyed.get("/models", headers=[(b"x-api-key", key)]).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_pages_and_the_shallow_health_are_open(keyed, path):
    assert keyed.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/health/", "/docs/x", "//health", "/api/v1/docs", "/metrics/"])
def test_what_only_looks_like_an_open_path_is_not(keyed, path):
    assert keyed.get(path).status_code == 401


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        pytest.param("127.0.0.1", {}, 200, id="this machine"),
        pytest.param("127.8.9.1", {}, 200, id="this machine too"),
        pytest.param("::1", {}, 200, id="IPv6"),
        pytest.param("::ffff:127.0.0.1", {}, 200, id="IPv4 in IPv6"),
        pytest.param("192.0.2.1", {}, 401, id="another"),
        pytest.param("::2", {}, 401, id="another by IPv6"),
        pytest.param("192.0.2.1", {"x-forwarded-for": "127.0.0.1"}, 401, id="claims to be this one"),
        pytest.param("127.0.0.1", {"x-forwarded-for": "192.0.2.1"}, 401, id="a proxy on this one"),
        pytest.param("127.0.0.1", {"forwarded": "for=192.0.2.1"}, 401, id="a proxy of the new kind"),
        pytest.param(None, {}, 401, id="nobody knows"),
    ],
)
def test_metrics_are_open_to_this_machine_only(keyed, peer, headers, status):
    assert replace(keyed, peer=peer).get("/metrics", headers=headers).status_code == status
    assert replace(keyed, peer=peer).get("/metrics", headers={**headers, "x-api-key": KEY}).status_code == 200


def test_keys_of_the_environment_and_of_a_file_open_together(folder, tmp_path):
    file = tmp_path / "keys.txt"
    file.write_text(line("clinic-7", OTHER))
    access = AccessSettings.from_env({"SERINUS_API_KEY": KEY, "SERINUS_API_KEYS_FILE": str(file)})
    api = guarded(service(folder / "both", 'auth = "api_key"'), access)
    assert [api.ask(key).status_code for key in (KEY, OTHER, WRONG)] == [200, 200, 403]
    assert [line.get("caller") for line in api.logged] == ["key-1", "clinic-7", None]


def test_keys_are_asked_for_where_there_are_any(folder):
    assert guarded(service(folder / "none", 'auth = "none"')).ask().status_code == 401


def test_a_key_is_not_looked_at_where_there_are_none(folder):
    assert guarded(service(folder / "open", 'auth = "none"'), AccessSettings()).ask(WRONG).status_code == 200


def test_the_app_itself_asks_for_no_key_as_a_gateway_has(keyed):
    app = create_app(keyed.ensemble, ServerTelemetry("tiny", "7", log=keyed.log), release="7")
    assert replace(keyed, app=app).ask().status_code == 200


def test_a_request_that_is_refused_is_logged_and_counted(folder):
    api = guarded(service(folder / "logged", 'auth = "api_key"'))
    api.ask(None, **{"x-request-id": "mine"})
    api.ask(WRONG)
    first, second = api.logged
    assert (first["request_id"], first["status"], first["refused"]) == ("mine", 401, "x-api-key")
    assert (second["status"], "caller" in second) == (403, False)
    metrics = api.get("/metrics", headers={"x-api-key": KEY}).text
    assert 'predictions_total{class="",model="",status="refused",version=""} 2.0' in metrics


def test_a_key_shows_in_no_log_answer_or_metric(limited):
    answers = [limited.ask(key, path) for key in (KEY, WRONG) for path in ("/predict", "/nowhere", "/models/x/predict")]
    answers += [limited.ask(KEY) for _ in range(5)]
    answers.append(limited.get("/metrics", headers={"x-api-key": KEY}))
    assert {answer.status_code for answer in answers} == {200, 403, 404, 429}
    told = limited.log.getvalue() + "".join(answer.text + repr(answer.headers) for answer in answers)
    assert KEY not in told
    assert WRONG not in told


def test_settings_show_no_key():
    assert KEY not in repr(SETTINGS)
    assert KEY not in repr(keys_of(services_of('auth = "none"'), SETTINGS))


def services_of(gateway: str) -> services.Service:
    return services.Service.model_validate(
        {
            "service": {"name": "tiny", "task": "classification", "labels": ["a", "b"]},
            "input": {"features": 3},
            "models": {"linear": "1.0.0"},
            "gateway": dict(entry.split(" = ") for entry in gateway.replace('"', "").split("\n") if entry),
        }
    )


def test_a_service_that_asks_for_keys_starts_with_none_of_them_only_when_told_to():
    named = services_of('auth = "api_key"')
    with pytest.raises(ServiceError, match=r'^tiny says auth = "api_key" and there is no key: set SERINUS_API_KEY '):
        front(named, AccessSettings())
    assert len(keys_of(named, AccessSettings(no_auth=True))) == 0


def test_keys_that_nobody_is_asked_for_are_refused():
    with pytest.raises(ServiceError, match=r"^--no-auth lets everybody in, and SERINUS_API_KEY or "):
        front(services_of('auth = "none"'), AccessSettings(api_key=KEY, no_auth=True))


@pytest.mark.parametrize(
    ("gateway", "access", "workers", "said"),
    [
        pytest.param('auth = "none"', AccessSettings(), 1, [], id="nothing"),
        pytest.param('auth = "api_key"', SETTINGS, 1, ["callers need one of 1 API keys"], id="keys"),
        pytest.param('auth = "api_key"', AccessSettings(no_auth=True), 1, ["WARNING: whoever reaches"], id="no auth"),
        pytest.param('auth = "jwt"', AccessSettings(), 1, ["for a gateway in front", "WARNING: whoever"], id="jwt"),
        pytest.param('auth = "jwt"', SETTINGS, 1, ["callers need", "for a gateway in front"], id="jwt and keys"),
        pytest.param("rate_per_minute = 60", AccessSettings(), 2, ["by each of the 2 workers"], id="workers"),
        pytest.param("rate_per_minute = 60", AccessSettings(), 1, [], id="one worker"),
    ],
)
def test_what_a_start_means_is_said(gateway, access, workers, said):
    named = services_of(gateway)
    told = list(notices(named.gateway, keys_of(named, access), workers))
    assert [part in notice for part, notice in zip(said, told, strict=True)] == [True] * len(said)


def test_a_client_that_asks_too_often_is_told_when_to_come_back(limited):
    assert [limited.ask(KEY).status_code for _ in range(5)] == [200] * 5
    answer = limited.ask(KEY)
    assert refused(answer, 429).errors[0].expected == "at most 5 requests in 60 seconds"
    assert 55 <= int(answer.headers["retry-after"]) <= 60
    named = {name: answer.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset", "policy")}
    assert named == {"limit": "5", "remaining": "0", "reset": answer.headers["retry-after"], "policy": "5;w=60"}


def test_a_client_is_answered_again_after_the_time_it_was_told(tmp_path):
    api = guarded(service(tmp_path, "rate_per_minute = 60\nburst = 1"), AccessSettings())
    assert [api.ask().status_code for _ in range(2)] == [200, 429]
    wait_s = int(api.ask().headers["retry-after"])
    assert wait_s == 1
    asyncio.run(asyncio.sleep(wait_s))
    assert api.ask().status_code == 200


def test_a_client_is_its_key_wherever_it_asks_from(limited):
    answers = [replace(limited, peer=f"192.0.2.{host}").ask(KEY) for host in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


def test_a_client_without_a_key_is_its_address(anonymous):
    answers = [replace(anonymous, peer=f"192.0.2.{host % 2}").ask() for host in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("peers", "passing"),
    [
        pytest.param([f"2001:db8::{host:x}" for host in range(12)], 5, id="one IPv6 network"),
        pytest.param([f"2001:db8:0:{net}::1" for net in range(12)], 12, id="networks"),
        pytest.param([f"::ffff:192.0.2.{host}" for host in range(12)], 12, id="IPv4 in IPv6"),
        pytest.param([f"fe80::{host:x}%eth0" for host in range(12)], 5, id="with a zone"),
        pytest.param([None] * 12, 5, id="unknown"),
    ],
)
def test_an_address_is_one_client_and_so_is_a_network_of_ipv6(anonymous, peers, passing):
    answers = [replace(anonymous, peer=peer).ask() for peer in peers]
    assert sum(answer.status_code == 200 for answer in answers) == passing


def test_nobody_is_another_client_by_saying_so(anonymous):
    answers = [anonymous.ask(**{"x-forwarded-for": f"198.51.100.{host}"}) for host in range(6)]
    assert answers[-1].status_code == 429


def test_who_guesses_keys_is_stopped_and_stops_nobody_else(limited):
    guesses = [limited.ask(f"{WRONG}{number}").status_code for number in range(7)]
    assert guesses == [403] * 5 + [429] * 2
    assert limited.ask(KEY).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_open_paths_are_never_limited(limited, path):
    assert {limited.get(path).status_code for _ in range(10)} == {200}


def test_nothing_is_limited_where_no_rate_is_set(keyed):
    assert {keyed.ask(KEY).status_code for _ in range(200)} == {200}


@pytest.fixture
def crossed(tmp_path) -> Guarded:
    """Keys, five requests a minute, and one page's scripts."""
    gateway = f'auth = "api_key"\nrate_per_minute = 5\nburst = 5\ncors = ["{PAGE}"]'
    return guarded(service(tmp_path, gateway))


def preflight(api: Guarded, path: str, origin: str = PAGE, asked: str = "x-api-key, content-type") -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": asked}
    return api.request("OPTIONS", path, headers=headers)


@pytest.mark.parametrize("path", ["/predict", "/api/v1/predict/batch", "/models", "/nowhere"])
def test_a_page_may_ask_whether_it_may_ask_without_a_key(crossed, path):
    for _ in range(10):  # more than the rate: a browser asks by itself
        answer = preflight(crossed, path)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "X-API-Key" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-allow-methods"] == "GET, POST"
        assert answer.headers["x-request-id"]
    assert crossed.logged[-1]["status"] == 200


@pytest.mark.parametrize("origin", ["https://example.com", "http://example.org", f"{PAGE}.evil.net", "null"])
def test_another_page_may_not_ask(crossed, origin):
    assert preflight(crossed, "/predict", origin).status_code == 400
    answer = crossed.ask(KEY, origin=origin)
    assert "access-control-allow-origin" not in preflight(crossed, "/predict", origin).headers
    assert "access-control-allow-origin" not in answer.headers


def test_a_header_that_is_not_ours_may_not_be_sent(crossed):
    assert preflight(crossed, "/predict", asked="x-other").status_code == 400


def test_every_answer_may_be_read_by_the_page(crossed):
    asked = {
        200: lambda: crossed.ask(KEY, origin=PAGE),
        401: lambda: crossed.ask(origin=PAGE),
        403: lambda: crossed.ask(WRONG, origin=PAGE),
        404: lambda: crossed.ask(KEY, "/models/x/predict", origin=PAGE),
        405: lambda: crossed.get("/predict", headers={"x-api-key": KEY, "origin": PAGE}),
        422: lambda: crossed.post("/predict", {}, headers={"x-api-key": KEY, "origin": PAGE}),
        415: lambda: crossed.ask(KEY, origin=PAGE, **{"content-type": "text/plain"}),
        429: lambda: crossed.ask(KEY, origin=PAGE),
    }
    for status, ask in asked.items():
        answer = ask()
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers


class Explodes:
    """Telemetry's and the service's way of having a bug: an ensemble that knows nothing."""

    def __init__(self, ensemble):
        self._ensemble = ensemble

    def __getattr__(self, name):
        if name in ("named", "predictors", "best"):
            raise ZeroDivisionError("planted")
        return getattr(self._ensemble, name)


@pytest.mark.parametrize(("method", "path"), [("POST", "/predict"), ("POST", "/predict/batch"), ("GET", "/models")])
def test_a_fault_may_be_read_by_the_page_too(crossed, method, path):
    before = front(crossed.ensemble.service, SETTINGS)
    telemetry = ServerTelemetry("tiny", "7", log=crossed.log)
    api = replace(crossed, app=create_app(Explodes(crossed.ensemble), telemetry, release="7", front=before))
    body = {"samples": [[1, 2, 3]]} if path.endswith("batch") else {"features": [1, 2, 3]}
    headers = {"x-api-key": KEY, "origin": PAGE}
    answer = api.request(method, path, content=json.dumps(body).encode(), headers=headers)
    refused(answer, 500)
    assert answer.headers["access-control-allow-origin"] == PAGE


def test_any_page_may_ask_where_the_service_says_so_and_never_with_cookies(tmp_path):
    api = guarded(service(tmp_path, 'cors = ["*"]'), AccessSettings())
    for answer in (api.ask(origin=PAGE, cookie="a=b"), preflight(api, "/predict")):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_pages_may_not_ask_where_the_service_says_nothing(keyed):
    assert "access-control-allow-origin" not in keyed.ask(KEY, origin=PAGE).headers
    assert preflight(keyed, "/predict").status_code == 401


def test_the_openapi_page_asks_for_the_key_and_tells_of_the_limit(limited):
    document = limited.get("/openapi.json").json()
    predict, health = document["paths"]["/api/v1/predict"]["post"], document["paths"]["/api/v1/health"]["get"]
    [(scheme, _)] = predict["security"][0].items()
    assert document["components"]["securitySchemes"][scheme]["name"] == "X-API-Key"
    assert predict["responses"].keys() >= {"401", "403", "429"}
    assert "security" not in health


def test_the_openapi_page_of_an_open_service_asks_for_nothing(folder):
    api = guarded(service(folder / "told", 'auth = "none"'), AccessSettings())
    document = api.get("/openapi.json").json()
    assert "securitySchemes" not in document["components"]
    assert not document["paths"]["/api/v1/predict"]["post"]["responses"].keys() & {"401", "403", "429"}


def test_nobody_needs_an_owner():
    assert Keys(()).owner(b"") is None
