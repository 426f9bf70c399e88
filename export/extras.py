"""Import training libraries when an export needs them, and say what to install when they are not there."""

import importlib
from importlib.metadata import version
from typing import Any

from export.errors import MissingExtra

TREES = "export"
KERAS = "export-keras"


def need(module: str, *, extra: str = TREES) -> Any:
    """The imported `module`; MissingExtra names the extra of this package that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(str(error.name), extra) from error


def versions(*distributions: str) -> dict[str, str]:
    return {name: version(name) for name in distributions}
