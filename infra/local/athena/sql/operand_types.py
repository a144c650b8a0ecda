"""Forms that depend on the types of operands which a statement's text does not show: the operands are bound and asked.

DuckDB computes `date - date` as a number and writes the text of a value as it likes; what Trino does depends on the
types. A node that needs them carries in its `meta` the function that makes its form of them (`defer`). Its operands are
described in the place of the select list of the query that they are in, with the sources of that query.
"""

import re
from collections.abc import Callable, Sequence

import duckdb
from sqlglot import exp

from infra.local.athena.sql.empty_tables import EmptyTables, copied

FEW_QUERIES = 2
"""In a statement of so many queries with deferred nodes, no empty table pays."""
_FORM = "form"
Form = Callable[[exp.Expr, Sequence[str]], exp.Expr]
"""What makes a node's form of it and its operands' DuckDB types, which are `` where they cannot be found out."""
_SOURCES = ("with_", "from_", "joins", "laterals")
_CLAUSES = ("distinct", "having", "hint", "limit", "offset", "order", "qualify", "where")


def defer(node: exp.Expr, form: Form) -> exp.Expr:
    """Have the node's form chosen when its operands' types are known; returns the node."""
    node.meta[_FORM] = form
    return node


def apply(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, sql: Callable[[exp.Expr], str]) -> exp.Expr:
    """The tree with every deferred node in its form; the tree is used up.

    Args:
        tree: whose tables are bound.
        sql: gives the DuckDB SQL of a tree.
    """
    root = exp.Tuple(expressions=[tree])
    deferred = [node for node in _sources_first(root) if _is_deferred(node)]
    queries = {id(node.find_ancestor(exp.Select)) for node in deferred}
    tables = EmptyTables(connection, sql) if len(queries) > FEW_QUERIES else None
    while deferred:
        select = deferred[0].find_ancestor(exp.Select)
        batch = [node for node in deferred if node.find_ancestor(exp.Select) is select and not _holds_deferred(node)]
        batch = batch or deferred[:1]
        types_of_each = _types(connection, select, batch, sql, tables)
        done = {id(node) for node in batch}
        deferred = [node for node in deferred if id(node) not in done]
        for node, types in zip(batch, types_of_each, strict=True):
            form: Form = node.meta.pop(_FORM)
            formed = form(node, types)
            if formed is not node:
                node.replace(formed)
    found: exp.Expr = root.expressions[0]
    return found.pop()


def _sources_first(root: exp.Expr) -> list[exp.Expr]:
    """All nodes, a node after what is in it, and a query's expressions after its sources, whose types they have."""
    pending, found = [root], list[exp.Expr]()
    while pending:
        node = pending.pop()
        found.append(node)
        pending += sorted(node.iter_expressions(), key=lambda one: one.arg_key not in _SOURCES)
    return found[::-1]


def _is_deferred(node: exp.Expr) -> bool:
    return bool((node._meta or {}).get(_FORM))


def _holds_deferred(node: exp.Expr) -> bool:
    return any(_is_deferred(one) for one in node.walk() if one is not node)


def _operands(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    return [node.left, node.right] if isinstance(node, exp.Binary) else [node.this]


def _types(
    connection: duckdb.DuckDBPyConnection,
    select: exp.Select | None,
    nodes: Sequence[exp.Expr],
    sql: Callable[[exp.Expr], str],
    tables: EmptyTables | None,
) -> list[list[str]]:
    """The types of each node's operands."""
    found = _describe(connection, select, nodes, sql, tables, grouped=False)
    if found is not None:
        return found
    if len(nodes) > 1:
        return [_types(connection, select, [node], sql, tables)[0] for node in nodes]
    return _describe(connection, select, nodes, sql, tables, grouped=True) or [["" for _ in _operands(nodes[0])]]


def _describe(
    connection: duckdb.DuckDBPyConnection,
    select: exp.Select | None,
    nodes: Sequence[exp.Expr],
    sql: Callable[[exp.Expr], str],
    tables: EmptyTables | None,
    *,
    grouped: bool,
) -> list[list[str]] | None:
    """The types of the operands of nodes in one query; None where these cannot be bound.

    Args:
        grouped: with the GROUP BY of the query; without it, what is grouped by need not be the operand itself.
    """
    operands = [operand.copy() for node in nodes for operand in _operands(node)]
    query = _query_around(nodes[0], select, tables, grouped=grouped)
    query.set("expressions", [exp.alias_(operand, f"c{i}") for i, operand in enumerate(operands)])
    try:
        rows = connection.execute(f"describe {sql(query)}").fetchall()
    except duckdb.Error:
        return None
    kinds = iter([str(row[1]) for row in rows])
    return [[next(kinds) for _ in _operands(node)] for node in nodes]


def _query_around(
    node: exp.Expr, select: exp.Select | None, tables: EmptyTables | None, *, grouped: bool
) -> exp.Select:
    """The sources of a query, with the common table expressions that it sees."""
    if select is None:
        return _sources_of_change(node)
    seen, recursive = _common_tables(select)
    ctes = [cte.copy() for cte in seen] if tables is None or recursive else tables.common_tables(seen)
    query = exp.Select()
    if ctes:
        query.set("with_", exp.With(expressions=ctes, recursive=recursive))
    left_out = {"expressions", "with_", *_CLAUSES, *(() if grouped else ("group",))}
    for name in select.args.keys() - left_out:
        value = select.args[name]
        query.set(name, copied(value) if tables is None or recursive else tables.copied(value, ctes))
    for join in query.args.get("joins") or ():
        if join.args.get("on"):
            # rows do not matter, and the condition may fit only when its operands have their forms
            join.set("on", exp.true())
    return query


def _sources_of_change(node: exp.Expr) -> exp.Select:
    """What an expression outside of all queries sees: the target of a MERGE, UPDATE or DELETE, and a MERGE's source."""
    change = node.find_ancestor(exp.Merge) or node.find_ancestor(exp.Update, exp.Delete)
    if change is None:
        return exp.Select()
    query = exp.Select().from_(change.this.copy())
    source = change.args.get("using")
    return query.join(source.copy(), join_type="cross") if isinstance(source, exp.Expr) else query


def _common_tables(select: exp.Select) -> tuple[list[exp.Expr], bool]:
    """The common table expressions that a query sees, its own last, and whether one of them may read itself."""
    own = select.args.get("with_")
    seen: list[exp.Expr] = list(own.expressions) if own is not None else []
    recursive = own is not None and bool(own.recursive)
    child: exp.Expr = select
    while child.parent is not None:
        parent = child.parent
        with_ = parent.args.get("with_")
        if isinstance(parent, exp.With):
            before = parent.expressions[: next(i for i, one in enumerate(parent.expressions) if one is child)]
            seen, recursive = before + seen, recursive or bool(parent.recursive)
        elif isinstance(with_, exp.With) and with_ is not child:
            seen, recursive = with_.expressions + seen, recursive or bool(with_.recursive)
        child = parent
    return seen, recursive


def is_moment_without_zone(kind: str) -> bool:
    """Whether a DuckDB type is one of timestamps without a zone."""
    return bool(re.fullmatch(r"TIMESTAMP(_S|_MS|_NS)?", kind))
