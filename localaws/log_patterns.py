"""Filter patterns of CloudWatch Logs.

AWS ("Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail", User Guide):
terms that must all be there, in any order; "a phrase"; -excluded; ?any ?of ?these; and for JSON events `{ ... }` with
selectors ($.a.b, $.a[0]), = != > >= < <=, * in a text, IS NULL, IS TRUE, IS FALSE, EXISTS, NOT EXISTS, && and ||.
Case counts. A pattern for columns ([a, b]) or with a %regular expression% is refused here.
"""

import fnmatch
import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from localaws.event_inputs import found

Matcher = Callable[[str], bool]
Condition = Callable[[Any], bool]

TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')
TOKEN = re.compile(r'\s*(&&|\|\||[()]|!=|>=|<=|[=<>]|"(?:[^"\\]|\\.)*"|[^\s()=!<>&|"]+)')
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
)
NOTHING = object()


class BadPattern(ValueError):
    """No pattern that CloudWatch Logs takes, or one that localaws does not match."""


def matcher(pattern: str) -> Matcher:
    stripped = pattern.strip()
    if stripped.startswith("{"):
        return _json_matcher(stripped)
    if stripped.startswith(("[", "%")):
        raise BadPattern(f"localaws matches no columns and no regular expressions: {pattern!r}")
    return _term_matcher(stripped)


def _term_matcher(pattern: str) -> Matcher:
    terms = [(sign, quoted or plain) for sign, quoted, plain in TERM.findall(pattern)]
    wanted = [term for sign, term in terms if not sign]
    unwanted = [term for sign, term in terms if sign == "-"]
    either = [term for sign, term in terms if sign == "?"]

    def matches(message: str) -> bool:
        if either and not wanted and not unwanted:
            return any(term in message for term in either)
        return all(term in message for term in wanted) and not any(term in message for term in unwanted)

    return matches


def _json_matcher(pattern: str) -> Matcher:
    if not pattern.endswith("}"):
        raise BadPattern(f"the pattern lacks its closing brace: {pattern!r}")
    condition = _Reader(_tokens(pattern[1:-1]), pattern).read()

    def matches(message: str) -> bool:
        try:
            return condition(json.loads(message))
        except ValueError:
            return False

    return matches


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise BadPattern(f"cannot read the pattern at {text[place:].strip()!r}")
        tokens.append(match[1])
        place = match.end()
    return tokens


@dataclass(frozen=True)
class _Reader:
    """Takes what it has read from `tokens`."""

    tokens: list[str]
    pattern: str

    def read(self) -> Condition:
        condition = self._either()
        if self.tokens:
            raise BadPattern(f"did not expect {self.tokens[0]!r} in {self.pattern!r}")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take_if("||"):
            parts.append(self._both())
        return lambda event: any(part(event) for part in parts)

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._take_if("&&"):
            parts.append(self._single())
        return lambda event: all(part(event) for part in parts)

    def _single(self) -> Condition:
        if self._take_if("("):
            condition = self._either()
            if not self._take_if(")"):
                raise BadPattern(f"a parenthesis is not closed in {self.pattern!r}")
            return condition
        return self._compared(self._take())

    def _compared(self, selector: str) -> Condition:
        if not selector.startswith("$"):
            raise BadPattern(f"expected a selector such as $.level, got {selector!r} in {self.pattern!r}")
        sign = self._take()
        if sign == "NOT" and self._take_if("EXISTS"):
            return lambda event: _selected(selector, event) is NOTHING
        if sign == "EXISTS":
            return lambda event: _selected(selector, event) is not NOTHING
        if sign == "IS":
            return _is(selector, self._take())
        if sign not in COMPARISONS:
            raise BadPattern(f"expected a comparison after {selector}, got {sign!r} in {self.pattern!r}")
        return _comparison(selector, sign, self._take())

    def _take(self) -> str:
        if not self.tokens:
            raise BadPattern(f"the pattern ends too early: {self.pattern!r}")
        return self.tokens.pop(0)

    def _take_if(self, token: str) -> bool:
        if self.tokens[:1] != [token]:
            return False
        self.tokens.pop(0)
        return True


def _is(selector: str, word: str) -> Condition:
    wanted = {"NULL": None, "TRUE": True, "FALSE": False}
    if word.upper() not in wanted:
        raise BadPattern(f"expected IS NULL, IS TRUE or IS FALSE, got {word!r}")
    return lambda event: _selected(selector, event) is wanted[word.upper()]


def _comparison(selector: str, sign: str, wanted: str) -> Condition:
    number = _number(wanted)
    if number is not None:
        return lambda event: _is_so(_selected(selector, event), sign, number)
    if sign not in ("=", "!="):
        raise BadPattern(f"{sign} compares numbers, got {wanted!r}")
    text = json.loads(wanted) if wanted.startswith('"') else wanted
    pattern = re.sub(r"[\[?]", lambda special: f"[{special[0]}]", text)

    def is_alike(event: Any) -> bool:
        value = _selected(selector, event)
        return isinstance(value, str) and fnmatch.fnmatchcase(value, pattern) == (sign == "=")

    return is_alike


def _is_so(value: object, sign: str, number: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and COMPARISONS[sign](value, number)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _selected(selector: str, event: Any) -> Any:
    """NOTHING where the event has no such member, which is not the same as null."""
    head, dot, last = selector.rpartition(".")
    if not dot or "[" in last:
        value = found(selector, event)
        return NOTHING if value is None else value
    parent = found(head, event)
    return parent.get(last, NOTHING) if isinstance(parent, dict) else NOTHING
