"""What leaves a patient service as people run it: `serinus serve` with a real Redis, and the function on Lambda."""

import base64
import gzip
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from localaws.runtime import FunctionConfig, Invocation, Runtime
from serinus.features.packing import unpack
from serinus.features.redis_store import redis_store
from serinus.features.store import Stored
from services.demo.redis_server import address, running_redis
from tests.e2e.test_serve import ROOT, SERINUS, STOP_S, command, free_port, is_up, refused_start, wait_until
from tests.patient_traffic import Asked, traffic
from tests.patients import AUDIT_KEY, KEY, KNOWN, PLANTED, POISON, POISONED, SECRETS, STORED, Told, found, write_iit

NO_HTTP = ["GET /{} HTTP/9.9\r\n\r\n", "{} /predict HTTP/1.1\r\nHost: x\r\n\r\n", "{}\r\n\r\n"]
WHERE = pytest.mark.parametrize("where", ["served", "on_lambda"])


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    return traffic(1000)


@contextmanager
def redis() -> Iterator[str]:
    """The address of a Redis with the features of patients; it may be ended before its time."""
    with running_redis() as port:
        store = redis_store(address(port), service="iit", timeout_s=2)
        store.put({patient: Stored(STORED, 1_700_000_000) for patient in KNOWN})
        store.client.set(f"{store.prefix}{POISONED}", POISON)
        yield address(port)
        store.client.close()


def environment(address: str, **more: str) -> dict[str, str]:
    keys = {"SERINUS_API_KEY": KEY, "SERINUS_AUDIT_KEY": AUDIT_KEY}
    return {"SERINUS_FEATURES_ADDRESS": address, **keys, **more}


def stop(address: str) -> None:
    """End Redis, as an outage does."""
    from redis import Redis

    Redis.from_url(address).shutdown(nosave=True)


@contextmanager
def serving(file: Path, env: Mapping[str, str], told: Told) -> Iterator[int]:
    """The port of a server; what it writes on the console is told in the end."""
    port, out, err = free_port(), file.with_name("out"), file.with_name("err")
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(
            command(file, port), cwd=ROOT, stdout=stdout, stderr=stderr, env={**os.environ, **env}
        )
        try:
            wait_until(lambda: is_up(f"http://127.0.0.1:{port}") or process.poll() is not None)
            assert process.poll() is None, err.read_text()
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=STOP_S)
    told.log, told.console = out.read_text(), err.read_text()


def told_by_server(folder: Path, asked: list[Asked], *, personal: bool) -> Told:
    file, told, audit = write_iit(folder / "iit", personal=personal), Told(), folder / "audit.jsonl"
    with redis() as address:
        env = environment(address, SERINUS_AUDIT_LOG=str(audit))
        with serving(file, env, told) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for place, one in enumerate(asked):
                if one.is_down and not asked[place - 1].is_down:
                    stop(address)
                answer = client.request(one.method, one.path, content=one.body, headers=one.headers)
                told.add(answer.status_code, answer.headers, answer.text)
            told.errors += [said_to(port, text.format(secret)) for text in NO_HTTP for secret in SECRETS]
            told.metrics = client.get("/metrics", headers={"x-api-key": KEY}).text
    told.audit = audit.read_text() if audit.exists() else ""
    return told


