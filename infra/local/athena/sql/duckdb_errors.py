"""Trino's errors for DuckDB's."""

import re

import duckdb

from infra.local.athena.errors import OUT_OF_MEMORY, SYSTEM, AthenaError, place

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
    (
        r'Function with name "([^"]+)" is not in the catalog',
        "NOT_SUPPORTED",
        "Function '{}' is not in the local account",
    ),
    (r"Type with name (\w+) does not exist", "NOT_SUPPORTED", "Type {} is not in the local account"),
    (r"Table with name (\S+) does not exist", "TABLE_NOT_FOUND", "Table '{}' does not exist"),
    (r"Cannot compare values of type (.*?) - an explicit", "TYPE_MISMATCH", "Cannot apply operator: {}"),
    (r"Cannot mix values of type (.*?) (?:in|-)", "TYPE_MISMATCH", "All types must be the same: {}"),
)
_RAISED = "HIVE_BAD_DATA|INVALID_CAST_ARGUMENT|INVALID_FUNCTION_ARGUMENT|INVALID_PATH|JSON_VALUE_RESULT_ERROR"
"""The codes that translated SQL and functions in Python fail with."""


def from_duckdb(error: duckdb.Error, sql: str = "") -> AthenaError:
    """Trino's error for DuckDB's; what has no counterpart keeps DuckDB's words under GENERIC_USER_ERROR."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return AthenaError(OUT_OF_MEMORY, SYSTEM)
    if found := re.search(
        r"(HIVE_BAD_DATA|INVALID_CAST_ARGUMENT|INVALID_FUNCTION_ARGUMENT|INVALID_PATH|JSON_VALUE_RESULT_ERROR): .*",
        text,
    ):
        return AthenaError(found.group(0))
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
    if isinstance(error, duckdb.NotImplementedException):
        return AthenaError(f"NOT_SUPPORTED: {text.partition(': ')[2].splitlines()[0]}")
    if isinstance(error, duckdb.InvalidInputException):
        return AthenaError(f"INVALID_FUNCTION_ARGUMENT: {text.partition(': ')[2].splitlines()[0]}")
    return AthenaError(f"GENERIC_USER_ERROR: {text}")


def _trino(internal: str) -> str:
    return {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}.get(internal, internal)
