"""Failures as Athena words them: a code, a place, a message.

Codes are Trino's (https://trino.io/docs/current/language.html raises them, Athena passes them on in
`StateChangeReason`); categories are those of
https://docs.aws.amazon.com/athena/latest/APIReference/API_AthenaError.html.
"""

import re

import sqlglot
from botocore.exceptions import ClientError

SYSTEM, USER, OTHER = 1, 2, 3
OUT_OF_MEMORY = "Query exhausted resources at this scale factor"
"""https://docs.aws.amazon.com/athena/latest/ug/performance-tuning.html"""


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
