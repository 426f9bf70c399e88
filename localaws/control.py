"""How `serinus up` speaks with the process that hosts a stack: over loopback, with a word that only the owner knows."""

import json
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORD = "x-localaws-word"
REQUEST_LIMIT = 64 * 1024

Deploy = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Declined(RuntimeError):
    """The process that hosts the stack could not do it; the text is its reason."""


@dataclass(frozen=True)
class Address:
    url: str
    word: str


def ask(address: Address, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Deploy what `wanted` says, and wait for what became of it."""
    body = json.dumps(wanted).encode()
    request = urllib.request.Request(address.url, data=body, headers={WORD: address.word})
    try:
        with urllib.request.urlopen(request) as response:
            answer: Mapping[str, Any] = json.load(response)
    except urllib.error.HTTPError as refusal:
        raise Declined(json.load(refusal)["error"]) from refusal
    except OSError as error:
        raise Declined(f"the process that hosts the stack does not answer: {error}") from error
    return answer


@contextmanager
def listening(deploy: Deploy) -> Iterator[Address]:
    """One deployment at a time; a `Declined` of it is told to who asked."""
    word, turn = secrets.token_urlsafe(32), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            length = int(self.headers.get("Content-Length", 0))
            if not secrets.compare_digest(self.headers.get(WORD, ""), word) or length > REQUEST_LIMIT:
                return self._say(403, {"error": "this is not for you"})
            wanted = json.loads(self.rfile.read(length))
            try:
                with turn:
                    answer = deploy(wanted)
            except Declined as reason:
                return self._say(409, {"error": str(reason)})
            return self._say(200, answer)

        def log_message(self, format: str, *args: object) -> None:
            """What is asked here is in the log of what it does."""

        def _say(self, status: int, answer: Mapping[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="control", daemon=True)
        thread.start()
        try:
            yield Address(f"http://127.0.0.1:{server.server_address[1]}/deploy", word)
        finally:
            server.shutdown()
            thread.join()
