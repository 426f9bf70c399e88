"""What Lambda itself writes to the log around what the function wrote: START, END and REPORT."""

from collections.abc import Iterator
from math import ceil

from localaws.function import FunctionConfig
from localaws.runtime import Invocation

TIMED_OUT = "Sandbox.Timedout"
PLATFORM_ERRORS = ("Runtime.", "Sandbox.", "Function.ResponseSizeTooLarge")


def log_of(invocation: Invocation, function: FunctionConfig) -> str:
    request = f"RequestId: {invocation.request_id}"
    written = invocation.logs if invocation.logs.endswith("\n") or not invocation.logs else invocation.logs + "\n"
    start = f"START {request} Version: {invocation.version}\n"
    end = f"END {request}\nREPORT {request}\t" + "\t".join(_figures(invocation, function)) + "\t\n"
    return start + written + end


def _figures(invocation: Invocation, function: FunctionConfig) -> Iterator[str]:
    """An image's init is billed, as every init is since August 2025; a restored one has no init but a restore."""
    init_ms = 0.0 if invocation.restore_ms is not None else invocation.init_ms or 0.0
    yield f"Duration: {invocation.duration_ms:.2f} ms"
    yield f"Billed Duration: {ceil(invocation.duration_ms + init_ms)} ms"
    yield f"Memory Size: {function.memory_mb} MB"
    yield f"Max Memory Used: {ceil(min(invocation.peak_mb, function.memory_mb))} MB"
    if init_ms:
        yield f"Init Duration: {init_ms:.2f} ms"
    if invocation.restore_ms is not None:
        yield f"Restore Duration: {invocation.restore_ms:.2f} ms"
        yield f"Billed Restore Duration: {ceil(invocation.restore_ms)} ms"
    yield from _status(invocation)


def _status(invocation: Invocation) -> Iterator[str]:
    if invocation.function_error is None:
        return
    error_type = str(invocation.payload.get("errorType"))
    if error_type == TIMED_OUT:
        yield "Status: timeout"
    elif error_type.startswith(PLATFORM_ERRORS):
        yield "Status: error"
        yield f"Error Type: {error_type}"