def said_to(port: int, text: str) -> str:
    """What a server answers to what may not be HTTP."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(text.encode())
        return connection.recv(10_000).decode()


def told_on_lambda(folder: Path, asked: list[Asked], *, personal: bool) -> Told:
    file, told = write_iit(folder / "iit", personal=personal), Told()
    with redis() as address:
        about = {"SERINUS_SERVICE": str(file), "SERINUS_MODELS": str(file.parent / "models"), "PYTHONPATH": str(ROOT)}
        env = environment(address, **about)
        with Runtime(FunctionConfig("functions.predict.handler.handler", name="iit", env=env, cwd=ROOT)) as runtime:
            for place, one in enumerate(asked):
                if one.is_down and not asked[place - 1].is_down:
                    stop(address)
                answered(runtime.invoke(event(one)), told)
            for shape in ({SECRETS[0]: 1}, KNOWN[0], {"requestContext": {"http": {"method": SECRETS[3]}}}):
                failed = runtime.invoke(shape)
                assert failed.function_error == "Unhandled"
                told.errors.append(json.dumps(failed.payload))
                told.log += failed.logs
    told.audit = "\n".join(line for line in told.log.splitlines() if '"event":"audit"' in line)
    told.metrics = "\n".join(line for line in told.log.splitlines() if '"_aws"' in line)
    return told


def event(one: Asked) -> dict[str, Any]:
    """`one` as API Gateway would hand it over."""
    made: dict[str, Any] = json.loads((ROOT / "tests/handlers/events/http_v2_predict.json").read_text())
    url = urlsplit(one.path)
    made |= {"rawPath": unquote(url.path), "rawQueryString": url.query, "body": base64.b64encode(one.body).decode()}
    made["isBase64Encoded"] = True
    made["headers"] |= {"content-length": str(len(one.body)), **one.headers}
    made["requestContext"]["http"] |= {"method": one.method, "path": unquote(url.path)}
    made["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": "nurse-7"}}}
    return made


def answered(invocation: Invocation, told: Told) -> None:
    assert invocation.function_error is None, invocation.payload
    payload: Any = invocation.payload
    body = base64.b64decode(payload["body"]) if payload["isBase64Encoded"] else payload["body"].encode()
    headers = payload["headers"]
    told.add(
        payload["statusCode"], headers, (gzip.decompress(body) if "content-encoding" in headers else body).decode()
    )
    told.log += invocation.logs


@pytest.fixture(scope="module")
def served(tmp_path_factory, asked) -> Told:
    return told_by_server(tmp_path_factory.mktemp("served"), asked, personal=True)


@pytest.fixture(scope="module")
def on_lambda(tmp_path_factory, asked) -> Told:
    return told_on_lambda(tmp_path_factory.mktemp("lambda"), asked, personal=True)


@WHERE
def test_nothing_planted_leaves_a_patient_service_but_in_good_answers(request, where):
    told: Told = request.getfixturevalue(where)
    assert told.leaks == {}
    assert told.statuses.keys() >= {200, 404, 405, 415, 422, 500, 503}
    assert found("\n".join(told.answered))
    assert len(told.audit.splitlines()) > 1000
    assert "predictions_total" in told.metrics


@pytest.mark.parametrize("telling", [told_by_server, told_on_lambda], ids=["served", "on lambda"])
def test_the_same_requests_leak_from_a_service_that_is_not_about_people(tmp_path, asked, telling):
    told = telling(tmp_path, [one for one in asked if not one.is_down][:300], personal=False)
    assert {*told.leaks} >= {"log", "errors", "headers"}
    assert len({one for leaked in told.leaks.values() for one in leaked}) >= len(PLANTED) - 5
    assert told.audit == ""


def test_the_caller_on_lambda_is_whom_the_gateway_let_in(on_lambda):
    assert {json.loads(line)["who"] for line in on_lambda.audit.splitlines()} == {"nurse-7"}


def test_a_patient_is_found_in_the_log_of_the_server(served, tmp_path):
    log = tmp_path / "audit.jsonl"
    log.write_text(served.audit)
    run = subprocess.run(
        [*SERINUS, "audit", "find", "-", "--service", "iit", "--log", str(log), "--json"],
        input=KNOWN[0] + "\n",
        cwd=ROOT,
        env={**os.environ, "SERINUS_AUDIT_KEY": AUDIT_KEY},
        capture_output=True,
        text=True,
        check=True,
    )
    records = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(records) > 50
    assert {record["who"] for record in records} == {"key-1"}
    assert KNOWN[0] not in run.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_patient_service_does_not_start_without_a_key_for_its_records(tmp_path, monkeypatch, workers):
    monkeypatch.setenv("SERINUS_API_KEY", KEY)
    message = refused_start(write_iit(tmp_path / "iit"), "--workers", workers)
    assert message.startswith("serinus: iit is about people ([privacy] personal = true), and there is no key")
    assert "openssl rand -hex 32" in message


def test_what_is_kept_of_a_poisoned_patient_is_not_told():
    assert not found(str(unpack(POISON)))
