"""S3 and SNS hand their events over and do not wait.

AWS (Lambda developer guide, "Invoking a function asynchronously"): S3 and SNS invoke asynchronously: the event is
queued, an error of the function is retried twice, and whoever caused the event never sees it. An event for an alias is
routed by its weights.

moto 5.2.5 runs the function while the caller of PutObject or Publish waits, once, and always the primary version.
"""

import json
from contextlib import suppress
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.s3 import notifications

from localaws.dispatch import current
from localaws.patching import replace
from localaws.refusals import UnknownFunction

_send_sns_message = LambdaBackend.send_sns_message


def apply() -> None:
    replace(notifications, _invoke_awslambda=_from_s3)
    replace(LambdaBackend, send_sns_message=_from_sns)


def _from_s3(account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
    with suppress(UnknownFunction):  # nobody is there to be told
        current().submit(fn_arn, None, json.dumps(event_body).encode(), region=region_name)


def _from_sns(
    self: LambdaBackend, function_name: str, message: str, subject: str | None = None, qualifier: str | None = None
) -> None:
    box: Any = Letterbox(function_name, qualifier, self.region_name)
    with suppress(UnknownFunction):
        _send_sns_message(box, function_name, message, subject, qualifier)


class Letterbox:
    """Stands where moto writes SNS's event for a function, and looks the function up."""

    def __init__(self, function: str, qualifier: str | None, region: str) -> None:
        self._function, self._qualifier, self._region = function, qualifier, region
        self._lambdas = self

    def get_function_by_name_or_arn_with_qualifier(self, *_: object) -> "Letterbox":
        return self

    def invoke(self, body: str, *_: object) -> None:
        current().submit(self._function, self._qualifier, body.encode(), region=self._region)
