"""Write a transaction once.

AWS (TransactWriteItems, API Reference): for ten minutes, the same ClientRequestToken with the same items succeeds and
changes nothing; with other items it is IdempotentParameterMismatchException.
moto: ignores the token and writes again.
"""

import hashlib
import json
import threading
import time
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler

from localaws.patching import Function, override

REMEMBERED_S = 600.0
ONE_AT_A_TIME = threading.Lock()


def apply() -> None:
    override(DynamoHandler, "transact_write_items", _write_once)


def _write_once(original: Function) -> Function:
    def transact_write_items(self: Any) -> Any:
        token = self.body.get("ClientRequestToken")
        if token is None:
            return original(self)
        backend, digest = self.dynamodb_backend, _digest(self.body)
        with ONE_AT_A_TIME:
            written = backend.__dict__.setdefault("written_tokens", {})
            before, when_s = written.get(token, (None, 0.0))
            if before is None or time.monotonic() - when_s > REMEMBERED_S:
                answer = original(self)
                written[token] = (digest, time.monotonic())
                return answer
        if before != digest:
            raise JsonRESTError("IdempotentParameterMismatchException", f"The token {token} was used for other items")
        return ActionResult({})

    return transact_write_items


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body["TransactItems"], sort_keys=True).encode()).hexdigest()
