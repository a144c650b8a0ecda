"""The operations of the SQL/JSON path language on sequences of items; `json_paths` reads the paths.

https://trino.io/docs/current/functions/json.html#json-path-syntax-and-semantics
"""

import json
import math
import operator
from collections.abc import Callable
from typing import Any

Items = list[Any]
Step = Callable[["Scope", Items], Items]
"""What gives the items of the next step, from those of the one before."""
Predicate = Callable[["Scope"], bool | None]
"""A filter's condition; None is unknown."""
Pairs = Callable[[Items, Items], list[tuple[Any, Any]]]
"""Each item of one side with each of the other."""

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
SUMS: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub}
PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {"*": operator.mul, "/": operator.truediv, "%": math.fmod}


class PathError(Exception):
    """An evaluation that fails: ON ERROR decides what it gives."""


class Scope:
    """What a path may refer to: the whole document, the item that a filter looks at, an array's last index."""

    def __init__(self, root: Any, current: Any = None, last: int | None = None) -> None:
        self.root, self.current, self.last = root, current, last


def chain(step: Step, accessor: Step) -> Step:
    """An accessor after a step."""
    return lambda scope, items: accessor(scope, step(scope, items))


def compute_numbers(left: Step, right: Step, compute: Callable[[Any, Any], Any]) -> Step:
    """An operator between two single numbers."""

    def step(scope: Scope, items: Items) -> Items:
        one, other = left(scope, items), right(scope, items)
        if len(one) != 1 or len(other) != 1:
            raise PathError("arithmetic needs one number on each side")
        try:
            return [compute(number(one[0]), number(other[0]))]
        except ZeroDivisionError as error:
            raise PathError("division by zero") from error

    return step


def number(item: Any) -> Any:
    """An item that has to be a number."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise PathError("a number is expected")
    return item


def _double(item: Any) -> float:
    try:
        return float(item if isinstance(item, str) else number(item))
    except ValueError as error:
        raise PathError(str(error)) from error


METHODS: dict[str, Callable[[Any], Any]] = {
    "abs": lambda item: abs(number(item)),
    "ceiling": lambda item: math.ceil(number(item)),
    "double": _double,
    "floor": lambda item: math.floor(number(item)),
}


def subscript(items: Items) -> int:
    """A subscript."""
    if len(items) != 1:
        raise PathError("a subscript is one number")
    return int(number(items[0]))


def key_name(token: str) -> str:
    """A member's name, with or without quotes."""
    return str(json.loads(token)) if token.startswith('"') else token


def members(item: Any) -> dict[str, Any]:
    """An object's members."""
    if not isinstance(item, dict):
        raise PathError("an object is expected")
    return item


def descendants(item: Any, key: str) -> Items:
    """The values of a key on all levels, an object before what it holds."""
    found = [item[key]] if isinstance(item, dict) and key in item else []
    children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return found + [value for child in children for value in descendants(child, key)]


def type_name(item: Any) -> str:
    """What `type()` calls an item."""
    if item is None or isinstance(item, bool):
        return "null" if item is None else "boolean"
    if isinstance(item, dict | list):
        return "object" if isinstance(item, dict) else "array"
    return "string" if isinstance(item, str) else "number"


def exists(step: Step) -> Predicate:
    """Whether a path finds something."""

    def predicate(scope: Scope) -> bool | None:
        try:
            return bool(step(scope, []))
        except PathError:
            return None

    return predicate


def compare(left: Step, right: Step, holds: Callable[[Any, Any], bool], pairs: Pairs) -> Predicate:
    """Whether a comparison holds for any two items; one that cannot be made is unknown."""

    def predicate(scope: Scope) -> bool | None:
        try:
            found = pairs(left(scope, []), right(scope, []))
        except PathError:
            return None
        unknown = False
        for one, other in found:
            if one is None or other is None:
                result: bool | None = one is other and holds is operator.eq
            elif isinstance(one, dict | list) or isinstance(other, dict | list) or type_name(one) != type_name(other):
                result = None
            else:
                result = holds(one, other)
            if result:
                return True
            unknown = unknown or result is None
        return None if unknown else False

    return predicate


def negate(inner: Predicate) -> Predicate:
    """NOT of three values."""
    return lambda scope: None if (found := inner(scope)) is None else not found


def both(left: Predicate, right: Predicate) -> Predicate:
    """AND of three values."""

    def predicate(scope: Scope) -> bool | None:
        found = (left(scope), right(scope))
        return False if False in found else None if None in found else True

    return predicate


def either(left: Predicate, right: Predicate) -> Predicate:
    """OR of three values."""

    def predicate(scope: Scope) -> bool | None:
        found = (left(scope), right(scope))
        return True if True in found else None if None in found else False

    return predicate
