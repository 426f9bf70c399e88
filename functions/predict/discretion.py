"""What leaves a service about people past its answers and log lines: what libraries log, and errors nobody caught.

They were written by others, who may quote anything: of theirs is told who logged where, and which error it was.
"""

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from functions.predict.outline import outline
from serinus.errors import SerinusError
from serinus.service import Service

SERVER = "uvicorn"  # its lines are fixed texts, and what it says of an address that is taken is worth reading

Handler = Callable[[object, Any], dict[str, Any]]


class Withheld(SerinusError):
    """Stands for an error whose message may quote a caller."""


def hush_libraries(service: Service) -> None:
    """From now on no library's words are logged in this process, where `service` is about people."""
    if not service.privacy.personal:
        return
    logging.setLogRecordFactory(_Hushed(logging.getLogRecordFactory(), ours=service.name))
    logging.captureWarnings(True)
    threading.excepthook = lambda one: _tell("a thread", one.exc_value)
    sys.unraisablehook = lambda one: _tell("a finalizer", one.exc_value)


def discreet(handler: Handler, service: Service) -> Handler:
    """`handler`, whose errors Lambda logs and answers; without their messages where `service` is about people."""
    if not service.privacy.personal:
        return handler

    def handle(event: object, context: Any) -> dict[str, Any]:
        try:
            return handler(event, context)
        except Exception as error:  # noqa: BLE001  # raised again, without what it says
            raise Withheld(outline(error)) from None

    return handle


class _Hushed:
    """Makes log records of what `make` makes; those of the logger `ours`, and of the server, keep their words."""

    def __init__(self, make: Callable[..., logging.LogRecord], ours: str) -> None:
        self._make = make
        self._ours = ours

    def __call__(self, *args: Any, **named: Any) -> logging.LogRecord:
        record = self._make(*args, **named)
        error = record.exc_info[1] if record.exc_info else None
        if record.name != self._ours and record.name.partition(".")[0] != SERVER:
            record.msg, record.args = f"{record.name} logged this at {record.filename}:{record.lineno}", ()
        if error is not None:
            record.msg, record.args = f"{record.getMessage().rstrip()}\n{outline(error)}", ()
        record.exc_info = record.exc_text = record.stack_info = None
        return record


def _tell(where: str, error: BaseException | None) -> None:
    if error is not None:
        sys.stderr.write(f"{where} failed: {outline(error)}\n")
