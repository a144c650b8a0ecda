"""What Trino would say of a statement before it runs: is it in its grammar, are its functions and types among Trino's?

sqlglot reads what many databases write, and DuckDB has functions of its own; a statement that gets by with them would
run here and fail on AWS. The grammar is Trino's own, the catalogue of functions and types that of its documentation:
https://github.com/trinodb/trino/tree/422/core/trino-parser and https://trino.io/docs/current/functions.html
"""

import functools
import re
from typing import Any

import trino_sql_validator
from antlr4 import CommonTokenStream, InputStream
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.ErrorListener import ErrorListener
from antlr4.error.Errors import ParseCancellationException
from antlr4.error.ErrorStrategy import BailErrorStrategy, DefaultErrorStrategy, ErrorStrategy
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser
from trino_sql_validator import FunctionArgumentWarning, FunctionWarning, TypeWarning

LONG = 50_000
"""Characters for which the grammar takes half a second. Longer statements, lists of values, are not checked."""

_NOT_IDENTIFIERS = {
    SqlBaseLexer.BACKQUOTED_IDENTIFIER: "backquoted identifiers are not supported; use double quotes",
    SqlBaseLexer.DIGIT_IDENTIFIER: "identifiers must not start with a digit; use double quotes",
}

# whether a statement is in the grammar does not depend on what is inside of these; dbt writes other names and other
# instants into the same statement at each run
_CONTENT = re.compile(
    r"(?P<same>`[^`]*`)|(?P<text>'(?:[^']|'')*')|(?P<name>\"(?:[^\"]|\"\")*\")|(?P<comment>--[^\n]*|/\*.*?\*/)|\b\d+\b",
    re.DOTALL,
)
_IN_ITS_PLACE = {"text": "''", "name": '"x"', "comment": " ", None: "0"}


class _AnyCase(InputStream):  # type: ignore[misc]
    """Text that keeps its case, read as if it had none, as the grammar's words want it."""

    def __init__(self, sql: str) -> None:
        super().__init__(sql)
        self.data = [ord(one.upper()) if "a" <= one <= "z" else ord(one) for one in sql]


class _First(ErrorListener):  # type: ignore[misc]
    """Keeps the first error."""

    def __init__(self) -> None:
        self.message = ""

    def syntaxError(  # noqa: N802 – the runtime's name
        self,
        recognizer: Any,  # noqa: ARG002
        offendingSymbol: Any,  # noqa: N803
        line: int,
        column: int,
        msg: str,  # noqa: ARG002
        e: Any,  # noqa: ARG002
    ) -> None:
        if not self.message:
            self.message = f"line {line}:{column + 1}: mismatched input '{offendingSymbol.text}'"


@functools.lru_cache(maxsize=256)
def syntax_error(sql: str) -> str:
    """Which word of a statement Trino does not expect, and where; empty when it is in Trino's grammar."""
    if len(sql) > LONG or _is_correct(_CONTENT.sub(_without_content, sql)):
        return ""
    return _first_error(sql)


def _without_content(found: re.Match[str]) -> str:
    return found.group() if found.lastgroup == "same" else _IN_ITS_PLACE[found.lastgroup]


@functools.lru_cache(maxsize=4096)
def _is_correct(sql: str) -> bool:
    return not _first_error(sql)


def _first_error(sql: str) -> str:
    # what the quick mode accepts is in the grammar; what it refuses, the full mode may still accept:
    # https://www.antlr.org/api/Java/org/antlr/v4/runtime/BailErrorStrategy.html
    try:
        message, tokens = _parse(sql, PredictionMode.SLL, BailErrorStrategy())
    except ParseCancellationException:
        message, tokens = _parse(sql, PredictionMode.LL, DefaultErrorStrategy())
    if message.endswith("';'"):
        return f"Only one sql statement is allowed. Got: {sql[:200]}"
    for token in () if message else tokens.tokens:
        if token.type in _NOT_IDENTIFIERS:
            return f"line {token.line}:{token.column + 1}: {_NOT_IDENTIFIERS[token.type]}"
    return message


def _parse(sql: str, mode: int, on_error: ErrorStrategy) -> tuple[str, CommonTokenStream]:
    """The first error, if there is one, and the tokens.

    Raises:
        ParseCancellationException: there is an error, at which `on_error` gives up.
    """
    tokens = CommonTokenStream(SqlBaseLexer(_AnyCase(sql)))
    listener, parser = _First(), SqlBaseParser(tokens)
    parser.buildParseTrees = False
    parser._interp.predictionMode = mode
    parser._errHandler = on_error
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    parser.singleStatement()
    return listener.message, tokens


def unknown_name(sql: str) -> str:
    """Which function or type of a statement Trino does not have, with the error's code; empty when it has them all.

    A function with another number of arguments than Trino's counts as one that it does not have.
    """
    for found in trino_sql_validator.validate(sql, jinja="reject", function_arguments="warn").warnings:
        place = f"line {found.line}:{found.column}"
        match found:
            case FunctionWarning():
                return f"FUNCTION_NOT_FOUND: {place}: Function '{found.name}' not registered"
            case FunctionArgumentWarning():
                return f"FUNCTION_NOT_FOUND: {place}: Unexpected parameters for {found.name}"
            case TypeWarning():
                return f"TYPE_NOT_FOUND: {place}: Unknown type: {found.name}"
    return ""
