"""UNNEST of several arrays, of maps and of arrays of rows, and table functions, as subqueries of DuckDB.

https://trino.io/docs/current/sql/select.html#unnest: a map gives a column of keys and one of values, an array of rows
one column per field; the shorter of several arrays is filled up with NULL.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence

import duckdb
from sqlglot import exp

from infra.local.athena.sql.nodes import call, number

ALTERNATIVES = "alternatives"
"""Key of a node's `meta`: functions that give other forms of it, for a value whose type shows when it is bound."""
MAX_ATTEMPTS = 100
_AMBIGUOUS = (exp.DPipe, exp.Reverse, exp.Subquery)


def rewrite(node: exp.Unnest) -> exp.Expr:
    """The node itself where DuckDB's UNNEST does the same."""
    names = node.args["alias"].columns if node.args.get("alias") else []
    values = node.expressions
    if len(values) == 1 and len(names) < 2:
        return node
    if len(values) > 1:
        # each value may be a map or an array of rows too; with as many names as values, none of them is
        return _subquery(node, [call("unnest", value) for value in values], values)
    value = values[0]
    fields = [call("struct_extract_at", call("unnest", value.copy()), number(i)) for i in range(1, len(names) + 1)]
    rows = _subquery(node, fields, values)
    if len(names) == 2:
        entries = [call("unnest", call(part, value.copy())) for part in ("map_keys", "map_values")]
        of_map = _subquery(node, entries, [call("map_keys", value.copy())])
        rows.meta[ALTERNATIVES] = (lambda _: of_map.copy(),)
    return rows


def _subquery(node: exp.Unnest, columns: Sequence[exp.Expr], lists: Sequence[exp.Expr]) -> exp.Subquery:
    alias = node.args["alias"].copy() if node.args.get("alias") else None
    offset = node.args.get("offset")
    if offset:
        lengths = [call("len", one.copy()) for one in lists]
        longest = exp.Greatest(this=lengths[0], expressions=lengths[1:]) if len(lengths) > 1 else lengths[0]
        end = exp.Add(this=longest, expression=number(1))
        columns = [*columns, call("unnest", call("range", number(1), exp.cast(end, exp.DType.BIGINT)))]
        if alias is not None and isinstance(offset, exp.Identifier):
            alias.append("columns", offset.copy())
    return exp.Subquery(this=exp.Select(expressions=[column.copy() for column in columns]), alias=alias)


def table_function(node: exp.Table) -> exp.Expr:
    """`TABLE(sequence(…))`: https://trino.io/docs/current/functions/table.html"""
    function = node.this
    if not (
        isinstance(function, exp.Anonymous) and function.name.lower() == "table" and len(function.expressions) == 1
    ):
        return node
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("t_sequence"))
    if not alias.columns:
        alias.set("columns", [exp.to_identifier("sequential_number")])
    return exp.Subquery(this=exp.Select(expressions=[call("unnest", function.expressions[0])]), alias=alias)


def concatenation(node: exp.DPipe) -> exp.Expr:
    """`||` also adds one element to an array, at either end."""
    node.meta[ALTERNATIVES] = (_append, _prepend)
    return node


def _append(node: exp.Expr) -> exp.Expr:
    return call("list_concat", node.this.copy(), call("list_value", node.expression.copy()))


def _prepend(node: exp.Expr) -> exp.Expr:
    return call("list_concat", call("list_value", node.this.copy()), node.expression.copy())


def reverse(node: exp.Reverse) -> exp.Expr:
    """`reverse` of a text or of an array."""
    node.meta[ALTERNATIVES] = (_reverse_list,)
    return node


def _reverse_list(node: exp.Expr) -> exp.Expr:
    return call("list_reverse", node.this.copy())


def choose(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, sql: Callable[[exp.Expr], str]) -> exp.Expr:
    """The tree in which every node with alternatives has the form that can be bound; the tree itself if none can.

    Args:
        tree: whose tables are bound.
        sql: gives the DuckDB SQL of a tree.
    """
    if not _choices(tree):
        return tree
    connection.execute("set errors_as_json = true")
    try:
        return _choose(connection, tree, sql)
    finally:
        connection.execute("set errors_as_json = false")


def _choose(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, sql: Callable[[exp.Expr], str]) -> exp.Expr:
    text, attempts = sql(tree), MAX_ATTEMPTS
    failure = _failure(connection, text)
    while failure is not None:
        for candidate, replaced in _candidates(tree):
            attempts -= 1
            new_text = sql(candidate)
            new = _failure(connection, new_text)
            begin = new_text.find(sql(replaced))
            inside = new is not None and begin <= new.position < begin + len(sql(replaced))
            if new is None or (not inside and not new.is_same(failure)):
                tree, failure = candidate, new
                break
            if not attempts:
                return tree
        else:
            return tree
    return tree


def _choices(tree: exp.Expr) -> list[exp.Expr]:
    """The nodes that have alternatives, from the outside to the inside."""
    return [node for node in tree.find_all(*_AMBIGUOUS) if (node._meta or {}).get(ALTERNATIVES)]


def _candidates(tree: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """The tree with one node in another form, and that form; inner nodes first, since an outer one takes them along."""
    for index in reversed(range(len(_choices(tree)))):
        for form in range(len(_choices(tree)[index].meta[ALTERNATIVES])):
            copy = tree.copy()
            node = _choices(copy)[index]
            replaced: exp.Expr = node.meta[ALTERNATIVES][form](node)
            if node is copy:
                yield replaced, replaced
            else:
                node.replace(replaced)
                yield copy, replaced


@dataclasses.dataclass(frozen=True)
class _Failure:
    """Why a statement does not bind.

    Args:
        position: of the error in the text.
        rest: from there to the text's end.
    """

    message: str
    position: int
    rest: int

    def is_same(self, other: "_Failure") -> bool:
        """Whether it is the same error of a text that was changed elsewhere."""
        return self.message == other.message and (self.position == other.position or self.rest == other.rest)


def _failure(connection: duckdb.DuckDBPyConnection, sql: str) -> _Failure | None:
    statement = f"explain {sql}"
    try:
        connection.execute(statement)
    except (duckdb.BinderException, duckdb.InternalException) as error:
        try:
            found = json.loads(str(error).partition(": ")[2])
        except ValueError:
            return _Failure(str(error), 0, len(sql))
        position = int(found.get("position") or 0) - len("explain ")
        return _Failure(str(found.get("exception_message", "")).split("\n")[0], position, len(sql) - position)
    except duckdb.Error:
        return None
    return None
