"""What libraries log, and errors nobody caught, of a service about people."""

import io
import logging
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from functions.predict.discretion import Withheld, discreet, hush_libraries
from serinus.service import Service
from tests.handlers.test_redaction import service

PERSONAL, PLAIN = service(personal=True), service(personal=False)


def logged(name: str, *words: Any, error: Exception | None = None, by: Service = PERSONAL) -> str:
    hush_libraries(by)
    stream, logger = io.StringIO(), logging.getLogger(name)
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.error(*words, exc_info=error)
    logger.removeHandler(handler)
    return stream.getvalue()


@pytest.mark.usefixtures("process")
def test_of_a_library_is_told_that_it_logged_and_where():
    told = logged("redis.pool", "no answer for %s", "Amina Bello", error=KeyError("48213"))
    assert told.startswith("redis.pool logged this at test_discretion.py:")
    assert told.endswith("\nbuiltins.KeyError\n")
    assert "Amina" not in told
    assert "48213" not in told


@pytest.mark.usefixtures("process")
def test_the_server_keeps_its_words_and_loses_those_of_errors():
    told = logged("uvicorn.error", "Exception in ASGI application\n", error=KeyError("48213"))
    assert told == "Exception in ASGI application\nbuiltins.KeyError\n"


@pytest.mark.usefixtures("process")
def test_our_own_lines_keep_their_words():
    assert logged("clinic", "request") == "request\n"


@pytest.mark.usefixtures("process")
def test_libraries_may_speak_where_nobody_is_hurt():
    assert logged("redis.pool", "no answer for %s", "plot 7", by=PLAIN) == "no answer for plot 7\n"


@pytest.mark.usefixtures("process")
def test_a_thread_that_fails_is_told_without_its_message(capsys):
    def fail() -> None:
        raise KeyError("48213")

    hush_libraries(PERSONAL)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    told = capsys.readouterr().err
    assert told.startswith("a thread failed: builtins.KeyError\n")
    assert "48213" not in told


@pytest.mark.usefixtures("process")
def test_a_finalizer_that_fails_is_told_without_its_message(capsys):
    hush_libraries(PERSONAL)
    sys.unraisablehook(SimpleNamespace(exc_value=KeyError("48213")))
    sys.unraisablehook(SimpleNamespace(exc_value=None))
    assert capsys.readouterr().err == "a finalizer failed: builtins.KeyError\n"


def broken(event: object, context: Any) -> dict[str, Any]:
    raise KeyError("48213")


def test_an_error_of_the_handler_is_told_without_its_message():
    with pytest.raises(Withheld, match=r"(?s)builtins\.KeyError.*test_discretion\.py") as told:
        discreet(broken, PERSONAL)({}, None)
    assert "48213" not in str(told.value)
    assert told.value.__suppress_context__
    assert discreet(lambda event, context: {"statusCode": 200}, PERSONAL)({}, None) == {"statusCode": 200}


def test_handlers_of_other_services_stay_as_they_are():
    assert discreet(broken, PLAIN) is broken
