"""`serinus serve` with API keys, a rate and CORS, as a real process."""

import json
import subprocess
from pathlib import Path

import pytest
import requests

from tests.bundles import write_service
from tests.e2e.test_serve import ROOT, SERINUS, refused_start, serving

KEYED = '[gateway]\nauth = "api_key"\nrate_per_minute = 20\nburst = 20\ncors = ["https://example.org"]\n'
BODY = {"features": [1, 2, 3]}


@pytest.fixture
def service(tmp_path) -> Path:
    return write_service(tmp_path / "tiny", "linear", extra=KEYED)


def created(name: str) -> dict[str, str]:
    command = [*SERINUS, "keys", "create", name, "--json"]
    made: dict[str, str] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    return made


def test_a_created_key_opens_the_server_as_often_as_its_rate_allows(service, tmp_path, monkeypatch):
    made = created("clinic-7")
    file = tmp_path / "keys.txt"
    file.write_text(made["line"])
    monkeypatch.setenv("SERINUS_API_KEYS_FILE", str(file))
    with serving(service) as server:
        url = f"{server.url}/predict"
        headers = {"x-api-key": made["key"], "origin": "https://example.org"}
        without = requests.post(url, json=BODY)
        large = requests.post(url, data=b" " * 5_000_000)
        wrong = requests.post(url, json=BODY, headers={"x-api-key": f"{made['key']}x"})
        answers = [requests.post(url, json=BODY, headers=headers) for _ in range(21)]
        metrics = requests.get(f"{server.url}/metrics")
        out, err = server.stopped()
    assert (without.status_code, large.status_code, wrong.status_code, metrics.status_code) == (401, 401, 403, 200)
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"https://example.org"}
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert [json.loads(line).get("caller") for line in out.splitlines()][-22:-1] == ["clinic-7"] * 21
    assert "callers need one of 1 API keys" in err
    assert made["key"] not in out + err + metrics.text


def test_a_key_of_the_environment_opens_every_worker(service, monkeypatch):
    key = created("lab")["key"]
    monkeypatch.setenv("SERINUS_API_KEY", key)
    with serving(service, "--workers", "2") as server:
        url = f"{server.url}/predict"
        statuses = {requests.post(url, json=BODY, headers={"x-api-key": key}).status_code for _ in range(12)}
        refused = {requests.post(url, json=BODY).status_code for _ in range(6)}
        _, err = server.stopped()
    assert (statuses, refused) == ({200}, {401})
    assert "by each of the 2 workers" in err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_asks_for_keys_does_not_start_without_any(service, workers):
    message = refused_start(service, "--workers", workers)
    assert 'serinus: tiny says auth = "api_key" and there is no key: set SERINUS_API_KEY ' in message
    assert "--no-auth" in message


def test_a_weak_key_stops_the_start_and_is_not_shown(service, monkeypatch):
    monkeypatch.setenv("SERINUS_API_KEY", "your_api_key")
    message = refused_start(service)
    assert "SERINUS_API_KEY: key 1 has 12 characters; expected 20 or more" in message
    assert "your_api_key" not in message


def test_no_auth_lets_everybody_in_and_says_so(service):
    with serving(service, "--no-auth") as server:
        answer = requests.post(f"{server.url}/predict", json=BODY)
        _, err = server.stopped()
    assert answer.status_code == 200
    assert "WARNING: whoever reaches this server is answered" in err
