"""The audit record of a service about people: one line per prediction, before the answer leaves, or no answer."""

import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, time
from typing import Any

import numpy as np
import pytest

from functions.predict.app import create_app
from functions.predict.asgi import Front, bare
from functions.predict.audit import audit
from functions.predict.audit_log import File, Stream, audit_log
from functions.predict.audit_trail import Trail, outcomes
from functions.predict.callers import caller
from functions.predict.server_telemetry import ServerTelemetry
from functions.predict.telemetry import Observation, Predicted
from serinus import service as services
from serinus.audit import Pseudonyms
from serinus.errors import ServiceError
from serinus.prediction import Classes, Values
from serinus.sections import Bands
from serinus.settings import AuditSettings
from tests.bundles import write_service
from tests.handlers.conftest import Api, loaded

ROOT = Path(__file__).parents[2]
KEY = "k" * 32
ROW = [73.190482, -1.5, 3.0]
PERSONAL = """
[privacy]
personal = true
[bands]
label = "CONFIRMED"
from = {low = 0.0, high = 0.5}
"""


@dataclass(frozen=True)
class Recorded(Api):
    """A service about people, and the file of its records."""

    file: Path

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.file.read_text().splitlines()]


def recorded(toml: Path, file: Path, predictors: Any = None) -> Recorded:
    ensemble, log = loaded(toml), io.StringIO()
    ensemble = replace(ensemble, predictors=predictors(ensemble.predictors)) if predictors else ensemble
    telemetry = ServerTelemetry("tiny", "7", log=log)
    around = Front(audit=audit(ensemble.service, AuditSettings(audit_key=KEY, audit_log=file), "7"))
    app = create_app(ensemble, telemetry, release="7", routes=(telemetry.route,), front=around)
    return Recorded(app, ensemble, log, file)


@pytest.fixture(scope="module")
def toml(tmp_path_factory) -> Path:
    return write_service(tmp_path_factory.mktemp("audit") / "tiny", "linear", "bent", extra=PERSONAL)


@pytest.fixture
def api(toml, tmp_path) -> Recorded:
    return recorded(toml, tmp_path / "audit.jsonl")


def test_a_prediction_is_one_record(api):
    answer = api.post("/predict", {"features": ROW}).json()
    [record] = api.records
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("when"))
    assert record == {
        "event": "audit",
        "who": "anonymous",
        "service": "tiny",
        "release": "7",
        "request_id": answer["metadata"]["request_id"],
        "key": Pseudonyms.of("tiny", KEY).key_id,
        "sample": 0,
        "entity": None,
        "features_from_store": False,
        "model": "linear",
        "version": "1.0.0",
        "outcome": "answered",
        "class": answer["prediction"]["class"],
        "confidence": round(answer["prediction"]["confidence"], 4),
        "band": answer["prediction"]["risk_band"],
    }


def test_every_sample_of_a_batch_has_its_record_the_bad_ones_too(api):
    api.post("/predict/batch", {"samples": [ROW, [1, "Amina Bello", 3], ROW]})
    assert [(record["sample"], record["outcome"]) for record in api.records] == [
        (0, "answered"),
        (2, "answered"),
        (1, "refused"),
    ]
    assert "Amina" not in api.file.read_text()


def test_every_model_that_was_asked_has_its_record_and_their_vote_too(api):
    answer = api.post("/predict", {"features": ROW, "return_all_models": True}).json()
    told = [(record["model"], record["version"], record["class"]) for record in api.records]
    voted = answer["ensemble_prediction"]["class"]
    each = {name: one["class"] for name, one in answer["individual_predictions"].items()}
    assert told == [("linear", "1.0.0", each["linear"]), ("bent", "1.0.0", each["bent"]), ("*", None, voted)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", {"features": [1, "x", 3]}, 422),
        ("/predict", b"{", 422),
        ("/api/v1/predict/batch", {"samples": []}, 422),
        ("/models/amina/predict", {"features": ROW}, 404),
    ],
    ids=["value", "json", "batch", "model"],
)
def test_a_refused_request_is_a_record_too(api, path, body, status):
    assert api.post(path, body).status_code == status
    [record] = api.records
    assert (record["outcome"], record["status"], record["sample"]) == ("refused", status, 0)
    assert "model" not in record


