"""Names and times that API Gateway gives to a request."""

import base64
import secrets
import time


def short_id() -> str:
    """As in apigw-requestid, x-amz-apigw-id and the context of an event."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def trace_id(time_s: float) -> str:
    return f"Root=1-{int(time_s):08x}-{secrets.token_hex(12)}"


def clock_time(time_s: float) -> str:
    """Common log format, in UTC."""
    now = time.gmtime(time_s)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{now.tm_mday:02}/{months[now.tm_mon - 1]}/{time.strftime('%Y:%H:%M:%S', now)} +0000"
