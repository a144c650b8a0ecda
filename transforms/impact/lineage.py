"""Of each column of a query: how it is worked out, and from which columns of which tables; likewise of its rows.

Two queries give a column alike when its digest and that of the rows are the same, whatever the common table expressions
in between are called.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

DIALECT = "trino"
Column = tuple[str, str]
"""Table and column, in lower case."""

_CLAUSES = ("where", "group", "having", "qualify", "distinct")


@dataclasses.dataclass(frozen=True)
class Definition:
    """How something is worked out.

    Args:
        digest: of the expression, with what it reads in the place of names.
        sources: columns of tables that it reads.
    """

    digest: str
    sources: frozenset[Column]


@dataclasses.dataclass(frozen=True)
class Lineage:
    """Of one query.

    Args:
        columns: of its result, by name.
        rows: which rows there are: what filters, joins and groups them.
        tables: that it reads.
    """

    columns: Mapping[str, Definition]
    rows: Definition
    tables: frozenset[str]


def trace(sql: str, schema: Mapping[str, Iterable[str]]) -> Lineage:
    """The lineage of a query.

    Args:
        sql: one SELECT in Trino's SQL.
        schema: the columns of each table that it may read.

    Raises:
        sqlglot.errors.SqlglotError: it cannot be read.
    """
    known: dict[str, object] = {table: dict.fromkeys(columns, "unknown") for table, columns in schema.items()}
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    for table in tree.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    tree = qualify(tree, schema=known, dialect=DIALECT, validate_qualify_columns=False)
    scope = build_scope(tree)
    if scope is None:
        return Lineage({}, Definition("", frozenset()), frozenset())
    tracer = _Tracer()
    outputs, rows = tracer.trace(scope)
    return Lineage(outputs, rows, frozenset(tracer.tables))


def find_tables(sql: str) -> frozenset[str]:
    """The tables that a query names, in lower case."""
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    named = {table.name.lower() for table in tree.find_all(exp.Table)}
    return frozenset(named - {cte.alias.lower() for cte in tree.find_all(exp.CTE)})


class _Tracer:
    def __init__(self) -> None:
        self.tables: set[str] = set()
        self._traced: dict[int, tuple[dict[str, Definition], Definition]] = {}

    def trace(self, scope: Scope) -> tuple[dict[str, Definition], Definition]:
        """The columns of a scope and its rows."""
        if id(scope) not in self._traced:
            expression = scope.expression
            if isinstance(expression, exp.SetOperation):
                found = self._trace_union(scope, expression)
            else:
                found = self._trace_select(scope)
            self._traced[id(scope)] = found
        return self._traced[id(scope)]

    def _trace_union(self, scope: Scope, union: exp.SetOperation) -> tuple[dict[str, Definition], Definition]:
        (left, left_rows), (right, right_rows) = (self.trace(one) for one in scope.set_operation_scopes)
        columns = {
            name: _join(type(union).__name__, mine, other)
            for (name, mine), other in zip(left.items(), right.values(), strict=True)
        }
        return columns, _join(type(union).__name__ + str(union.args.get("distinct")), left_rows, right_rows)

    def _trace_select(self, scope: Scope) -> tuple[dict[str, Definition], Definition]:
        select = scope.expression
        selected = sorted(scope.selected_sources.items(), key=lambda one: one[0])
        rows = [self._of_source(source) for _, (_, source) in selected]
        ordered = select.args.get("order") if select.args.get("limit") else None
        clauses = [select.args.get(name) for name in _CLAUSES] + [ordered, select.args.get("limit")]
        clauses += [*(select.args.get("joins") or []), *(select.args.get("laterals") or [])]
        rows += [self._expand(scope, clause) for clause in clauses if isinstance(clause, exp.Expr)]
        shown = select.selects if isinstance(select, exp.Select) else []
        return {one.alias_or_name: self._expand(scope, one.unalias()) for one in shown}, _join("rows", *rows)

    def _of_source(self, source: Scope | exp.Expr) -> Definition:
        if isinstance(source, Scope):
            return self.trace(source)[1]
        if isinstance(source, exp.Table):
            self.tables.add(source.name.lower())
            return Definition(_digest(source.name.lower()), frozenset({(source.name.lower(), "*")}))
        return Definition(_digest(source.sql(dialect=DIALECT)), frozenset())

    def _expand(self, scope: Scope, expression: exp.Expr) -> Definition:
        """An expression with definitions in the place of columns and subqueries."""
        parts: list[Definition] = []
        inner = {id(one.expression): one for one in scope.subquery_scopes}

        def define(node: exp.Expr) -> exp.Expr:
            if id(node) in inner:
                outputs, rows = self.trace(inner[id(node)])
                found = _join("subquery", *outputs.values(), rows)
            elif isinstance(node, exp.Column):
                found = self._of_column(scope, node)
            elif isinstance(node, exp.Table | exp.Subquery) and isinstance(node.parent, exp.Join | exp.From):
                # what a join is with is among the scope's sources
                return exp.to_identifier("source")
            else:
                return node
            parts.append(found)
            return exp.to_identifier(found.digest)

        text = _transform(expression, define).sql(dialect=DIALECT)
        return Definition(_digest(text), frozenset().union(*(part.sources for part in parts)))

    def _of_column(self, scope: Scope, column: exp.Column) -> Definition:
        at: Scope | None = scope
        while at is not None:
            source = at.sources.get(column.table)
            if isinstance(source, Scope):
                outputs = self.trace(source)[0]
                name = column.name
                if name in outputs:
                    return outputs[name]
                # of an UNNEST or VALUES
                return _join(f"{column.table}.{name}", self.trace(source)[1])
            if isinstance(source, exp.Table):
                table = source.name.lower()
                return Definition(_digest(f"{table}.{column.name.lower()}"), frozenset({(table, column.name.lower())}))
            at = at.parent
        return Definition(_digest(column.sql(dialect=DIALECT)), frozenset())


def _transform(expression: exp.Expr, define: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """A copy in which `define` has replaced what it knows, from the outside in."""
    replaced = define(expression)
    if replaced is not expression:
        return replaced
    copied = expression.__class__()
    for key, value in expression.args.items():
        if isinstance(value, exp.Expr):
            copied.set(key, _transform(value, define))
        elif isinstance(value, list):
            copied.set(key, [_transform(one, define) if isinstance(one, exp.Expr) else one for one in value])
        else:
            copied.set(key, value)
    return copied


def _join(word: str, *parts: Definition) -> Definition:
    return Definition(
        _digest(" ".join([word, *(part.digest for part in parts)])),
        frozenset().union(*(part.sources for part in parts)),
    )


def _digest(text: str) -> str:
    return "d" + hashlib.sha256(text.encode()).hexdigest()[:16]
