"""The Lambda Runtime API on the wire: what the runtime client sends, gets back, and causes Lambda to answer."""

import secrets
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

NEXT = "/2018-06-01/runtime/invocation/next"
INIT_ERROR = "/2018-06-01/runtime/init/error"
RESTORE_NEXT = "/2018-06-01/runtime/restore/next"
RESTORE_ERROR = "/2018-06-01/runtime/restore/error"
RESPONSE_LIMIT = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Request:
    """What the runtime client sent; the paths are distinct enough to leave the method out."""

    path: str
    body: bytes


@dataclass(frozen=True)
class Task:
    """One invocation as the runtime client sees it."""

    request_id: str
    event: bytes
    function_arn: str

    @property
    def response_path(self) -> str:
        return f"/2018-06-01/runtime/invocation/{self.request_id}/response"

    @property
    def error_path(self) -> str:
        return f"/2018-06-01/runtime/invocation/{self.request_id}/error"

    def headers(self, deadline_s: float) -> Mapping[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline_s * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": _trace_id(),
        }


def parse(received: bytearray) -> Request | None:
    """The request in these bytes, or None while it is incomplete.

    http.server would refuse header lines over 64 KiB, but the client sends a whole traceback in one (up to 1 MiB).
    """
    end_of_head = received.find(b"\r\n\r\n")
    if end_of_head < 0:
        return None
    request_line, *header_lines = received[:end_of_head].decode("latin-1").split("\r\n")
    start = end_of_head + 4
    end = start + _content_length(header_lines)
    if len(received) < end:
        return None
    return Request(path=request_line.split(" ")[1], body=bytes(received[start:end]))


def response(status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> bytes:
    head = [f"HTTP/1.1 {status.value} {status.phrase}", "Content-Type: application/json"]
    head += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def timed_out(task: Task, timeout_s: float) -> Mapping[str, object]:
    message = f"RequestId: {task.request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    return {"errorType": "Sandbox.Timedout", "errorMessage": message}


def exited(task: Task, status: int) -> Mapping[str, object]:
    reason = f"with error: {_how(status)}" if status else "without providing a reason"
    message = f"RequestId: {task.request_id} Error: Runtime exited {reason}"
    return {"errorType": "Runtime.ExitError", "errorMessage": message}


def out_of_memory(task: Task) -> Mapping[str, object]:
    return {**exited(task, -signal.SIGKILL), "errorType": "Runtime.OutOfMemory"}


def too_large() -> Mapping[str, object]:
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}


def _content_length(header_lines: list[str]) -> int:
    for line in header_lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


def _how(status: int) -> str:
    """In the words of Go's os/exec, which Lambda uses; a negative status is the signal that ended the process."""
    if status > 0:
        return f"exit status {status}"
    return f"signal: {(signal.strsignal(-status) or str(-status)).lower()}"
