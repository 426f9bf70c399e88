"""The path of a request as an HTTP API hands it on: not raw at all."""

import re
from urllib.parse import unquote

STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def raw_path(sent: str) -> str | None:
    """Decoded twice, and cut at a `?` that the first time brings to light; None where the second time is impossible.

    Not documented; so it was seen on AWS by others. A REST API leaves the path as it was sent.
    """
    once = unquote(sent).partition("?")[0]
    return None if STRAY.search(once) else unquote(once)
