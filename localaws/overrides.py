"""Put a function of ours in the place of one of moto's, once per process."""

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

OURS = "_localaws"


def override(owner: Any, name: str, build: Callable[[Function], Function]) -> None:
    """Replace `owner.name` by what `build` makes of it; a second call finds it replaced and leaves it."""
    original = getattr(owner, name)
    if hasattr(original, OURS):
        return
    ours = build(original)
    setattr(ours, OURS, True)
    is_static = isinstance(vars(owner).get(name), staticmethod)
    setattr(owner, name, staticmethod(ours) if is_static else ours)
