"""Aliases where DuckDB sees them and Trino does not.

DuckDB lets WHERE, GROUP BY, HAVING and other select items use the aliases of the same SELECT; Trino resolves only the
columns of FROM there (https://trino.io/docs/current/sql/select.html), so such a query would run here and fail on AWS.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from infra.local.athena.errors import AthenaError, place

_CLAUSES = ("where", "group", "having")
_DEPTH_LIMIT = 50

Relations = Mapping[str, Sequence[str]]
"""Relation in schema `__scan` -> its columns."""


def check(tree: exp.Expr, relations: Relations, sql: str) -> None:
    """Refuse what DuckDB would find and Trino would not.

    Args:
        tree: a statement whose tables are bound.
        sql: the statement's text, for the place in the message.

    Raises:
        AthenaError: COLUMN_NOT_FOUND, for an alias that Trino would not see.
    """
    for select in tree.find_all(exp.Select):
        used = [column for column in _own_columns(select) if column.name.lower() in _aliases(select)]
        known = _from(select, relations, 0) if used else None
        for column in used:
            if known is not None and column.name.lower() not in known:
                name = column.name.lower()
                raise AthenaError(f"COLUMN_NOT_FOUND: {place(sql, name)}Column '{name}' cannot be resolved")


def _aliases(select: exp.Select) -> set[str]:
    return {item.alias.lower() for item in select.expressions if isinstance(item, exp.Alias)}


def _own_columns(select: exp.Select) -> Iterator[exp.Column]:
    """The unqualified columns in those clauses of a SELECT where aliases do not count."""
    if select.find_ancestor(exp.Select) and not isinstance(select.parent, exp.CTE) and not _is_source(select):
        return  # a subquery in an expression may mean a column of the query around it
    for part in [*select.expressions, *(select.args[name] for name in _CLAUSES if select.args.get(name))]:
        for column in part.find_all(exp.Column):
            parameters = [
                p.name for f in _ancestors(column, select) if isinstance(f, exp.Lambda) for p in f.expressions
            ]
            if column.find_ancestor(exp.Select) is select and not column.table and column.name not in parameters:
                yield column


def _is_source(select: exp.Select) -> bool:
    return isinstance(select.parent, exp.Subquery) and isinstance(select.parent.parent, exp.From | exp.Join)


def _ancestors(node: exp.Expr, end: exp.Expr | None = None) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None and parent is not end:
        yield parent
        parent = parent.parent


def _from(select: exp.Select, relations: Relations, depth: int) -> set[str] | None:
    """The columns that FROM offers; None when they are not all known."""
    from_ = select.args.get("from_")
    sources = [from_.this] if from_ else []
    sources += [join.this for join in select.args.get("joins") or []]
    found: set[str] = set()
    for source in [*sources, *(select.args.get("laterals") or [])]:
        columns = _columns(source, relations, depth)
        if columns is None:
            return None
        found |= columns
        for join in source.args.get("joins") or []:
            joined = _columns(join.this, relations, depth)
            if joined is None:
                return None
            found |= joined
    return found


def _columns(source: exp.Expr, relations: Relations, depth: int) -> set[str] | None:
    alias = source.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        return {column.name.lower() for column in alias.columns}
    if isinstance(source, exp.Subquery):
        return _outputs(source.this, relations, depth + 1)
    if isinstance(source, exp.Table) and source.db == "__scan":
        columns = relations.get(source.name)
        return set(columns) if columns is not None else None
    if isinstance(source, exp.Table) and not source.db:
        return _common_table(source, relations, depth + 1)
    return None


def _common_table(source: exp.Table, relations: Relations, depth: int) -> set[str] | None:
    for parent in _ancestors(source):
        with_ = parent.args.get("with_")
        for cte in with_.expressions if with_ else []:
            if cte.alias.lower() == source.name.lower():
                if cte.args["alias"].args.get("columns"):
                    return {column.name.lower() for column in cte.args["alias"].columns}
                return _outputs(cte.this, relations, depth)
    return None


def _outputs(query: exp.Expr, relations: Relations, depth: int) -> set[str] | None:
    """The columns that a query gives; a few too many do no harm."""
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Select) or depth > _DEPTH_LIMIT:
        return None
    found = {item.alias_or_name.lower() for item in query.expressions if not item.is_star}
    if any(item.is_star for item in query.expressions):
        sources = _from(query, relations, depth)
        return None if sources is None else found | sources
    return found
