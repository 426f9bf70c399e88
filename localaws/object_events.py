"""Tell of objects that S3 creates and deletes.

AWS ("EventBridge event message structure" and "Event notification types and destinations", S3 User Guide): one event
for each object; its reason names the API (PutObject, CompleteMultipartUpload, DeleteObject); the key of an EventBridge
event is not URL-encoded and its tag is called `etag`.
moto: a multipart upload is also a Put, and every Put also tags the object; its reason is "ObjectCreated", its field
`eTag`, its id and sequencer the same in every event. (How functions are told: `deliveries`.)
"""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from moto.s3 import notifications
from moto.s3.models import S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from localaws.event_targets import publish
from localaws.patching import Function, override

CREATED, DELETED = "Object Created", "Object Deleted"
KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "s3:ObjectCreated:Put": (CREATED, "PutObject"),
        "s3:ObjectCreated:Post": (CREATED, "POST Object"),
        "s3:ObjectCreated:Copy": (CREATED, "CopyObject"),
        "s3:ObjectCreated:CompleteMultipartUpload": (CREATED, "CompleteMultipartUpload"),
        "s3:ObjectRemoved:Delete": (DELETED, "DeleteObject"),
    }
)
COMPLETED = S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT
TAGGED = S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT
_within = threading.local()


def apply() -> None:
    override(S3Backend, "complete_multipart_upload", _marked("completing"))
    override(S3Response, "put_object", _marked("putting"))
    override(notifications, "send_event", _once)
    override(notifications, "_send_event_bridge_message", _to_event_bridge)


def _marked(what: str) -> Callable[[Function], Function]:
    def build(original: Function) -> Function:
        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            setattr(_within, what, True)
            try:
                return original(self, *arguments, **named)
            finally:
                setattr(_within, what, False)

        return call

    return build


def _once(original: Function) -> Function:
    """moto makes an object in steps that have events of their own."""

    def send_event(account_id: str, event_name: S3NotificationEvent, bucket: Any, key: Any) -> None:
        if getattr(_within, "completing", False) and event_name != COMPLETED:
            return
        if getattr(_within, "putting", False) and event_name == TAGGED:
            return
        original(account_id, event_name, bucket, key)

    return send_event


def _to_event_bridge(original: Function) -> Function:
    def send_event_bridge_message(account_id: str, bucket: Any, event_name: S3NotificationEvent, key: Any) -> None:
        if event_name.value not in KINDS:
            original(account_id, bucket, event_name, key)
            return
        kind, reason = KINDS[event_name.value]
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": "aws.s3",
            "account": account_id,
            "time": time.time(),
            "region": bucket.region_name,
            "resources": [bucket.arn],
            "detail": _detail(account_id, bucket, key, reason),
        }
        publish(event, account=account_id, region=bucket.region_name)

    return send_event_bridge_message


def _detail(account_id: str, bucket: Any, key: Any, reason: str) -> dict[str, Any]:
    tagged = {"key": key.name, "size": key.size, "etag": key.etag.strip('"'), "sequencer": f"{time.time_ns():016X}"}
    if bucket.is_versioned:
        tagged["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": tagged,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    }
    return {**detail, "deletion-type": "Permanently Deleted"} if reason == "DeleteObject" else detail
