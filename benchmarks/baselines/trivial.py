"""The least a server can do, to see that the load client is not what limits the others: `python -m ... PORT`."""

import asyncio
import sys
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Trivial(asyncio.Protocol):
    """Answers each POST with `{}` once its body is in; every request is as long as the first."""

    def __init__(self) -> None:
        self._length = 0
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not inherit from it

    def data_received(self, data: bytes) -> None:
        self._length = self._length or _length(data)
        self._received += len(data)
        if self._received == self._length:
            self._received = 0
            self._transport.write(ANSWER)


def _length(data: bytes) -> int:
    head, _, _ = data.partition(b"\r\n\r\n")
    _, _, length = head.lower().rpartition(b"content-length: ")
    return len(head) + 4 + int(length)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Trivial, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
