"""The HTTP server in front of an API: what comes over the wire, what is too large, who is slow or gone."""

import base64
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from localaws.buckets import Meters
from localaws.door import Door, Front
from localaws.http_api.api import HttpApi
from tests.localaws.gateways.apis import HttpApiMaker, client, gateways


@pytest.mark.parametrize("megabytes", [7, 11], ids=["Lambda's limit", "the gateway's limit"])
def test_a_body_can_be_too_large(asked, running, megabytes):
    answer = asked({"$default": "echo"}).post("/", content=b"x" * megabytes * 2**20)
    assert answer.status_code == 413


def test_headers_can_be_too_large(asked, running):
    answer = asked({"$default": "echo"}).get("/", headers={"x-long": "x" * 10_240})
    assert answer.status_code == 431
    assert not running.seen


def test_eight_clients_at_once_get_their_own_answers(asked):
    http = asked({"ANY /{proxy+}": "predict"})
    alone = [http.post("/api/v1/predict", json={"features": [n, 1, -n]}).json()["prediction"] for n in range(8)]

    def ask(n: int) -> list[object]:
        with client(str(http.base_url)) as own:
            return [own.post("/api/v1/predict", json={"features": [n, 1, -n]}).json()["prediction"] for _ in range(20)]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [[answer] * 20 for answer in alone]


def test_a_chunked_body_and_a_wait_for_100_are_understood(asked, running):
    http = asked({"$default": "echo"})
    http.post("/", content=iter([b'{"a":', b"1}"]), headers={"content-type": "application/json"})
    assert running.seen[-1]["body"] == '{"a":1}'
    assert running.seen[-1]["headers"]["content-length"] == "7"
    with socket.create_connection((http.base_url.host, http.base_url.port), timeout=10) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 100 ")
        wire.sendall(b"hi")
        assert wire.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert base64.b64decode(running.seen[-1]["body"]) == b"hi"


def test_a_head_gets_no_body(asked):
    http = asked({"$default": "predict"})
    answer = http.head("/api/v1/models")
    assert (answer.content, answer.headers["apigw-requestid"] != "") == (b"", True)
    assert http.get("/api/v1/models").status_code == 200


def test_a_client_that_hangs_up_leaves_the_others_alone(asked):
    http = asked({"$default": "echo", "GET /slow": "slow"})
    for sent in (
        b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhi",
    ):
        with socket.create_connection((http.base_url.host, http.base_url.port), timeout=10) as wire:
            wire.sendall(sent)
    assert http.get("/").status_code == 200


def test_silent_clients_hold_no_threads(asked):
    http = asked({"$default": "echo"})
    assert http.get("/").status_code == 200
    threads = threading.active_count()
    with ExitStack() as wires:
        for sent in (
            b"",
            b"POST / HTTP/1.1\r\nHost: x\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhi",
        ):
            for _ in range(30):
                address = (http.base_url.host, http.base_url.port)
                wires.enter_context(socket.create_connection(address, timeout=10)).sendall(sent)
        assert http.get("/").status_code == 200
        assert threading.active_count() == threads


def test_a_body_that_does_not_come_is_not_waited_for(running):
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(1))
        front = Front(HttpApi(lambda: None, Meters()), running.invoke, threads, body_s=0.1)
        door = stack.enter_context(Door(front))
        wire = stack.enter_context(socket.create_connection(("127.0.0.1", door.port), timeout=10))
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhi")
        answer = b"".join(iter(lambda: wire.recv(1000), b""))  # to the end: the gateway hangs up
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_closed_gateway_answers_nobody(running):
    with gateways(running) as opened:
        api = HttpApiMaker.new()
        url = opened.open(api.api_id)
        with client(url) as http:
            assert http.get("/").status_code == 404
    with client(url) as http, pytest.raises(httpx.ConnectError):
        http.get("/")


def test_an_api_can_be_given_its_port(running):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with gateways(running) as opened:
        assert opened.open(HttpApiMaker.new().api_id, port=port) == f"http://127.0.0.1:{port}"
