"""Time series and numbers, combined moment by moment as CloudWatch's metric math does."""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

Series = Mapping[datetime, float]
Value = float | Series | list[Any] | str


class UnknownMath(ValueError):
    """CloudWatch may know it; localaws does not."""


OPERATORS: Mapping[type, Callable[[float, float], float]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: math.pow,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.And: lambda left, right: bool(left) and bool(right),
        ast.Or: lambda left, right: bool(left) or bool(right),
    }
)


def combined(sign: type, left: Value, right: Value) -> Value:
    if sign not in OPERATORS:
        raise UnknownMath(f"localaws knows no {sign.__name__} in metric math")
    if isinstance(left, list) or isinstance(right, list):
        parts = left if isinstance(left, list) else right
        assert isinstance(parts, list)
        return [combined(sign, *((part, right) if parts is left else (left, part))) for part in parts]
    moments = _moments(left, right)
    if moments is None:
        number = _result(sign, _number(left), _number(right))
        if number is None:
            raise UnknownMath(f"{left} and {right} have no {sign.__name__}")
        return number
    results = ((moment, _result(sign, at(left, moment), at(right, moment))) for moment in moments)
    return {moment: value for moment, value in results if value is not None}


def _result(sign: type, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        return float(OPERATORS[sign](left, right))
    except (ArithmeticError, ValueError):  # division by zero, the root of a negative number
        return None


def chosen(condition: Value, then: Value, otherwise: Value) -> Value:
    moments = _moments(condition)
    if moments is None:
        return then if _number(condition) else otherwise
    picked = ((moment, at(then if at(condition, moment) else otherwise, moment)) for moment in moments)
    return {moment: value for moment, value in picked if value is not None}


def each(function: Callable[[float], float], argument: Value) -> Value:
    if isinstance(argument, list):
        return [each(function, part) for part in argument]
    if isinstance(argument, Mapping):
        return {moment: float(function(value)) for moment, value in argument.items()}
    return float(function(_number(argument)))


def over(function: Callable[[Sequence[float]], float], argument: Value) -> Value:
    if isinstance(argument, Mapping):
        return float(function(list(argument.values()))) if argument else {}
    if not isinstance(argument, list):
        raise UnknownMath("SUM, AVG, MIN and MAX are of a series or of a list of series")
    moments = sorted({moment for series in argument for moment in series})
    present = {moment: [series[moment] for series in argument if moment in series] for moment in moments}
    return {moment: float(function(values)) for moment, values in present.items()}


def _moments(*values: Value) -> Sequence[datetime] | None:
    """All the moments that one of them has, in order; None where all are numbers."""
    series = [value for value in values if isinstance(value, Mapping)]
    return sorted({moment for each in series for moment in each}) if series else None


def at(value: Value, moment: datetime) -> float | None:
    return value.get(moment) if isinstance(value, Mapping) else _number(value)


def _number(value: Value) -> float:
    if not isinstance(value, int | float):
        raise UnknownMath(f"expected a number or a series in metric math, got {value!r}")
    return float(value)
