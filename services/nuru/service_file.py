"""Write a service.toml for fields that were inferred: a start, to be read, corrected and kept."""

import json
import re
from pathlib import Path

from serinus.fields import AnyField, GivenField
from services.nuru.inference import Inferred
from services.nuru.regressors import ENSEMBLE, MEMBERS

NOT_NAME = re.compile(r"[^a-z0-9]+")
TOLD = ("type", "derive", "of", "values", "others", "optional", "feature")


def slug(text: str, otherwise: str) -> str:
    """`text` as names of services and targets are spelt."""
    return NOT_NAME.sub("_", text.lower()).strip("_").lstrip("0123456789_") or otherwise


def write(folder: Path, found: Inferred, *, target: str, unit: str | None, version: str) -> Path:
    """The service.toml of a service called as its `folder` is."""
    lines = [
        f"# Inferred from a table: check types, add ranges, units and descriptions.\n{_left_out(found)}[service]",
        f"name = {_text(slug(folder.resolve().name, 'table'))}",
        'task = "regression"',
        f"target = {_text(slug(target, 'value'))}",
        *([f"unit = {_text(unit)}"] if unit else []),
        f"\n[input]\nmissing = {_value(sorted(found.missing))}",
        *map(_entry, found.fields),
        "\n[models]",
        *(f"{name} = {_text(version)}" for name in (ENSEMBLE, *MEMBERS)),
        '\n[auto]\nby = "r2"\n',
    ]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "service.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _left_out(found: Inferred) -> str:
    return "".join(f"# {json.dumps(name)} is left out: {why}\n" for name, why in found.left_out.items())


def _entry(field: AnyField) -> str:
    kept = field.model_dump(include={"name", *TOLD}, exclude_defaults=True)
    if isinstance(field, GivenField):
        kept["type"] = field.type
    told = [f"{name} = {_value(kept[name])}" for name in ("name", *TOLD) if name in kept]
    return "\n".join(["\n[[input.fields]]", *told])


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else _text(str(value))


def _text(text: str) -> str:
    """JSON's strings are TOML's, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
