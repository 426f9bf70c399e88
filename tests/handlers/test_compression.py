"""gzip both ways, on the hot routes and the others."""

import gzip
import json
import tracemalloc
import zlib

import pytest

from functions.predict.compression import packed, takes_gzip, unpacked
from functions.predict.problems import Refusal
from serinus.errors import InputError
from tests.bundles import write_service
from tests.handlers.conftest import Api, api_of, loaded

ROUTES = ["/api/v1/predict", "/predict", "/predict/batch", "/models/linear/predict"]
MB = 1024 * 1024
ACCEPTED = [(b"accept-encoding", b"gzip")]


def asked(path: str) -> dict[str, object]:
    return {"samples": [[1, 2, 3]] * 30} if path.endswith("batch") else {"features": [1, 2, 3]}


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_in_gzip_is_answered_as_the_plain_one(fresh, path):
    body = json.dumps(asked(path)).encode()
    plain = fresh.post(path, body)
    in_gzip = fresh.post(path, gzip.compress(body), headers={"content-encoding": "GZip"})
    assert (plain.status_code, in_gzip.status_code) == (200, 200)
    assert answer_of(plain) == answer_of(in_gzip)


def answer_of(response) -> object:
    return response.json().get("prediction") or response.json()["predictions"]


@pytest.mark.parametrize("path", ROUTES)
def test_a_bomb_is_refused(fresh, path):
    bomb = gzip.compress(b" " * (100 * MB))
    answer = fresh.post(path, bomb, headers={"content-encoding": "gzip"})
    assert len(bomb) < MB
    assert answer.status_code == 413


def test_a_bomb_takes_no_more_memory_than_the_largest_body():
    bomb = gzip.compress(b" " * (100 * MB))
    tracemalloc.start()
    with pytest.raises(Refusal):
        unpacked(bomb, most=6 * MB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MB


def test_the_largest_body_is_unpacked():
    assert len(unpacked(gzip.compress(b" " * MB), most=MB)) == MB


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"features": [1, 2, 3]}', id="plain"),
        pytest.param(zlib.compress(b"{}"), id="zlib"),
        pytest.param(gzip.compress(b"{}")[:-1], id="cut"),
        pytest.param(gzip.compress(b"{}") + b"x", id="more after it"),
        pytest.param(gzip.compress(b"{}") * 1000, id="many streams"),
    ],
)
def test_what_is_no_gzip_stream_is_refused_by_name(fresh, body):
    with pytest.raises(InputError, match="expected one whole gzip stream"):
        unpacked(body, most=MB)
    answer = fresh.post("/predict", body, headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", ""])
def test_a_body_in_another_coding_is_refused_by_name(fresh, coding):
    answer = fresh.post("/predict", asked("/predict"), headers={"content-encoding": coding})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (415, "content-encoding")


def test_a_small_answer_is_never_packed():
    assert packed(b" " * 1023, ACCEPTED) == (b" " * 1023, [])


def test_caches_are_told_that_an_answer_depends_on_what_is_accepted():
    assert packed(b" " * 1024, [])[1] == [(b"vary", b"accept-encoding")]
    assert packed(b" " * 1024, ACCEPTED)[1] == [(b"vary", b"accept-encoding"), (b"content-encoding", b"gzip")]


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        (b"gzip", True),
        (b"GZIP", True),
        (b"deflate, gzip;q=0.5, br", True),
        (b"br , x-gzip", True),
        (b"gzip; q=1.0", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"br, deflate", False),
        (b"gzipped", False),
        (b"", False),
    ],
)
def test_a_caller_takes_gzip_when_it_says_so(accepted, takes):
    assert takes_gzip([(b"accept", b"gzip"), (b"accept-encoding", accepted)]) == takes


@pytest.fixture
def wide(tmp_path) -> Api:
    """So many models that one row's answer by all of them is large."""
    return api_of(loaded(write_service(tmp_path / "wide", *(f"model{number}" for number in range(12)))))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/predict", {"features": [1, 2, 3], "return_all_models": True}, id="hot"),
        pytest.param("/predict/batch", {"samples": [[1, 2, 3]] * 30}, id="batch"),
        pytest.param("/models/model1/predict", {"features": [1, 2, 3], "return_all_models": True}, id="by name"),
        pytest.param("/models", None, id="catalogue"),
    ],
)
def test_a_large_answer_is_packed_for_those_who_take_it(wide, path, body):
    method = "GET" if body is None else "POST"
    content = json.dumps(body).encode()
    plain = wide.request(method, path, content=content, headers={"accept-encoding": "identity"})
    in_gzip = wide.request(method, path, content=content, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert len(plain.content) > 1024
    assert in_gzip.headers["content-encoding"] == "gzip"
    assert int(in_gzip.headers["content-length"]) < len(plain.content)
    assert in_gzip.json().keys() == plain.json().keys()
