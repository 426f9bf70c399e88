"""The rule of a composite alarm.

AWS (PutCompositeAlarm, API Reference): ALARM(name), OK(name) and INSUFFICIENT_DATA(name), where a name is a name or an
ARN, quoted or not, with TRUE, FALSE, AND, OR, NOT and parentheses; every alarm that is named must exist.
"""

import re
from collections.abc import Iterator, Mapping

TOKEN = re.compile(
    r"""\s*(?:(AND|OR|NOT|TRUE|FALSE)\b|([()])|(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*("[^"]*"|[^")]+?)\s*\))"""
)
Token = tuple[str, str, str, str]


class BadRule(ValueError):
    """No rule that CloudWatch takes, or one that localaws does not evaluate."""


def names_in(rule: str) -> Iterator[str]:
    for _, _, _, name in _tokens(rule):
        if name:
            yield _plain(name)


def is_met(rule: str, states: Mapping[str, str]) -> bool:
    """states: by the name of the alarm."""
    tokens = _tokens(rule)
    met = _either(tokens, states)
    if tokens:
        raise BadRule(f"expected the end of the rule, got {' '.join(filter(None, tokens[0]))!r}: {rule!r}")
    return met


def _tokens(rule: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while rule[place:].strip():
        found = TOKEN.match(rule, place)
        if found is None:
            raise BadRule(f"cannot read the alarm rule at {rule[place:].strip()!r}")
        word, bracket, state, name = (part or "" for part in found.groups())
        tokens.append((word, bracket, state, name))
        place = found.end()
    return tokens


def _either(tokens: list[Token], states: Mapping[str, str]) -> bool:
    met = _both(tokens, states)
    while tokens and tokens[0][0] == "OR":
        tokens.pop(0)
        met = _both(tokens, states) or met
    return met


def _both(tokens: list[Token], states: Mapping[str, str]) -> bool:
    met = _single(tokens, states)
    while tokens and tokens[0][0] == "AND":
        tokens.pop(0)
        met = _single(tokens, states) and met
    return met


def _single(tokens: list[Token], states: Mapping[str, str]) -> bool:
    if not tokens:
        raise BadRule("the alarm rule ends where a condition is expected")
    word, bracket, state, name = tokens.pop(0)
    if state:
        return states.get(_plain(name)) == state
    if word == "NOT":
        return not _single(tokens, states)
    if word in ("TRUE", "FALSE"):
        return word == "TRUE"
    return _bracketed(bracket, tokens, states)


def _bracketed(bracket: str, tokens: list[Token], states: Mapping[str, str]) -> bool:
    if bracket != "(":
        raise BadRule("the alarm rule has an operator where a condition is expected")
    met = _either(tokens, states)
    if not tokens or tokens.pop(0)[1] != ")":
        raise BadRule("the alarm rule lacks a closing parenthesis")
    return met


def _plain(name: str) -> str:
    """An ARN ends in `:alarm:` and the name."""
    return name.strip('"').rpartition(":alarm:")[2]
