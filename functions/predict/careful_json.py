"""Raw JSON read by the letter: what is no JSON object is refused with the place where it stops being one."""

import json
from collections.abc import Mapping
from typing import Any

from functions.predict.options import Kind
from serinus.errors import InputError, Problem, short, shown
from serinus.rows import Doubled, once


def members(body: bytes, kind: Kind) -> dict[str, Any]:
    """The members of the object in `body`; InputError when it is no JSON object or has no `kind`."""
    members = any_members(body, f'a JSON object with "{kind}"')
    if kind not in members:
        raise InputError([Problem(kind, f"an object of {names(members)}", "a list under this name")])
    return members


def any_members(body: bytes, expected: str) -> dict[str, Any]:
    """The members of the object in `body`; InputError when it is no JSON object, as `expected`."""
    if not body:
        raise InputError([Problem("body", "", expected)])
    members = _parsed(body)
    if isinstance(members, Doubled):
        name, times = max(members.items(), key=lambda doubled: doubled[1])
        raise InputError([Problem(short(name), f"{times} times", "each name once")])
    if not isinstance(members, dict):
        raise InputError([Problem("body", shown(members), expected)])
    return members


def names(members: Mapping[str, object]) -> str:
    return short(", ".join(sorted(members))) or "nothing"


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=once)
    except RecursionError:
        raise InputError([Problem("body", "lists or objects nested too deeply", "a flat JSON object")]) from None
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 10) : error.pos + 10]
        where = f"line {error.lineno} column {error.colno}"
        raise InputError([Problem("body", near, f"JSON: {error.msg} at {where}")]) from None
    except UnicodeDecodeError as error:
        raise InputError([Problem("body", f"byte {body[error.start]:#x} at {error.start}", "UTF-8")]) from None
    except ValueError:
        raise InputError([Problem("body", "an integer of thousands of digits", "shorter numbers")]) from None
