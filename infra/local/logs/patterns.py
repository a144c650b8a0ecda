"""Filter patterns: which log events a filter is about.

Terms (`ERROR -health`, `?timeout ?throttled`, `"a phrase"`, `%a regular expression%`) look at the text; a JSON pattern
(`{ $.level = "ERROR" && ($.ms > 5 || $.user NOT EXISTS) }`) looks at the fields of an event that is JSON, and matches
no other. Terms are case-sensitive; `?` terms count only where there are no others.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

Not completed: patterns for space-delimited events (`[ip, user, …]`); such a pattern is refused.
"""

import functools
import json
import re
from collections.abc import Callable
from typing import Any

Matches = Callable[[str], bool]
Test = Callable[[Any], bool]

TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"]+))')
TOKEN = re.compile(r'\s*(?:(&&|\|\||[()]|!=|>=|<=|=|>|<)|("(?:[^"\\]|\\.)*"|%[^%]+%)|([^\s()=!<>&|"%]+))')
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*)\]|\['([^']+)'\]")
NUMBERS: dict[str, Callable[[float, float], bool]] = {
    ">": float.__gt__,
    "<": float.__lt__,
    ">=": float.__ge__,
    "<=": float.__le__,
}
CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}
MISSING = object()


class PatternError(ValueError):
    """The pattern is none; the message says where it stops making sense."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> Matches:
    """A test whether a message matches `pattern`; an empty pattern matches everything.

    Raises:
        PatternError: it is not a pattern, or one of the kind that is not completed here.
    """
    text = pattern.strip()
    if text.startswith("["):
        raise PatternError("the local account does not match space-delimited patterns")
    if text.startswith("{"):
        if not text.endswith("}"):
            raise PatternError("a JSON pattern has to end with }")
        return _json(text[1:-1])
    return _terms(text)


def selected(document: Any, selector: str) -> Any:
    """The value at a selector such as `$.a.b[0]`, or `MISSING`; of `[*]` the first that is there.

    Raises:
        PatternError: `selector` is none.
    """
    steps = list(STEP.finditer(selector, 1))
    if not selector.startswith("$") or "".join(step.group() for step in steps) != selector[1:]:
        raise PatternError(f"{selector} is not a selector such as $.status or $.items[0]")
    for name, index, quoted in (step.groups() for step in steps):
        try:
            if index == "*":
                document = next(iter(document.values() if isinstance(document, dict) else document))
            elif index:
                document = document[int(index)]
            else:
                document = document[name or quoted]
        except (KeyError, IndexError, TypeError, StopIteration):
            return MISSING
    return document


def _terms(text: str) -> Matches:
    expected: dict[str, list[Matches]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        found = TERM.match(text, at)
        if found is None:
            raise PatternError(f"nothing is known about {text[at:].strip()}")
        prefix, phrase, expression, word = found.groups()
        expected[prefix].append(_search(expression) if expression else _contains(word or _unescaped(phrase)))
        at = found.end()
    included, excluded, optional = expected[""], expected["-"], expected["?"]
    if optional and not included and not excluded:
        return lambda message: any(term(message) for term in optional)
    return lambda message: all(term(message) for term in included) and not any(term(message) for term in excluded)


def _contains(word: str) -> Matches:
    return lambda message: word in message


def _search(expression: str) -> Matches:
    try:
        found = re.compile(expression)
    except re.error as error:
        raise PatternError(f"%{expression}% is not a regular expression: {error}") from None
    return lambda message: found.search(message) is not None


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)


def _json(text: str) -> Matches:
    test = _Parser(text).parse()

    def matches(message: str) -> bool:
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return isinstance(document, dict | list) and test(document)

    return matches


class _Parser:
    """Reads `||` of `&&` of comparisons and parentheses."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                raise PatternError(f"nothing is known about {text[at:].strip()}")
            self._tokens.append(next(filter(None, found.groups())))
            at = found.end()

    def parse(self) -> Test:
        test = self._any()
        if self._tokens:
            raise PatternError(f"{self._tokens[0]} is one too many")
        return test

    def _next(self) -> str:
        if not self._tokens:
            raise PatternError("the pattern stops in the middle")
        return self._tokens.pop(0)

    def _any(self) -> Test:
        tests = [self._all()]
        while self._tokens[:1] == ["||"]:
            self._next()
            tests.append(self._all())
        return lambda document: any(test(document) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._tokens[:1] == ["&&"]:
            self._next()
            tests.append(self._one())
        return lambda document: all(test(document) for test in tests)

    def _one(self) -> Test:
        selector = self._next()
        if selector == "(":
            test = self._any()
            if self._next() != ")":
                raise PatternError("a parenthesis is not closed")
            return test
        selected({}, selector)
        sign = self._next()
        word = sign.upper()
        if word in ("NOT", "EXISTS"):
            if word == "NOT" and self._next().upper() != "EXISTS":
                raise PatternError("NOT is only known in NOT EXISTS")
            return lambda document: (selected(document, selector) is not MISSING) == (word == "EXISTS")
        if word == "IS":
            constant = self._next()
            if constant.upper() not in CONSTANTS:
                raise PatternError(f"IS takes NULL, TRUE or FALSE, not {constant}")
            return lambda document: selected(document, selector) is CONSTANTS[constant.upper()]
        return _compared(selector, sign, self._next())


def _compared(selector: str, sign: str, expected: str) -> Test:
    if sign in NUMBERS:
        limit, compare = number(expected), NUMBERS[sign]
        if limit is None:
            raise PatternError(f"{sign} takes a number, not {expected}")
        return lambda document: (value := number(selected(document, selector))) is not None and compare(value, limit)
    if sign not in ("=", "!="):
        raise PatternError(f"{sign} is not a comparison")
    same = _equal(expected)

    def test(document: Any) -> bool:
        value = selected(document, selector)
        return value is not MISSING and same(value) == (sign == "=")

    return test


def _equal(expected: str) -> Test:
    if expected.startswith("%"):
        search = _search(expected.strip("%"))
        return lambda value: isinstance(value, str | int | float) and search(str(value))
    amount = None if expected.startswith('"') else number(expected)
    if amount is not None:
        return lambda value: number(value) == amount
    text = _unescaped(expected[1:-1]) if expected.startswith('"') else expected
    glob = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    return lambda value: isinstance(value, str | int | float) and glob.fullmatch(str(value)) is not None


def number(value: Any) -> float | None:
    """A field as a number, also when it is a text that is one; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None
