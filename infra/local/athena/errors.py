"""Failures as Athena words them: a code, a place, a message.

Codes are Trino's (https://trino.io/docs/current/language.html raises them, Athena passes them on in
`StateChangeReason`); categories are those of
https://docs.aws.amazon.com/athena/latest/APIReference/API_AthenaError.html.
"""

import re

import duckdb
import sqlglot
from botocore.exceptions import ClientError

SYSTEM, USER, OTHER = 1, 2, 3


class AthenaError(Exception):
    """What a failed query says in `StateChangeReason`.

    Args:
        message: begins with Trino's error code.
        category: 1 the service's fault, 2 the user's, 3 another's.
    """

    def __init__(self, message: str, category: int = USER) -> None:
        super().__init__(message)
        self.category = category


class QueryCancelledError(AthenaError):
    """The query was stopped: by its user, or because it would scan more than its workgroup allows."""


def syntax_message(error: sqlglot.ParseError) -> str:
    """`line 1:8: mismatched input 'x'`, the words with which Athena refuses a malformed statement."""
    first = error.errors[0] if error.errors else {}
    found = first.get("highlight") or ""
    line, column = first.get("line") or 1, (first.get("col") or 1) - max(len(found) - 1, 0)
    return f"line {line}:{column}: mismatched input '{found or '<EOF>'}'"


# DuckDB's words -> Trino's; the first group is what the message is about
_BINDING = (
    (r'Referenced column "([^"]+)"', "COLUMN_NOT_FOUND", "Column '{}' cannot be resolved"),
    (r'does not have a column named "([^"]+)"', "COLUMN_NOT_FOUND", "Column '{}' cannot be resolved"),
    (r'Referenced table "([^"]+)"', "COLUMN_NOT_FOUND", "Column '{}' cannot be resolved"),
    (r'Ambiguous reference to column name "([^"]+)"', "AMBIGUOUS_NAME", "Column '{}' is ambiguous"),
    (
        r'column "([^"]+)" must appear in the GROUP BY',
        "EXPRESSION_NOT_AGGREGATE",
        "'{}' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (r"Function with name (\S+) does not exist", "FUNCTION_NOT_FOUND", "Function '{}' not registered"),
    (
        r"No function matches the given name and argument types '(.*?)'\.",
        "FUNCTION_NOT_FOUND",
        "Unexpected parameters for function {}",
    ),
    (r"Table with name (\S+) does not exist", "TABLE_NOT_FOUND", "Table '{}' does not exist"),
    (r"Cannot compare values of type (.*?) - an explicit", "TYPE_MISMATCH", "Cannot apply operator: {}"),
    (r"Cannot mix values of type (.*?) (?:in|-)", "TYPE_MISMATCH", "All types must be the same: {}"),
)


def from_duckdb(error: duckdb.Error, sql: str = "") -> AthenaError:
    """Trino's error for DuckDB's; what has no counterpart keeps DuckDB's words under GENERIC_USER_ERROR."""
    text = str(error)
    for pattern, code, message in _BINDING:
        if found := re.search(pattern, text):
            return AthenaError(f"{code}: {place(sql, found.group(1))}{message.format(found.group(1))}")
    if "cannot affect the same target row more than once" in text:
        return AthenaError(
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row"
        )
    if "Division by zero" in text:
        return AthenaError("DIVISION_BY_ZERO: Division by zero")
    if found := re.search(r"Could not convert string '(.*?)' to (\w+)", text):
        return AthenaError(f"INVALID_CAST_ARGUMENT: Cannot cast '{found.group(1)}' to {_trino(found.group(2))}")
    if isinstance(error, duckdb.ConversionException):
        return AthenaError(f"INVALID_CAST_ARGUMENT: {text.partition(': ')[2].splitlines()[0]}")
    if isinstance(error, duckdb.OutOfRangeException):
        return AthenaError(f"NUMERIC_VALUE_OUT_OF_RANGE: {text.partition(': ')[2].splitlines()[0]}")
    if isinstance(error, duckdb.BinderException):
        return AthenaError(f"TYPE_MISMATCH: {text.partition(': ')[2].splitlines()[0]}")
    return AthenaError(f"GENERIC_USER_ERROR: {text}")


def _trino(internal: str) -> str:
    return {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}.get(internal, internal)


def place(sql: str, name: str) -> str:
    """`line 1:8: ` where `name` stands in `sql`; empty when it does not."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE)
    if not found:
        return ""
    before = sql[: found.start()]
    return f"line {before.count(chr(10)) + 1}:{found.start() - before.rfind(chr(10))}: "


def from_client(error: ClientError) -> AthenaError:
    """What a query says when S3 or the Glue catalog refuses one of its calls."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in ("AccessDenied", "AccessDeniedException", "403"):
        return AthenaError(f"Insufficient permissions to execute the query. {message}".strip())
    if code == "NoSuchBucket":
        return AthenaError(f"S3 bucket does not exist: {message}")
    if code == "EntityNotFoundException":
        return AthenaError(f"SCHEMA_NOT_FOUND: {message}")
    return AthenaError(f"GENERIC_EXTERNAL: {code}: {message}", OTHER)
