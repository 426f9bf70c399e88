"""How the modules that patch moto put theirs in its place, each once per process."""

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

OURS = "_localaws"


def replace(owner: Any, **methods: Function) -> None:
    """owner: a class or a module. Doing it twice does it once: what ours fall back on, they took when imported."""
    for name, method in methods.items():
        if not hasattr(owner, name):
            raise AttributeError(f"moto has no {owner.__name__}.{name}: it is not the version that localaws patches")
        setattr(owner, name, method)


def override(owner: Any, name: str, build: Callable[[Function], Function]) -> None:
    """Replace `owner.name` by what `build` makes of it; a second call finds it replaced and leaves it."""
    original = getattr(owner, name)
    if hasattr(original, OURS):
        return
    ours = build(original)
    setattr(ours, OURS, True)
    is_static = isinstance(vars(owner).get(name), staticmethod)
    setattr(owner, name, staticmethod(ours) if is_static else ours)
