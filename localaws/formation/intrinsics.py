"""What Ref, Fn::GetAtt and CloudFormation's other functions stand for, and what a value refers to."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
LITERAL = re.compile(r"\$\{!([^}]*)\}")
DYNAMIC = re.compile(r"\{\{resolve:([^}]+)\}\}")
NO_VALUE = object()


class TemplateError(ValueError):
    """CloudFormation refuses such a template with a ValidationError before it makes anything."""


class Scope(Protocol):
    """What names in a template mean while it is deployed."""

    def ref(self, name: str) -> object: ...
    def attribute(self, name: str, attribute: str) -> object: ...
    def condition(self, name: str) -> bool: ...
    def mapping(self, name: str) -> Mapping[str, Any]: ...
    def dynamic(self, reference: str) -> str: ...


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every function in it replaced by what it stands for."""
    if isinstance(value, str):
        return _looked_up(value, scope)
    if isinstance(value, list):
        return [one for part in value if (one := resolve(part, scope)) is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    function = _function(value)
    if function is None:
        resolved = {key: resolve(part, scope) for key, part in value.items()}
        return {key: part for key, part in resolved.items() if part is not NO_VALUE}
    if function not in FUNCTIONS:
        raise TemplateError(f"Template error: the function {function} is not supported here")
    meaning = FUNCTIONS[function](value[function], scope)
    return _looked_up(meaning, scope) if isinstance(meaning, str) else meaning


def holds(condition: Any, scope: Scope) -> bool:
    """Whether a condition, or the assertion of a rule, is true."""
    if isinstance(condition, bool):
        return condition
    [(operator, of)] = condition.items()
    if operator == "Condition":
        return scope.condition(of)
    if operator in ("Fn::And", "Fn::Or"):
        return (all if operator == "Fn::And" else any)(holds(one, scope) for one in of)
    if operator == "Fn::Not":
        return not holds(of[0], scope)
    if operator not in ("Fn::Equals", "Fn::Contains"):
        raise TemplateError(f"Template error: the condition {operator} is not supported here")
    first, second = (resolve(part, scope) for part in of)
    return str(first) == str(second) if operator == "Fn::Equals" else second in first


def references(value: Any) -> Iterator[str]:
    """The names that `value` speaks of: parameters, pseudo parameters and resources."""
    if isinstance(value, list):
        for part in value:
            yield from references(part)
    elif isinstance(value, dict):
        function = _function(value)
        if function == "Ref":
            yield value["Ref"]
        elif function == "Fn::GetAtt":
            yield _attribute(value[function])[0]
        else:
            if function == "Fn::Sub":
                text, given = _substitution(value[function])
                yield from (name.partition(".")[0] for name in VARIABLE.findall(text) if name not in given)
            yield from references(list(value.values()))


def _looked_up(text: str, scope: Scope) -> str:
    """A dynamic reference may be put together by other functions."""
    return DYNAMIC.sub(lambda found: scope.dynamic(found[1]), text) if "{{resolve:" in text else text


def _function(value: Mapping[str, Any]) -> str | None:
    [first, *more] = value or [""]
    return first if not more and (first in ("Ref", "Condition") or first.startswith("Fn::")) else None


def _attribute(of: Any) -> tuple[str, str]:
    name, _, attribute = of.partition(".") if isinstance(of, str) else (of[0], "", of[1])
    return name, attribute


def _substitution(of: Any) -> tuple[str, Mapping[str, Any]]:
    return (of, {}) if isinstance(of, str) else (of[0], of[1])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _get_attribute(of: Any, scope: Scope) -> object:
    name, attribute = _attribute(of)
    return scope.attribute(name, resolve(attribute, scope))


def _substitute(of: Any, scope: Scope) -> str:
    text, given = _substitution(of)

    def meaning(found: re.Match[str]) -> str:
        name, _, attribute = found[1].partition(".")
        if found[1] in given:
            return _text(resolve(given[found[1]], scope))
        return _text(scope.attribute(name, attribute) if attribute else scope.ref(name))

    return LITERAL.sub(r"${\1}", VARIABLE.sub(meaning, text))


def _find_in_map(of: Any, scope: Scope) -> Any:
    name, first, second = (resolve(part, scope) for part in of[:3])
    return scope.mapping(name)[first][second]


def _either(of: Any, scope: Scope) -> Any:
    return resolve(of[1] if scope.condition(of[0]) else of[2], scope)


def _join(of: Any, scope: Scope) -> str:
    return str(of[0]).join(_text(part) for part in resolve(of[1], scope))


def _select(of: Any, scope: Scope) -> Any:
    return resolve(of[1], scope)[int(resolve(of[0], scope))]


FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": lambda of, scope: NO_VALUE if of == "AWS::NoValue" else scope.ref(of),
    "Fn::GetAtt": _get_attribute,
    "Fn::Sub": _substitute,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": lambda of, scope: str(resolve(of[1], scope)).split(of[0]),
    "Fn::If": _either,
    "Fn::FindInMap": _find_in_map,
    "Fn::Base64": lambda of, scope: base64.b64encode(str(resolve(of, scope)).encode()).decode(),
    "Fn::ToJsonString": lambda of, scope: json.dumps(resolve(of, scope)),
    "Fn::GetAZs": lambda of, scope: [f"{resolve(of, scope) or scope.ref('AWS::Region')}{zone}" for zone in "abc"],
}
