"""Nothing planted in 1,000 requests to a patient service leaves it, but in answers to those who asked for it."""

import asyncio
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import httpx
import pytest

from functions.predict.app import create_app
from functions.predict.asgi import Front
from functions.predict.audit import audit
from functions.predict.front import front
from functions.predict.server_telemetry import ServerTelemetry
from serinus import golden
from serinus.audit import Pseudonyms, find
from serinus.bundle import Bundle
from serinus.features.packing import unpack
from serinus.features.store import Stored
from serinus.settings import AccessSettings, AuditSettings
from tests.bundles import write_service
from tests.handlers.conftest import api_of, loaded
from tests.patient_traffic import Asked, traffic
from tests.patients import AUDIT_KEY, FAR, KEY, KNOWN, PLANTED, POISON, POISONED, STORED, Told, found, write_iit
from tests.records import NOW, Shelf, stock_of


def told_by(file: Path, audit_log: Path, asked: list[Asked]) -> Told:
    """What a service in this process tells, of `asked` and on the console."""
    ensemble, log, console = loaded(file), io.StringIO(), io.StringIO()
    shelf = Shelf({patient: Stored(STORED, NOW) for patient in KNOWN} | {POISONED: unpack(POISON)})
    telemetry = ServerTelemetry("iit", "7", log=log)
    for name in ensemble.predictors:
        telemetry.loaded(name, "1.0.0", 0.1)
    before = front(ensemble.service, AccessSettings(api_key=KEY))
    trail = audit(ensemble.service, AuditSettings(audit_key=AUDIT_KEY, audit_log=audit_log), "7")
    around = Front(before.cors, before.access, trail)
    stock = stock_of(ensemble.service, shelf)
    app = create_app(ensemble, telemetry, release="7", routes=(telemetry.route,), front=around, stock=stock)

    async def exchange() -> Told:
        told = Told()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://serinus") as client:
            for one in asked:
                shelf.is_down = one.is_down
                answer = await client.request(one.method, one.path, content=one.body, headers=one.headers)
                told.add(answer.status_code, answer.headers, answer.text)
            told.metrics = (await client.get("/metrics", headers={"x-api-key": KEY})).text
        return told

    with redirect_stdout(console), redirect_stderr(console):
        told = asyncio.run(exchange())
    told.log, told.console = log.getvalue(), console.getvalue()
    told.audit = audit_log.read_text() if audit_log.exists() else ""
    return told


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    return traffic(1000)


@pytest.fixture(scope="module")
def private(tmp_path_factory, asked) -> Told:
    folder = tmp_path_factory.mktemp("private")
    return told_by(write_iit(folder / "iit"), folder / "audit.jsonl", asked)


@pytest.fixture(scope="module")
def open_(tmp_path_factory, asked) -> Told:
    folder = tmp_path_factory.mktemp("open")
    return told_by(write_iit(folder / "iit", personal=False), folder / "audit.jsonl", asked)


def test_the_40_strings_are_planted_in_1000_requests(asked):
    assert (len(PLANTED), len({*PLANTED}), len(asked)) == (40, 40, 1000)
    sent = "\n".join(f"{one.method} {one.path} {one.body!r} {one.headers}" for one in asked)
    assert len(found(sent + json.dumps(STORED) + POISON.decode())) >= 39  # the last is how the fault says the distance


def test_requests_meet_every_kind_of_answer(private):
    assert private.statuses.keys() >= {200, 400, 403, 404, 405, 415, 422, 500, 503}
    assert private.statuses[200] > 150


def test_nothing_planted_leaves_a_patient_service_but_in_good_answers(private):
    assert private.leaks == {}
    assert found("\n".join(private.answered))


def test_the_same_requests_leak_from_a_service_that_is_not_about_people(open_):
    assert {*open_.leaks} >= {"log", "errors", "headers"}
    assert {one for leaked in open_.leaks.values() for one in leaked} == {*PLANTED} - {
        str(FAR)
    }  # a fault says it otherwise


def test_both_answer_alike(private, open_):
    assert private.statuses == open_.statuses


def test_every_prediction_that_was_told_is_in_the_audit_record(private):
    records = [json.loads(text) for text in private.audit.splitlines()]
    answers = [json.loads(text) for text in private.answered]
    told = sum(
        len(one.get("individual_predictions", ())) + 1
        for one in answers
        if "metadata" in one and "predictions" not in one
    )
    told += sum(one is not None for answer in answers for one in answer.get("predictions", ()))
    assert sum(record["outcome"] == "answered" for record in records) == told
    assert {record["outcome"] for record in records} == {"answered", "refused", "failed"}


@pytest.mark.parametrize("personal", [True, False], ids=["people", "others"])
def test_the_page_of_a_service_about_people_shows_nobody_of_its_golden_rows(tmp_path, personal):
    api = api_of(
        loaded(write_service(tmp_path / "tiny", "linear", extra=f"[privacy]\npersonal = {str(personal).lower()}\n"))
    )
    rows, _ = golden.load(Bundle.load(tmp_path / "tiny" / "models" / "linear" / "v1.0.0"))
    request = api.get("/openapi.json").json()["paths"]["/api/v1/predict"]["post"]["requestBody"]
    shown = request["content"]["application/json"]["example"]["features"]
    assert (shown == pytest.approx(rows[0].tolist())) is not personal


def test_the_records_of_a_patient_are_found_by_who_has_the_key(private):
    asked_about = find(private.audit.splitlines(), KNOWN[0], Pseudonyms.of("iit", AUDIT_KEY)).records
    assert len(asked_about) > 50
    assert {record["who"] for record in asked_about} == {"key-1"}
    assert any(record["features_from_store"] for record in asked_about)
    assert not find(private.audit.splitlines(), KNOWN[0], Pseudonyms.of("iit", "x" * 32)).records
