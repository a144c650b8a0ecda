"""`AthenaError.ErrorType`: what kind of failure ended a query, for clients that decide by it whether to try again.

The numbers are those of https://docs.aws.amazon.com/athena/latest/ug/error-reference.html. dbt-athena, for example,
runs a statement again when its type is 233 and its message names ICEBERG_COMMIT_ERROR.
"""

from infra.local.athena.errors import OUT_OF_MEMORY, SYSTEM, USER

_TYPES = (
    (OUT_OF_MEMORY, 0),
    ("GENERIC_INTERNAL_ERROR", 200),
    ("Query timeout", 206),
    ("ICEBERG_", 233),
    ("FAILED: ", 1003),
    ("SYNTAX_ERROR", 1006),
    ("line ", 1006),
    ("mismatched input", 1006),
    ("INVALID_TABLE_PROPERTY", 1103),
    ("INVALID_FUNCTION_ARGUMENT", 1106),
    ("INVALID_VIEW", 1107),
    ("TABLE_NOT_FOUND", 1110),
    ("NOT_SUPPORTED", 1200),
    ("SCHEMA_NOT_FOUND", 1301),
    ("FUNCTION_NOT_FOUND", 1303),
    ("S3 bucket does not exist", 1306),
    ("Insufficient permissions", 1500),
)
"""The beginning of a message -> its type."""
_BY_CATEGORY = {SYSTEM: 200, USER: 1000}
_INTERNAL_SERVICE_ERROR = 9999


def error_type(failure: str, category: int) -> int:
    """The type of a failure.

    Args:
        failure: what `StateChangeReason` says.
        category: `AthenaError.ErrorCategory`, which decides where the message does not.
    """
    found = next((kind for beginning, kind in _TYPES if failure.startswith(beginning)), None)
    return _BY_CATEGORY.get(category, _INTERNAL_SERVICE_ERROR) if found is None else found