def test_what_predicts_nothing_is_no_record(api):
    for path in ("/models", "/health", "/nowhere", "/metrics"):
        api.get(path)
    api.get("/predict")
    assert api.records == []


def test_a_fault_is_a_record_too(toml, tmp_path):
    class Broken(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise ZeroDivisionError("Amina Bello")

    api = recorded(toml, tmp_path / "audit.jsonl", Broken)
    assert api.post("/predict", {"features": ROW}).status_code == 500
    [record] = api.records
    assert (record["outcome"], record["status"]) == ("failed", 500)
    assert "Amina" not in api.log.getvalue()
    assert "builtins.ZeroDivisionError" in api.logged[0]["exception"]


def test_without_a_record_there_is_no_answer(toml):
    api = recorded(toml, Path("/dev/full"))
    answer = api.post("/predict", {"features": ROW})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert (answer.json()["errors"][0]["field"], answer.headers["retry-after"]) == ("audit", "10")
    assert "prediction" not in answer.json()
    [line] = api.logged
    assert (line["status"], line["refused"]) == (503, "audit: No space left on device")
    assert "predictions" not in line
    assert 'class="CONFIRMED"' not in api.get("/metrics").text


def test_a_refusal_without_a_record_is_not_told_either(toml):
    api = recorded(toml, Path("/dev/full"))
    assert api.post("/predict", {"features": [1, "x", 3]}).status_code == 503


def test_only_services_about_people_are_recorded(tmp_path):
    plain = loaded(write_service(tmp_path / "plain", "linear")).service
    assert audit(plain, AuditSettings(), "7") is bare


def test_a_service_about_people_does_not_start_without_a_key(toml):
    with pytest.raises(ServiceError, match="SERINUS_AUDIT_KEY"):
        audit(services.load(toml), AuditSettings(), "7")


def test_a_log_that_cannot_be_opened_stops_the_start(toml, tmp_path):
    with pytest.raises(ServiceError, match=r"SERINUS_AUDIT_LOG: cannot write to .*none.*: No such file or directory"):
        audit(services.load(toml), AuditSettings(audit_key=KEY, audit_log=tmp_path / "none" / "log"), "7")


def test_records_go_among_the_other_lines_where_no_file_is_named():
    stream = io.StringIO()
    audit_log(None, stream).write([b'{"a":1}', b'{"a":2}'])
    assert stream.getvalue() == '{"a":1}\n{"a":2}\n'


def test_a_stream_that_is_closed_takes_no_record():
    stream = io.StringIO()
    stream.close()
    with pytest.raises(OSError, match="closed"):
        Stream(stream).write([b"{}"])


def test_the_file_is_for_its_owner_alone_and_is_appended_to(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text("before\n")
    path.unlink()
    File(path).write([b"1"])
    File(path).write([b"2"])
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("1\n2\n", 0o600)


def test_a_record_after_one_that_was_cut_short_begins_its_own_line(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text('{"event":"au')
    File(path).write([b"1"])
    assert path.read_text() == '{"event":"au\n1\n'


@pytest.mark.parametrize("gone", [Path.unlink, lambda path: path.rename(f"{path}.1")], ids=["removed", "rotated"])
def test_a_file_that_is_no_longer_there_is_made_anew(tmp_path, gone):
    path = tmp_path / "audit.jsonl"
    log = File(path)
    log.write([b"1"])
    gone(path)
    log.write([b"2"])
    assert path.read_text() == "2\n"


APPEND = """
import sys
from pathlib import Path
from functions.predict.audit_log import File
log = File(Path(sys.argv[1]))
for _ in range(200):
    log.write([sys.argv[2].encode() * 5000] * 2)
"""


def test_several_processes_append_whole_lines(tmp_path):
    path = tmp_path / "audit.jsonl"
    children = [subprocess.Popen([sys.executable, "-c", APPEND, str(path), name], cwd=ROOT) for name in "abc"]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    lines = [
        line for line in path.read_text().splitlines() if line
    ]  # one that opens it amid a write takes that for cut
    assert sorted(set(lines)) == [name * 5000 for name in "abc"]
    assert len(lines) == 1200


CUT = """
import resource, sys
from pathlib import Path
from functions.predict.audit_log import File
log, limit = File(Path(sys.argv[1])), resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
try:
    log.write([b"a" * 20])
except OSError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
log.write([b"b" * 20])
"""


def test_a_record_that_is_only_written_in_part_is_not_written(tmp_path):
    path = tmp_path / "audit.jsonl"
    run = subprocess.run([sys.executable, "-c", CUT, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "only some of 21 bytes were written\n"
    assert path.read_text().splitlines() == ["a" * 10, "b" * 20]


def test_values_and_answers_that_are_no_numbers_are_told_as_such():
    nan = float("nan")
    assert outcomes(Values(np.array([2834.56789, nan], "f4")), None) == [
        {"outcome": "answered", "value": 2834.57},
        {"outcome": "refused"},
    ]
    classes = Classes(("A", "B"), np.array([1, 0]), np.array([[0.25, 0.75], [nan, nan]]))
    assert outcomes(classes, Bands.model_validate({"label": "B", "from": {"low": 0, "high": 0.7}})) == [
        {"outcome": "answered", "class": "B", "confidence": 0.75, "band": "high"},
        {"outcome": "refused"},
    ]


def event(**context: Any) -> dict[str, Any]:
    return {"aws.event": {"requestContext": context}}


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        pytest.param({}, "anonymous", id="nobody"),
        pytest.param(event(authorizer={"jwt": {"claims": {"sub": "nurse-7"}}}), "nurse-7", id="jwt"),
        pytest.param(event(authorizer={"claims": {"sub": "nurse-7"}}), "nurse-7", id="user pool"),
        pytest.param(event(authorizer={"iam": {"userArn": "arn:nurse"}}), "arn:nurse", id="iam"),
        pytest.param(event(authorizer={"principalId": "nurse-7"}), "nurse-7", id="own authorizer"),
        pytest.param(event(authorizer=None, identity={"apiKeyId": "abc"}), "abc", id="key of a rest api"),
        pytest.param({"aws.event": "ping"}, "anonymous", id="no event"),
    ],
)
def test_who_asks_is_whom_the_gateway_let_in(scope, name):
    assert caller(Observation("req_1", "POST", "/predict"), scope) == name


def test_who_asks_is_the_owner_of_the_key():
    seen = Observation("req_1", "POST", "/predict", caller="clinic-7")
    assert caller(seen, event(authorizer={"principalId": "x"})) == "clinic-7"


def test_a_prediction_costs_less_than_20_microseconds(tmp_path):
    trail = Trail(File(tmp_path / "log"), Pseudonyms.of("tiny", KEY), "7", time)
    seen = Observation("req_1", "POST", "/predict")
    shares = np.array([[0.25, 0.75]] * 100, "f4")
    seen.predicted = [Predicted("linear", "1.0.0", 0.1, {}, answers=Classes(("A", "B"), shares.argmax(1), shares))]
    seen.subjects.samples, seen.subjects.rows = 100, range(100)
    seen.subjects.entities = {place: f"IIT-{place}" for place in range(100)}
    start = perf_counter()
    for _ in range(20):
        trail.record(seen, "clinic-7", 200)
    assert (perf_counter() - start) / 2000 < 100e-6  # generous: the machine may be busy
