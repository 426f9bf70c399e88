"""CloudWatch's metric math, as far as our templates use it; what it does not know it refuses by name.

AWS ("Using math expressions with CloudWatch metrics", User Guide): numbers, ids of other queries, + - * / ^,
comparisons (1 or 0), && and ||, lists and METRICS(); IF(condition, then, else) value by value; FILL(metric, value or
REPEAT); SUM, AVG, MIN and MAX of a list for each moment, of one series a number; ABS, CEIL, FLOOR. A moment that one of
two series lacks has no result, nor has a division by zero.
"""

import ast
import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from localaws.series import Series, UnknownMath, Value, at, chosen, combined, each, over

SPELLINGS = (
    (re.compile(r"&&|\bAND\b"), " and "),
    (re.compile(r"\|\||\bOR\b"), " or "),
    (re.compile(r"\^"), "**"),
)


EACH: Mapping[str, Callable[[float], float]] = MappingProxyType({"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor})
ALL: Mapping[str, Callable[[Sequence[float]], float]] = MappingProxyType(
    {"SUM": math.fsum, "MIN": min, "MAX": max, "AVG": lambda values: math.fsum(values) / len(values)}
)


@dataclass(frozen=True)
class Formula:
    """An expression over other queries.

    series: of every other query by its id; metrics: the ids that METRICS() means; moments: the periods that FILL fills
    """

    series: Callable[[str], Series]
    metrics: Sequence[str]
    moments: Sequence[datetime]

    def value(self, expression: str) -> Series:
        spelled = expression.strip()
        for pattern, spelling in SPELLINGS:
            spelled = pattern.sub(spelling, spelled)
        try:
            tree = ast.parse(spelled, mode="eval")
        except SyntaxError as error:
            raise UnknownMath(f"cannot read the expression {expression!r}: {error.msg}") from error
        value = self._of(tree.body)
        if not isinstance(value, Mapping):
            raise UnknownMath(f"the expression {expression!r} gives no single time series")
        return value

    def _of(self, node: ast.AST) -> Value:
        read = READERS.get(type(node))
        if read is None:
            raise UnknownMath(f"localaws knows no {ast.unparse(node)!r} in metric math")
        return read(self, node)

    def _constant(self, node: ast.Constant) -> Value:
        if not isinstance(node.value, int | float | str):
            raise UnknownMath(f"localaws knows no {node.value!r} in metric math")
        return node.value

    def _name(self, node: ast.Name) -> Value:
        return node.id if node.id == "REPEAT" else self.series(node.id)

    def _list(self, node: ast.List) -> Value:
        return [self._of(part) for part in node.elts]

    def _signed(self, node: ast.UnaryOp) -> Value:
        if not isinstance(node.op, ast.USub):
            raise UnknownMath(f"localaws knows no {ast.unparse(node)!r} in metric math")
        return combined(ast.Mult, -1.0, self._of(node.operand))

    def _operated(self, node: ast.BinOp) -> Value:
        return combined(type(node.op), self._of(node.left), self._of(node.right))

    def _compared(self, node: ast.Compare) -> Value:
        if len(node.ops) > 1:
            raise UnknownMath(f"expected one comparison, got {ast.unparse(node)!r}")
        return combined(type(node.ops[0]), self._of(node.left), self._of(node.comparators[0]))

    def _joined(self, node: ast.BoolOp) -> Value:
        parts = [self._of(part) for part in node.values]
        return functools.reduce(lambda left, right: combined(type(node.op), left, right), parts)

    def _called(self, node: ast.Call) -> Value:
        name, arguments = ast.unparse(node.func), [self._of(argument) for argument in node.args]
        if name in EACH and len(arguments) == 1:
            return each(EACH[name], arguments[0])
        if name in ALL and len(arguments) == 1:
            return over(ALL[name], arguments[0])
        if name not in FUNCTIONS or len(arguments) not in FUNCTIONS[name][1]:
            raise UnknownMath(f"localaws knows no {name} of {len(arguments)} arguments in metric math")
        return FUNCTIONS[name][0](self, *arguments)

    def _metrics(self, part: Value = "") -> Value:
        return [self.series(name) for name in self.metrics if str(part) in name]

    def _fill(self, series: Value, filling: Value) -> Value:
        if isinstance(series, list):
            return [self._fill(part, filling) for part in series]
        if not isinstance(series, Mapping):
            raise UnknownMath(f"FILL fills a series, got {series!r}")
        return self._filled(series, filling)

    def _if(self, condition: Value, then: Value, otherwise: Value = MappingProxyType({})) -> Value:
        return chosen(condition, then, otherwise)

    def _filled(self, series: Series, filling: Value) -> Series:
        filled = dict(series)
        last: float | None = None
        for moment in self.moments:
            last = series.get(moment, last)
            value = last if filling == "REPEAT" else at(filling, moment)
            if value is not None:
                filled.setdefault(moment, value)
        return dict(sorted(filled.items()))


READERS: Mapping[type, Callable[[Formula, Any], Value]] = MappingProxyType(
    {
        ast.Constant: Formula._constant,
        ast.Name: Formula._name,
        ast.List: Formula._list,
        ast.UnaryOp: Formula._signed,
        ast.BinOp: Formula._operated,
        ast.Compare: Formula._compared,
        ast.BoolOp: Formula._joined,
        ast.Call: Formula._called,
    }
)
FUNCTIONS: Mapping[str, tuple[Callable[..., Value], Sequence[int]]] = MappingProxyType(
    {"IF": (Formula._if, (2, 3)), "FILL": (Formula._fill, (2,)), "METRICS": (Formula._metrics, (0, 1))}
)
