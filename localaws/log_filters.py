"""Filter log events by pattern.

AWS: see `log_patterns`; a pattern that is not one is InvalidParameterException (FilterLogEvents, API Reference).
moto: for a JSON pattern every event matches; so does every event for a pattern that begins with a digit or a sign.
"""

import functools
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs import models

from localaws.log_patterns import BadPattern, Matcher, matcher


def apply() -> None:
    vars(models)["EventMessageFilter"] = MessageFilter


class MessageFilter:
    """Made by moto for each event; the pattern is read once."""

    def __init__(self, pattern: str | None) -> None:
        self.matches: Any = _read(pattern or "")


@functools.lru_cache(maxsize=64)
def _read(pattern: str) -> Matcher:
    try:
        return matcher(pattern)
    except BadPattern as error:
        raise JsonRESTError("InvalidParameterException", str(error)) from error
