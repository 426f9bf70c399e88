"""A service.toml for a table: a start, written for somebody to read, correct and keep."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from serinus.fields import AnyField, GivenField
from serinus.metadata import NAME
from serinus.service import Service
from serinus.tables.inference import Inferred
from serinus.tables.table import TableError

FILE = "service.toml"
HEAD = """\
# Made from a table. Correct it: ranges (minimum, maximum), units and descriptions; words; derived fields; what comes
# from a feature store. What is known only after the fact does not belong in.
"""
NO_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Draft:
    """about: the section [service] but for the name, which is that of the folder; models: their versions by name

    sections: the others, by name
    """

    about: Mapping[str, object]
    found: Inferred
    models: Mapping[str, str]
    sections: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """The service.toml of a service called as its `folder` is."""
        file = place(folder)
        self.service(folder.resolve().name)
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(self.text(folder.resolve().name))
        return file

    def service(self, name: str) -> Service:
        """What the file will say; TableError where that is no service."""
        try:
            return Service.model_validate(tomllib.loads(self.text(name)))
        except ValidationError as error:
            raise TableError(f"no service.toml can say that: {error.errors()[0]['msg']}") from error

    def text(self, name: str) -> str:
        left_out = "".join(f"# left out {json.dumps(column)}: {why}\n" for column, why in self.found.left_out.items())
        before = _sections({"service": {"name": name, **self.about}, "input": {"missing": sorted(self.found.missing)}})
        after = _sections({"models": self.models, **self.sections})
        return HEAD + left_out + before + "".join(_entry(field) for field in self.found.fields) + after


def place(folder: Path) -> Path:
    """Where the file goes; TableError where there is one already, or the folder's name is none for a service."""
    name, file = folder.resolve().name, folder / FILE
    if not re.fullmatch(NAME, name):
        raise TableError(f"the folder names the service, and {name!r} must be lowercase letters, digits, _ and -")
    if file.exists():
        raise TableError(f"{file} exists: read and correct that, or remove it to have the fields inferred again")
    return file


def slug(text: str, otherwise: str) -> str:
    """`text` as names of targets are spelt."""
    return NO_NAME.sub("_", text.lower()).strip("_").lstrip("0123456789_") or otherwise


def _sections(sections: Mapping[str, Mapping[str, object]]) -> str:
    return "".join(f"\n[{name}]\n{_lines(said)}" for name, said in sections.items())


def _entry(field: AnyField) -> str:
    said = field.model_dump(exclude_defaults=True)
    if isinstance(field, GivenField):
        said["type"] = field.type
    ordered = {name: said[name] for name in type(field).model_fields if name in said}
    first = {name: ordered.pop(name) for name in ("name", "type", "derive", "of") if name in ordered}
    return f"\n[[input.fields]]\n{_lines(first | ordered)}"


def _lines(said: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in said.items() if value is not None)


def _toml(value: object) -> str:
    """Texts, numbers and lists are written alike in TOML and JSON."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_toml(one)}' for key, one in value.items())} }}"
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one character where they differ
