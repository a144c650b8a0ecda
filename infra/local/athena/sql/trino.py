"""Trino SQL into DuckDB SQL: sqlglot translates most of it, `repairs` what it gets wrong or cannot know."""

import re
from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.dialects import Trino

from infra.local.athena.errors import AthenaError, syntax_message
from infra.local.athena.sql import clock_times
from infra.local.athena.sql.grammar import syntax_error
from infra.local.athena.sql.rewrite_rules import repair

_LEADING_COMMENTS = re.compile(r"\A(\s*(--[^\n]*(\n|\Z)|/\*.*?\*/))*", re.DOTALL)
_BINARY = re.compile(r"(?<![\w'])[xX]'([0-9A-Fa-f]{2}(?:\s+[0-9A-Fa-f]{2})+)'")
_PLAIN = re.compile(r"(select|with|values|insert|merge|update|delete)\b", re.IGNORECASE)
_CREATED_QUERY = re.compile(r"create\s+((or\s+replace\s+)?view|table)\b.*\bas\b", re.IGNORECASE | re.DOTALL)


class _Trino(Trino):  # type: ignore[misc]  # sqlglot makes its dialects at run time
    """Subscripts as they are written: sqlglot counts from zero in its trees, and does not know each value's type."""

    INDEX_OFFSET = 0


def strip_comments(sql: str) -> str:
    """Without leading comments (dbt puts one before each statement) and without the final semicolon."""
    return _LEADING_COMMENTS.sub("", sql).strip().rstrip(";").strip()


def is_plain_trino(sql: str) -> bool:
    """Whether a statement's first word is one of Trino's alone, so that its syntax is checked when it is submitted."""
    return bool(_PLAIN.match(sql.lstrip("(")))


def creates_query(sql: str) -> bool:
    """Whether a statement may be CREATE TABLE AS or CREATE VIEW, whose text is Trino's from end to end."""
    return bool(_CREATED_QUERY.match(sql))


def parse(sql: str, check_grammar: bool = True) -> exp.Expr:
    """The tree of one statement that is in Trino's grammar.

    Args:
        check_grammar: False for a statement whose grammar has been checked.

    Raises:
        AthenaError: SYNTAX_ERROR, with the line and column, or that there is more than one statement.
    """
    if check_grammar and (wrong := syntax_error(sql)):
        raise AthenaError(f"SYNTAX_ERROR: {wrong}")
    return _tree(sql)


def _tree(sql: str) -> exp.Expr:
    # binary literals may have spaces between their bytes
    sql = _BINARY.sub(lambda found: f"X'{''.join(found.group(1).split())}'", sql)
    try:
        return _bare(sqlglot.parse_one(sql, read=_Trino))
    except sqlglot.ParseError as error:
        raise AthenaError(f"SYNTAX_ERROR: {syntax_message(error)}") from None
    except sqlglot.TokenError as error:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: {str(error)[:200]}") from None


def _bare(tree: exp.Expr) -> exp.Expr:
    """The tree without places in the text and comments, which nothing reads and each copy of the tree would copy."""
    for node in tree.walk():
        node._meta = node.comments = None
    return tree


def with_parameters(tree: exp.Expr, parameters: Sequence[str]) -> exp.Expr:
    """Put the execution parameters, SQL literals as text, in the place of the question marks.

    Raises:
        AthenaError: more or fewer parameters than question marks.
    """
    placeholders = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(placeholders) != len(parameters):
        raise AthenaError(
            "INVALID_PARAMETER_USAGE: Incorrect number of parameters: "
            f"expected {len(placeholders)} but found {len(parameters)}"
        )
    for placeholder, text in zip(placeholders, parameters, strict=True):
        placeholder.replace(_tree(text))
    return tree


def to_duck(tree: exp.Expr) -> exp.Expr:
    """The tree in terms that sqlglot writes as the right DuckDB SQL.

    Raises:
        AthenaError: something that Trino refuses, or that the local account lacks.
    """
    if any(function.find(exp.Query) for function in tree.find_all(exp.Lambda)):
        # https://trino.io/docs/current/functions/lambda.html
        raise AthenaError("NOT_SUPPORTED: Lambda expression cannot contain subqueries")
    root = clock_times.apply(tree.copy())
    # the innermost first: sqlglot's own transform passes over what is inside a node that it has replaced
    for node in reversed(list(root.walk())):
        repaired = repair(node)
        if repaired is node:
            continue
        if node is root:
            root = repaired
        else:
            node.replace(repaired)
    return root


def duck_sql(tree: exp.Expr) -> str:
    """The DuckDB SQL of a tree that `to_duck` has been through; the tree is used up."""
    return tree.sql(dialect="duckdb", comments=False, copy=False)
