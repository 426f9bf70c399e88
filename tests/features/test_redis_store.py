"""What is special of Redis: other people's keys, passwords, connections that died."""

import socket
import threading

import pytest

from serinus.errors import ServiceError, StoreDown
from serinus.features.redis_store import redis_store
from serinus.features.store import Stored, Unreadable
from services.demo.redis_server import running_redis
from services.demo.server import free_port

PLOT = Stored({"altitude": 1252}, 1.0)


def at(port, service, password=""):
    return redis_store(f"redis://{password}127.0.0.1:{port}/0", service=service, timeout_s=2)


def test_services_do_not_see_each_others_entities(redis_server):
    at(redis_server, "ours").put({"1": PLOT})
    assert at(redis_server, "our").get(["1", "s:1"]) == {}
    assert list(at(redis_server, "our").entities()) == []


def test_what_is_no_string_is_unreadable_and_not_absent(redis_server):
    store = at(redis_server, "foreign")
    store.client.hset("features:foreign:1", "altitude", "1252")
    assert store.get(["1", "2"]) == {"1": Unreadable("it is a hash, not a string")}


def test_a_server_that_was_started_again_is_found_again(tmp_path):
    port = free_port()
    store = at(port, "plots")
    with running_redis(port):
        store.put({"1": PLOT})
    with pytest.raises(StoreDown, match="refused"):
        store.get(["1"])
    with running_redis(port):
        assert store.get(["1"]) == {}


@pytest.fixture
def locked(tmp_path):
    with running_redis() as port:
        at(port, "plots").client.config_set("requirepass", "s3cret")
        yield port


def test_the_password_is_in_the_address(locked):
    store = at(locked, "plots", password=":s3cret@")
    store.put({"1": PLOT})
    assert store.get(["1"]) == {"1": PLOT}


@pytest.mark.parametrize("password", ["", ":wr0ng@"])
def test_a_wrong_password_is_told_but_not_quoted(locked, password):
    with pytest.raises(StoreDown) as down:
        at(locked, "plots", password).get(["patient-7"])
    assert "cannot read the features in Redis" in str(down.value)
    assert "wr0ng" not in str(down.value)


def test_an_error_of_redis_does_not_quote_keys(locked):
    store = at(locked, "plots", password=":s3cret@")
    store.client.execute_command("ACL", "SETUSER", "default", "-mget")
    with pytest.raises(StoreDown) as down:
        store.get(["patient-7"])
    assert str(down.value) == "cannot read the features in Redis: NoPermissionError"


@pytest.mark.parametrize("address", ["redis://:pa/ss@host:6379/0", "redis://:pass@host:port", "http://:pass@host"])
def test_an_address_that_is_none_is_refused_without_quoting_it(address):
    with pytest.raises(ServiceError) as refusal:
        redis_store(address, service="plots", timeout_s=1)
    assert "pa" not in str(refusal.value).replace("password", "")
    assert refusal.value.__suppress_context__


def test_an_answer_that_is_not_redis_is_not_quoted():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener, b"patient-7 weighs 61.5\r\n"))
        thread.start()
        with pytest.raises(StoreDown) as down:
            at(listener.getsockname()[1], "plots").get(["patient-7"])
        thread.join()
    assert str(down.value) == "cannot read the features in Redis: InvalidResponse"


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)
