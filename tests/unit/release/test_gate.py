"""What a version says of its golden rows."""

import base64
import json

import pytest

from serinus.errors import ReleaseError
from serinus.release.gate import Answer, proven
from tests.releases import health

RIGHT = {"linear": {"equal": True}}


def test_a_version_whose_golden_rows_are_right_is_proven():
    assert proven(Answer("2", health()), "tiny", "2") == {"linear": "1.0.0"}


def test_a_body_in_base64_is_read():
    response = json.loads(health())
    encoded = base64.b64encode(response["body"].encode()).decode()
    payload = json.dumps({**response, "body": encoded, "isBase64Encoded": True}).encode()
    assert proven(Answer("2", payload), "tiny", "2") == {"linear": "1.0.0"}


PROBLEM = json.dumps({"statusCode": 404, "body": '{"title": "Not Found", "status": 404}'}).encode()
CRASH = b'{"errorMessage": "expected 3 features", "errorType": "BundleError"}'


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(Answer("1", health()), "expected version 2 to answer, but it was 1", id="another version"),
        pytest.param(Answer(None, health()), "but it was none that is named", id="no version"),
        pytest.param(Answer("2", CRASH, "Unhandled"), "version 2 fails: BundleError: expected 3 features", id="crash"),
        pytest.param(Answer("2", b"core dumped", "Unhandled"), "version 2 fails: core dumped", id="hard crash"),
        pytest.param(Answer("2", health("other")), "serves 'other', expected 'tiny'", id="another service"),
        pytest.param(
            Answer("2", health(equal=False, status=503)),
            r"not right \(status 503\): linear: off by up to 0\.5 \(tolerance 1e-05\), 3 labels flipped",
            id="other answers",
        ),
        pytest.param(
            Answer("2", health(golden={"linear": {"equal": False, "detail": "model.onnx was altered"}}, status=503)),
            "linear: model.onnx was altered",
            id="altered",
        ),
        pytest.param(
            Answer("2", health(equal=False)), r"\(status 200\): linear: off by", id="wrong, and nobody noticed"
        ),
        pytest.param(Answer("2", health(golden={})), "linear: not replayed", id="shallow"),
        pytest.param(
            Answer("2", health(models={"linear": "1.0.0", "bent": "1.0.0"}, golden=RIGHT)),
            "bent: not replayed",
            id="one forgotten",
        ),
        pytest.param(Answer("2", health(models={}, golden={})), "0 models", id="no models"),
        pytest.param(Answer("2", health(status=500)), r"not right \(status 500\): 1 models", id="status"),
        pytest.param(Answer("2", PROBLEM), r"gives no deep health \(service: Field required\)", id="problem"),
        pytest.param(Answer("2", b"null"), "gives no deep health", id="nothing"),
        pytest.param(Answer("2", b"\xff\xfe"), "gives no deep health", id="no JSON"),
        pytest.param(
            Answer("2", b'{"statusCode": 200, "body": "%", "isBase64Encoded": true}'), "not base64", id="no base64"
        ),
    ],
)
def test_any_other_answer_proves_nothing(answer, message):
    with pytest.raises(ReleaseError, match=message):
        proven(answer, "tiny", "2")


def test_a_long_answer_is_told_short():
    with pytest.raises(ReleaseError) as refused:
        proven(Answer("2", b"x" * 10_000), "tiny", "2")
    assert len(str(refused.value)) < 700
