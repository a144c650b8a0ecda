"""The SQL/JSON path language of json_exists, json_query and json_value, evaluated in Python.

https://trino.io/docs/current/functions/json.html#json-path-language: lax and strict mode, accessors, filters,
arithmetic and item methods. A path gives a sequence of items; an evaluation that fails raises `PathError`.
"""

import functools
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from infra.local.athena.sql.json_items import (
    COMPARISONS,
    METHODS,
    PRODUCTS,
    SUMS,
    Items,
    PathError,
    Predicate,
    Scope,
    Step,
    both,
    chain,
    compare,
    compute_numbers,
    descendants,
    either,
    exists,
    key_name,
    members,
    negate,
    number,
    subscript,
    type_name,
)

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\$\w*|\w+|&&|\|\||[=!<>]=|<>|\.\.|[^\s\w])')
_CONSTANTS = {"true": True, "false": False, "null": None}


def evaluate(path: str, document: str) -> Items:
    """The items that a path finds.

    Raises:
        PathError: the document is not JSON, or the path does not fit it in strict mode.
        ValueError: the path is malformed.
    """
    step = _compile(path)
    try:
        root = json.loads(document)
    except ValueError as error:
        raise PathError(str(error)) from error
    return step(Scope(root), [root])


@functools.lru_cache(maxsize=256)
def _compile(path: str) -> Step:
    tokens, at = list[str](), 0
    while found := _TOKEN.match(path, at):
        tokens.append(found.group(1))
        at = found.end()
    parser = _Parser(tokens)
    mode = parser.next()
    if mode not in ("lax", "strict") or path[at:].strip():
        raise ValueError(f"INVALID_PATH: '{path}' is no JSON path")
    parser.lax = mode == "lax"
    step = parser.sum()
    if parser.peek():
        raise ValueError(f"INVALID_PATH: mismatched input '{parser.peek()}' in '{path}'")
    return step


