"""What Lambda hands over, by its shape: an API Gateway event goes to the API, anything else is refused by name."""

import logging
from collections.abc import Mapping
from typing import Any

from mangum import Mangum
from starlette.types import ASGIApp

from functions.predict.problems import MEDIA_TYPE
from serinus.errors import SerinusError, shown

TEXT = ["text/", "application/json", "application/javascript", "application/xml", MEDIA_TYPE, "application/x-ndjson"]


class UnknownEvent(SerinusError):
    """An event of no shape this function takes."""


class Dispatcher:
    """A Lambda handler. Mangum would run the lifespan at every invocation, hence off."""

    def __init__(self, app: ASGIApp) -> None:
        logging.getLogger("mangum").setLevel(logging.WARNING)  # it would write a second line of every request
        self._http = Mangum(app, lifespan="off", text_mime_types=TEXT)  # type: ignore[arg-type]  # same protocol, other alias

    def __call__(self, event: object, context: Any) -> dict[str, Any]:
        if not isinstance(event, Mapping) or "requestContext" not in event:
            got = f"members {sorted(event)}" if isinstance(event, Mapping) else repr(shown(event))
            raise UnknownEvent(f"expected an API Gateway event (HTTP 2.0 or REST 1.0), got {got}")
        answer: dict[str, Any] = self._http(dict(event), context)
        return answer
