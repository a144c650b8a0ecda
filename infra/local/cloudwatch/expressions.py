"""Metric math, one period at a time: numbers, metric ids, operators and the functions that alarms here may use.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import math
import operator
import statistics
from collections.abc import Callable, Mapping
from typing import Any

Value = float | list["Value"] | None

BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
OF_ONE: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
OF_SEVERAL: dict[str, Callable[[list[float]], float]] = {
    "AVG": statistics.fmean,
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}


class ExpressionError(ValueError):
    """The expression is not metric math, or uses a part of it that the local account does not have."""


def evaluate(expression: str, values: Mapping[str, float | None]) -> float | None:
    """The value of `expression` for one period, or None where it has none (an operand is missing, division by zero).

    Args:
        expression: arithmetic and comparisons over metric ids; ABS, AVG, CEIL, FILL, FLOOR, IF, MAX, METRICS, MIN, SUM.
        values: each metric id's value in the period, None when it has no data.

    Raises:
        ExpressionError: it cannot be read, names an unknown id or function, or does not end in one number.
    """
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"cannot read the expression {expression!r}: {error.msg}") from None
    value = _Evaluation(values).of(tree.body)
    if isinstance(value, list):
        raise ExpressionError(f"the expression {expression!r} gives several time series; an alarm takes one")
    return value


class _Evaluation:
    def __init__(self, values: Mapping[str, float | None]) -> None:
        self.values = values

    def of(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in self.values:
                return self.values[name]
            case ast.List(elts=items):
                return [self.of(item) for item in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.number(operand)
                return None if value is None else -value
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self.combine(BINARY[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                return self.combine(COMPARISONS[type(op)], left, right)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, arguments)
        raise ExpressionError(f"metric math here does not have {ast.unparse(node)!r}")

    def number(self, node: ast.expr) -> float | None:
        value = self.of(node)
        if isinstance(value, list):
            raise ExpressionError(f"{ast.unparse(node)!r} gives several time series where one is needed")
        return value

    def combine(self, operation: Callable[[float, float], float], left: ast.expr, right: ast.expr) -> float | None:
        first, second = self.number(left), self.number(right)
        if first is None or second is None:
            return None
        try:
            return float(operation(first, second))
        except ZeroDivisionError:
            return None

    def call(self, name: str, arguments: list[ast.expr]) -> Value:
        match name, arguments:
            case "FILL", [metric, filling]:
                value = self.number(metric)
                return self.number(filling) if value is None else value
            case "IF", [condition, then, *otherwise]:
                chosen = self.number(condition)
                if chosen is None:
                    return None
                if chosen:
                    return self.number(then)
                return self.number(otherwise[0]) if otherwise else None
            case "METRICS", []:
                return list(self.values.values())
            case str(), [argument] if name in OF_ONE:
                value = self.number(argument)
                return None if value is None else float(OF_ONE[name](value))
            case str(), [argument] if name in OF_SEVERAL:
                found = self.of(argument)
                numbers: list[Any] = [
                    item for item in (found if isinstance(found, list) else [found]) if item is not None
                ]
                return OF_SEVERAL[name](numbers) if numbers else None
        raise ExpressionError(f"metric math here does not have {name} with {len(arguments)} arguments")
