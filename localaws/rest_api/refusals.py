"""The answers a REST API gives itself: AWS's gateway responses, with what the API says about them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from localaws.exchange import Answer, message

STATIC = re.compile(r"^'(.*)'$")
VARIABLE = re.compile(r"\$context\.(\w+(?:\.\w+)*)")
HEADER = "gatewayresponse.header."


@dataclass(frozen=True)
class Refusal:
    """kind: the response type, for which an API may have a status, headers and a body of its own."""

    kind: str
    status: int
    text: str
    error: str

    def answer(self, customized: Mapping[str, Any], context: Mapping[str, str]) -> Answer:
        """customized: the API's own responses, by kind; context: of the request, for the variables in a body."""
        own = customized.get(self.kind) or customized.get(f"DEFAULT_{self.status // 100}XX") or {}
        answer = message(int(own.get("statusCode") or self.status), self.text, {"x-amzn-errortype": self.error})
        headers, templates = dict(answer.headers), own.get("responseTemplates") or {}
        for content_type, template in list(templates.items())[:1]:
            headers["content-type"] = content_type
            answer = replace(answer, body=self._filled(template, context).encode())
        return replace(answer, headers=tuple((headers | dict(_headers(own.get("responseParameters") or {}))).items()))

    def _filled(self, template: str, context: Mapping[str, str]) -> str:
        """Not Velocity: nothing but variables."""
        known = {
            **context,
            "error.message": self.text,
            "error.messageString": json.dumps(self.text),
            "error.responseType": self.kind,
        }
        return VARIABLE.sub(lambda found: known.get(found[1], "-"), template)


UNKNOWN = Refusal(
    "MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token", "MissingAuthenticationTokenException"
)
NO_STAGE = Refusal("ACCESS_DENIED", 403, "Forbidden", "ForbiddenException")
NO_KEY = Refusal("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException")
THROTTLED = Refusal("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException")
NO_QUOTA = Refusal("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException")
MALFORMED = Refusal("DEFAULT_5XX", 502, "Internal server error", "InternalServerErrorException")
FAILED = Refusal("API_CONFIGURATION_ERROR", 500, "Internal server error", "InternalServerErrorException")
TIMED_OUT = Refusal("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "InternalServerErrorException")
TOO_LARGE = Refusal("REQUEST_TOO_LARGE", 413, "Request Too Long", "RequestTooLargeException")
TOO_LONG = Refusal("DEFAULT_4XX", 431, "Request Header Fields Too Large", "BadRequestException")
TOO_SLOW = Refusal("DEFAULT_4XX", 408, "Request Timeout", "BadRequestException")


def _headers(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Only fixed values, which are quoted: the others would copy parts of the request."""
    for name, value in parameters.items():
        fixed = STATIC.match(value)
        if name.startswith(HEADER) and fixed:
            yield name.removeprefix(HEADER).lower(), fixed[1]
