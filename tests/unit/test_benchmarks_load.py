"""The load client, against a server of a few lines."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks.load import Address, BadAnswer, Load, drive, post, whole_answer

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
REQUEST = post("/predict", b"12345")


@contextmanager
def serving(*pieces: bytes, requests: list[bytes] | None = None) -> Iterator[Address]:
    """A server that answers every request with `pieces`, one write after the other, and notes what came in."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.read(len(REQUEST)):
                if requests is not None:
                    requests.append(request)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if not pieces:
                    break
        finally:
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 5)


@pytest.mark.parametrize("connections", [1, 3])
def test_every_request_is_answered_and_counted(connections: int) -> None:
    requests: list[bytes] = []
    with serving(ANSWER, requests=requests) as address:
        load = drive(address, [REQUEST], connections=connections, seconds=0.1)
    assert load.answers == len(requests) > connections
    assert set(requests) == {REQUEST}
    assert load.seconds >= 0.1
    assert load.latencies_ms.min() > 0


def test_requests_are_sent_in_turn() -> None:
    requests: list[bytes] = []
    one, other = post("/predict", b"11111"), post("/predict", b"22222")
    with serving(ANSWER, requests=requests) as address:
        drive(address, [one, other], connections=1, seconds=0.05)
    assert requests[:4] == [one, other, one, other]


def test_an_answer_in_pieces_is_one_answer() -> None:
    requests: list[bytes] = []
    with serving(ANSWER[:10], ANSWER[10:41], ANSWER[41:], requests=requests) as address:
        load = drive(address, [REQUEST], connections=2, seconds=0.05)
    assert load.answers == len(requests)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        pytest.param([ANSWER.replace(b"200 OK", b"503 No")], "got b'HTTP/1.1 503", id="not 200"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\nbody"], "content-length", id="no length"),
        pytest.param([], "closed", id="closed"),
    ],
)
def test_anything_but_a_200_ends_the_run(pieces: list[bytes], message: str) -> None:
    with serving(*pieces) as address, pytest.raises(BadAnswer, match=message):
        drive(address, [REQUEST], connections=1, seconds=0.05)


def test_an_answer_is_whole_when_its_body_is_there() -> None:
    assert [whole_answer(ANSWER[:size]) for size in (8, len(ANSWER) - 1, len(ANSWER))] == [False, False, True]


def test_figures_come_from_the_latencies() -> None:
    load = Load(seconds=2.0, cpu_s=0.1, latencies_ms=np.arange(1, 101, dtype=np.float64))
    assert load.per_second == 50
    assert load.percentile_ms(50) == 50.5
    assert load.percentile_ms(99) == pytest.approx(99.01)
