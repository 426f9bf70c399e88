"""An error without what it says: which one, and where."""

import traceback
from collections.abc import Iterator


def outline(error: BaseException) -> str:
    """Which errors, and where: their messages may hold values."""
    return "\n".join(_outlines(error))


def _outlines(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = [
            f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        yield "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *frames])
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
