"""The errors of the Lambda API, as boto3 tells them from each other: a code, an HTTP status, and AWS's words."""

import json
from http import HTTPStatus

from moto.awslambda.exceptions import UnknownFunctionException
from moto.core.exceptions import JsonRESTError


class Refused(JsonRESTError):
    """A request that Lambda turns down before any code of a function runs."""

    def __init__(self, status: HTTPStatus, error: str, message: str, **more: str) -> None:
        JsonRESTError.__init__(self, error, message)
        self.code = status.value
        self.description = json.dumps({"Type": "User", "message": message, "Message": message, **more})

    def __str__(self) -> str:
        return f"{self.error_type}: {self.message}"


class UnknownFunction(Refused, UnknownFunctionException):
    """Of moto's own kind too: it looks for that before it creates a function."""

    def __init__(self, arn: str) -> None:
        Refused.__init__(self, HTTPStatus.NOT_FOUND, "ResourceNotFoundException", f"Function not found: {arn}")


def invalid(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "InvalidParameterValueException", message)


def malformed(value: object, member: str, constraint: str) -> Refused:
    """What the model of the API rules out, before the service looks at it."""
    said = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return Refused(HTTPStatus.BAD_REQUEST, "ValidationException", said)


def unparsable(message: str) -> Refused:
    said = f"Could not parse request body into json: {message}"
    return Refused(HTTPStatus.BAD_REQUEST, "InvalidRequestContentException", said)


def not_found(message: str, error: str = "ResourceNotFoundException") -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, error, message)


def conflict(message: str) -> Refused:
    return Refused(HTTPStatus.CONFLICT, "ResourceConflictException", message)


def stale() -> Refused:
    message = (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    return Refused(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailedException", message)


def too_large(message: str) -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestTooLargeException", message)


def throttled(reason: str) -> Refused:
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.", Reason=reason)


def not_restored(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "SnapStartException", message)
