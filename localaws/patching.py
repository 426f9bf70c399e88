"""How the modules that patch moto put theirs in its place."""

from collections.abc import Callable
from typing import Any


def replace(owner: Any, **methods: Callable[..., Any]) -> None:
    """owner: a class or a module. Doing it twice does it once: what ours fall back on, they took when imported."""
    for name, method in methods.items():
        if not hasattr(owner, name):
            raise AttributeError(f"moto has no {owner.__name__}.{name}: it is not the version that localaws patches")
        setattr(owner, name, method)
