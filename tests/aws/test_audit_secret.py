"""The key of the audit record, kept in Secrets Manager."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from moto import mock_aws
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from functions.predict.audit import audit
from functions.predict.server import application
from localaws.runtime import FunctionConfig, Runtime
from serinus import service as services
from serinus.audit import Pseudonyms
from serinus.audit_key import key_of
from serinus.cli import app
from serinus.errors import ServiceError
from serinus.settings import AuditSettings
from tests.bundles import write_service

ROOT = Path(__file__).parents[2]
EVENT = ROOT / "tests/handlers/events/http_v2_predict.json"
KEY = "a-key-that-only-the-secret-holds-0123456789"
NAME = "serinus/tiny/audit"
PERSONAL = "[privacy]\npersonal = true\n"


@pytest.fixture
def cloud() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def personal(tmp_path: Path) -> Path:
    return write_service(tmp_path / "tiny", "linear", extra=PERSONAL)


def kept(text: str = KEY, region: str = "eu-central-1") -> str:
    """The ARN of a secret that holds `text`."""
    made = boto3.client("secretsmanager", region_name=region).create_secret(Name=NAME, SecretString=text)
    return str(made["ARN"])


def test_the_key_is_what_the_secret_holds(cloud):
    arn = kept()
    assert key_of(AuditSettings(audit_secret=NAME)) == KEY
    assert key_of(AuditSettings(audit_secret=arn)) == KEY


def test_an_arn_says_its_region(cloud):
    arn = kept(region="us-west-2")
    assert key_of(AuditSettings(audit_secret=arn)) == KEY


def test_a_line_break_at_the_end_is_no_part_of_the_key(cloud):
    kept(KEY + "\n")
    assert key_of(AuditSettings(audit_secret=NAME)) == KEY


def test_the_key_of_the_environment_goes_before_the_secret():
    assert key_of(AuditSettings(audit_key="k" * 32, audit_secret="of no account")) == "k" * 32


def test_where_nothing_is_named_there_is_no_key():
    assert key_of(AuditSettings()) is None


def test_a_secret_that_is_not_there_stops_the_start(cloud, personal):
    with pytest.raises(ServiceError, match=f"cannot read secret {NAME}: .*ResourceNotFoundException"):
        audit(services.load(personal), AuditSettings(audit_secret=NAME), "7")


def test_a_short_secret_stops_the_start_and_is_not_shown(cloud, personal):
    kept("too short")
    with pytest.raises(ServiceError, match="the key of its audit record has 9 characters") as refused:
        audit(services.load(personal), AuditSettings(audit_secret=NAME), "7")
    assert "too short" not in str(refused.value)


def test_a_secret_of_bytes_is_refused(cloud):
    boto3.client("secretsmanager").create_secret(Name=NAME, SecretBinary=KEY.encode())
    with pytest.raises(ServiceError, match=f"secret {NAME} holds bytes, expected a text"):
        key_of(AuditSettings(audit_secret=NAME))


def test_a_service_that_is_not_about_people_asks_for_no_secret(tmp_path):
    plain = services.load(write_service(tmp_path / "plain", "linear"))
    audit(plain, AuditSettings(audit_secret="arn:aws:secretsmanager:us-east-1:123456789012:secret:none"), "7")


def test_a_missing_region_is_said(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ServiceError, match=f"cannot read secret {NAME}: You must specify a region"):
        key_of(AuditSettings(audit_secret=NAME))


@pytest.mark.usefixtures("process")
def test_the_server_starts_with_the_key_of_the_secret(cloud, personal, monkeypatch):
    monkeypatch.setenv("SERINUS_SERVICE", str(personal))
    monkeypatch.setenv("SERINUS_MODELS", str(personal.parent / "models"))
    monkeypatch.setenv("SERINUS_NO_AUTH", "true")
    monkeypatch.setenv("SERINUS_AUDIT_SECRET", NAME)
    with pytest.raises(ServiceError, match=f"cannot read secret {NAME}"):
        application()
    kept()
    application()


@pytest.fixture
def endpoint() -> Iterator[str]:
    """AWS for other processes, which do not share our moto."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    requests.post(f"{url}/moto-api/reset", timeout=10)
    yield url
    server.stop()


def function(service: Path, endpoint: str, secret: str) -> FunctionConfig:
    env = {
        "SERINUS_SERVICE": str(service),
        "SERINUS_MODELS": str(service.parent / "models"),
        "SERINUS_AUDIT_SECRET": secret,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "of-tests",
        "AWS_SECRET_ACCESS_KEY": "of-tests",
        "PYTHONPATH": str(ROOT),
    }
    return FunctionConfig("functions.predict.handler.handler", name="predict", version="42", env=env, cwd=ROOT)


def test_a_real_runtime_records_under_the_key_of_the_secret(endpoint, personal, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    secret = kept()
    asked = json.loads(EVENT.read_text()) | {"body": '{"features": [1, 2, 3]}'}
    with Runtime(function(personal, endpoint, secret)) as runtime:
        invocation = runtime.invoke(asked)
    assert invocation.function_error is None, invocation.payload
    lines = [json.loads(line) for line in invocation.logs.splitlines() if line.startswith("{")]
    [record] = [line for line in lines if line.get("event") == "audit"]
    assert record["key"] == Pseudonyms.of("tiny", KEY).key_id
    assert KEY not in invocation.logs


def test_records_are_found_with_the_secret_alone(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    kept()
    pseudonyms = Pseudonyms.of("iit", KEY)
    record = {"event": "audit", "service": "iit", "key": pseudonyms.key_id, "entity": pseudonyms.of_entity("IIT-1")}
    told = {"when": "2026-11-21T02:00:00.000Z", "who": "clinic-7", "outcome": "refused", "request_id": "req_1"}
    log = tmp_path / "audit.jsonl"
    log.write_text(json.dumps(record | told) + "\n")
    command = ["audit", "find", "IIT-1", "--service", "iit", "--log", str(log), "--json"]
    env = {"SERINUS_AUDIT_SECRET": NAME, "SERINUS_AUDIT_KEY": None}
    run = CliRunner().invoke(app, command, env=env, catch_exceptions=False)
    assert [json.loads(line)["request_id"] for line in run.stdout.splitlines()] == ["req_1"]


def test_without_a_secret_no_library_of_aws_is_loaded(personal):
    look = "import sys, functions.predict.handler; print('boto3' in sys.modules)"
    env = {
        **os.environ,
        "SERINUS_SERVICE": str(personal),
        "SERINUS_MODELS": str(personal.parent / "models"),
        "SERINUS_AUDIT_KEY": KEY,
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
    }
    run = subprocess.run([sys.executable, "-c", look], env=env, capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.splitlines()[-1] == "False"