class _Parser:
    """A path's tokens as functions, by recursive descent."""

    lax = True

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens, self._at = list(tokens), 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1] if self._at <= len(self._tokens) else ""

    def take(self, *expected: str) -> str:
        """The next token when it is one of the expected ones; empty when it is not."""
        return self.next() if self.peek() in expected else ""

    def expect(self, token: str) -> None:
        if self.next() != token:
            raise ValueError(f"INVALID_PATH: '{token}' is missing in a JSON path")

    def sum(self) -> Step:
        return self._binary(self._product, SUMS)

    def _product(self) -> Step:
        return self._binary(self._unary, PRODUCTS)

    def _binary(self, operand: Callable[[], Step], operators: dict[str, Callable[[Any, Any], Any]]) -> Step:
        left = operand()
        while symbol := self.take(*operators):
            left = compute_numbers(left, operand(), operators[symbol])
        return left

    def _unary(self) -> Step:
        if symbol := self.take("+", "-"):
            step = self._unary()
            sign = -1 if symbol == "-" else 1
            return lambda scope, items: [sign * number(item) for item in step(scope, items)]
        return self._accessors()

    def _accessors(self) -> Step:
        step = self._primary()
        while symbol := self.take(".", "..", "[", "?"):
            step = chain(step, self._accessor(symbol))
        return step

    def _primary(self) -> Step:
        token = self.next()
        if token == "(":
            step = self.sum()
            self.expect(")")
            return step
        if token == "$":
            return lambda scope, _: [scope.root]
        if token == "@":
            return lambda scope, _: [scope.current]
        if token == "last":
            return lambda scope, _: [scope.last]
        if token in _CONSTANTS or re.match(r'["\d]', token):
            value = _CONSTANTS[token] if token in _CONSTANTS else json.loads(token)
            return lambda *_: [value]
        raise ValueError(f"INVALID_PATH: mismatched input '{token}' in a JSON path")

    def _accessor(self, symbol: str) -> Step:
        if symbol == "?":
            self.expect("(")
            predicate = self._disjunction()
            self.expect(")")
            return lambda scope, items: [
                item for item in self._unwrapped(items) if predicate(Scope(scope.root, item, scope.last)) is True
            ]
        if symbol == "[":
            return self._subscripts()
        name = self.next()
        if not re.match(r'["\w*]', name):
            raise ValueError(f"INVALID_PATH: the name of a member is missing after '{symbol}' in a JSON path")
        if symbol == "..":
            return lambda _, items: [value for item in items for value in descendants(item, key_name(name))]
        if name == "*":
            return lambda _, items: [value for item in self._unwrapped(items) for value in members(item).values()]
        if self.take("("):
            self.expect(")")
            return self._method(name)
        return lambda _, items: self._member(items, key_name(name))

    def _member(self, items: Items, key: str) -> Items:
        found = Items()
        for item in self._unwrapped(items):
            if isinstance(item, dict) and key in item:
                found.append(item[key])
            elif not self.lax:
                raise PathError(f"there is no member '{key}'")
        return found

    def _subscripts(self) -> Step:
        if self.take("*"):
            self.expect("]")
            return lambda _, items: [value for item in items for value in self._array(item)]
        ranges: list[tuple[Step, Step | None]] = []
        while True:
            first = self.sum()
            ranges.append((first, self.sum() if self.take("to") else None))
            if not self.take(","):
                break
        self.expect("]")
        return lambda scope, items: [
            value for item in items for value in self._elements(scope, self._array(item), ranges)
        ]

    def _elements(self, scope: Scope, array: Items, ranges: Sequence[tuple[Step, Step | None]]) -> Items:
        inner, found = Scope(scope.root, scope.current, len(array) - 1), Items()
        for first, last in ranges:
            start = subscript(first(inner, []))
            end = start if last is None else subscript(last(inner, []))
            for index in range(start, end + 1):
                if 0 <= index < len(array):
                    found.append(array[index])
                elif not self.lax:
                    raise PathError(f"there is no element {index}")
        return found

    def _method(self, name: str) -> Step:
        match name:
            case "type":
                return lambda _, items: [type_name(item) for item in items]
            case "size":
                return lambda _, items: [len(self._array(item)) for item in items]
            case "keyvalue":
                return lambda _, items: [
                    {"name": key, "value": value, "id": i}
                    for i, item in enumerate(self._unwrapped(items))
                    for key, value in members(item).items()
                ]
        if name not in METHODS:
            raise ValueError(f"INVALID_PATH: JSON paths have no method {name}()")
        convert = METHODS[name]
        return lambda _, items: [convert(item) for item in self._unwrapped(items)]

    def _unwrapped(self, items: Items) -> Items:
        """In lax mode, the elements of arrays in their place."""
        if not self.lax:
            return items
        return [one for item in items for one in (item if isinstance(item, list) else [item])]

    def _array(self, item: Any) -> Items:
        if isinstance(item, list):
            return item
        if self.lax:
            return [item]
        raise PathError("an array is expected")

    def _disjunction(self) -> Predicate:
        left = self._conjunction()
        while self.take("||"):
            left = either(left, self._conjunction())
        return left

    def _conjunction(self) -> Predicate:
        left = self._negation()
        while self.take("&&"):
            left = both(left, self._negation())
        return left

    def _negation(self) -> Predicate:
        if self.take("!"):
            return negate(self._negation())
        if self.take("exists"):
            self.expect("(")
            step = self.sum()
            self.expect(")")
            return exists(step)
        begin = self._at
        if self.take("("):
            try:
                inner = self._disjunction()
                self.expect(")")
            except ValueError:
                self._at = begin  # a path in parentheses, not a predicate
            else:
                if not self.take("is"):
                    return inner
                self.expect("unknown")
                return lambda scope: inner(scope) is None
        left = self.sum()
        if self.take("starts"):
            self.expect("with")
            return compare(left, self.sum(), lambda text, prefix: bool(text.startswith(prefix)), self._pairs)
        symbol = self.take(*COMPARISONS)
        if not symbol:
            raise ValueError("INVALID_PATH: a comparison is missing in the filter of a JSON path")
        return compare(left, self.sum(), COMPARISONS[symbol], self._pairs)

    def _pairs(self, left: Items, right: Items) -> list[tuple[Any, Any]]:
        """Each item of the left with each of the right, arrays unwrapped in lax mode."""
        return [(one, other) for one in self._unwrapped(left) for other in self._unwrapped(right)]
