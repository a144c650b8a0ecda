"""Catalog tables as DuckDB relations: every table that a statement names, bound with just the data that it needs.

Each mention of a table becomes a relation of its own in schema `__scan`, first empty (so that DuckDB can check and plan
the statement), then with data. Views are put in place of their names.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa
from sqlglot import exp

from infra.local.athena.api.results import Column
from infra.local.athena.catalog import information_schema, views
from infra.local.athena.catalog.glue import (
    NULL_PARTITION,
    Table,
    data_columns,
    duck_type,
    is_iceberg,
    is_view,
    partition_keys,
)
from infra.local.athena.data import hive_files, pruning
from infra.local.athena.data.iceberg import Snapshot, Version
from infra.local.athena.data.metadata_tables import METADATA_TABLES
from infra.local.athena.errors import AthenaError, QueryCancelledError
from infra.local.athena.session import Session, arrow, define_functions
from infra.local.athena.sql import alias_check, intervals, operand_types, query_check, trino, type_check, unnest, zones
from infra.local.athena.sql.duckdb_errors import from_duckdb
from infra.local.glue.hive_types import quote_identifier

CATALOGS = ("awsdatacatalog", "hive")


@dataclasses.dataclass(frozen=True)
class _Mention:
    """One mention of a catalog table in a statement.

    Args:
        name: its relation in schema `__scan`.
        snapshot: of an Iceberg table, opened.
        with_path: the statement names `"$path"`.
        readings: how often Trino reads it: each mention of a common table expression is its query.
    """

    name: str
    database: str
    table: Table
    columns: list[str]
    snapshot: Snapshot | None
    with_path: bool
    readings: int


def bind(session: Session, tree: exp.Expr, with_data: bool = True) -> str:
    """DuckDB SQL for a parsed Trino statement, whose tables are bound in the session's connection.

    Args:
        with_data: False leaves the tables empty, which is enough to find out a query's columns.

    Raises:
        AthenaError: something that it names does not exist or does not fit.
        QueryCancelledError: it would read more than the workgroup allows.
    """
    return _bind(session, tree, with_data)[0]


def _bind(session: Session, tree: exp.Expr, with_data: bool) -> tuple[str, list[_Mention]]:
    mentions: list[_Mention] = []
    tree = trino.to_duck(tree)
    columns = list(tree.find_all(exp.Column))
    with_path = any(column.name == "$path" for column in columns)
    for column in columns:
        if column.name.lower() == "current_schema" and not column.table and not column.this.quoted:
            column.replace(exp.Literal.string(session.database))
    for user in tree.find_all(exp.CurrentUser):
        user.replace(exp.Literal.string(session.caller.user))
    _resolve_all(session, tree, session.database, with_path, mentions)
    _define_functions(tree)
    tree = unnest.choose(session.connection, tree, lambda candidate: trino.duck_sql(candidate.copy()))
    tree = operand_types.apply(session.connection, tree, trino.duck_sql)
    _define_functions(tree)
    alias_check.check(tree, {mention.name: mention.columns for mention in mentions}, session.sql)
    type_check.check(session.connection, tree)
    query_check.check(session.connection, tree, session.sql)
    sql = trino.duck_sql(tree)
    if with_data:
        _fill(session, sql, mentions)
    return sql, mentions


def _define_functions(tree: exp.Expr) -> None:
    define_functions(node.name.lower() for node in tree.find_all(exp.Anonymous))


def query(session: Session, tree: exp.Expr, with_data: bool = True) -> tuple[str, list[Column]]:
    """DuckDB SQL whose columns have names and types that Trino knows, and these columns."""
    sql, mentions = _bind(session, tree, with_data)
    declared = _declared_lengths(tree, mentions)
    columns = []
    for i, (name, kind, *_) in enumerate(session.connection.execute(f"describe {sql}").fetchall()):
        given = name.isidentifier() or name.replace("$", "_").replace(" ", "_").replace("-", "_").isidentifier()
        column = Column.of(name.lower() if given else f"_col{i}", kind)
        columns.append(Column(column.name, declared.get(column.name, column.hive)))
    of_columns = zones.of_columns(tree, [column.name for column in columns])
    columns = [dataclasses.replace(column, zone=zone) for column, zone in zip(columns, of_columns, strict=True)]
    unique = len({column.name for column in columns}) == len(columns)
    casts = ", ".join(
        _typed(f"c{i}", column) + (f" as {quote_identifier(column.name)}" if unique else "")
        for i, column in enumerate(columns)
    )
    return f"select {casts} from ({sql}) as q({', '.join(f'c{i}' for i in range(len(columns)))})", columns


def _typed(value: str, column: Column) -> str:
    # what DuckDB hands to Python of an interval has days instead of months
    is_interval = column.hive == intervals.DAY_TO_SECOND
    return f"t_interval_text({value})" if is_interval else f"cast({value} as {column.duck})"


def _declared_lengths(tree: exp.Expr, mentions: Sequence[_Mention]) -> dict[str, str]:
    """The columns of tables that a query hands on as they are, and whose type in the catalog has a length."""
    if not isinstance(tree, exp.Select) or tree.args.get("with_") or tree.find(exp.Subquery):
        return {}
    kinds: dict[str, set[str]] = {}
    for mention in mentions:
        for name, hive in data_columns(mention.table) + partition_keys(mention.table):
            kinds.setdefault(name, set()).add(hive)
    handed_on = {item.name.lower() for item in tree.expressions if isinstance(item, exp.Column)}
    renamed = {item.alias.lower() for item in tree.expressions if isinstance(item, exp.Alias)}
    return {
        name: min(of)
        for name, of in kinds.items()
        if len(of) == 1
        and re.fullmatch(r"(?:var)?char\(\d+\)", min(of))
        and (name in handed_on or tree.is_star)
        and name not in renamed
    }


def _resolve_all(
    session: Session, tree: exp.Expr, database: str, with_path: bool, mentions: list[_Mention], readings: int = 1
) -> None:
    nodes = list(tree.find_all(exp.Table))
    readers: dict[int, list[exp.Table]] = {}
    for node in nodes:
        if (cte := _find_cte(node)) is not None:
            readers.setdefault(id(cte), []).append(node)
    counts = [readings * _count_readings(node, readers) for node in nodes]
    for node, count in zip(nodes, counts, strict=True):
        _resolve(session, node, database, with_path, mentions, count)


def _count_readings(node: exp.Table, readers: Mapping[int, Sequence[exp.Table]]) -> int:
    """How often Trino reads what is mentioned: a common table expression is read wherever it is named.

    https://trino.io/docs/current/sql/select.html#with-clause

    Args:
        readers: the mentions of each common table expression of the statement, by its `id`.
    """
    cte = node.find_ancestor(exp.CTE)
    if cte is None or (isinstance(cte.parent, exp.With) and cte.parent.recursive):
        return 1
    return sum(_count_readings(one, readers) for one in readers.get(id(cte), ()))


def _resolve(
    session: Session, node: exp.Table, database: str, with_path: bool, mentions: list[_Mention], readings: int
) -> None:
    if not isinstance(node.this, exp.Identifier) or node.db == "__scan" or _find_cte(node) is not None:
        return
    if node.catalog and node.catalog.lower() not in CATALOGS:
        raise AthenaError(f"CATALOG_NOT_FOUND: Catalog '{node.catalog}' does not exist")
    database, name = (node.db or database).lower(), node.name.lower()
    if database == "information_schema":
        information_schema.create(session)
        _rename(node, "information", name, name)
        return
    base, _, metadata_table = name.partition("$")
    table = session.table(database, base)
    if is_view(table):
        _inline(session, node, views.stored(table), with_path, mentions, readings)
        return
    relation = session.new_name("t")
    version = _version(node)
    if metadata_table:
        _metadata_table(session, relation, table, metadata_table)
    else:
        mentions.append(_empty(session, relation, database, table, version, with_path, readings))
    _rename(node, "__scan", relation, base)


def _find_cte(node: exp.Table) -> exp.CTE | None:
    """The common table expression that a mention means: of that name, the innermost one that can be seen from there."""
    if node.db:
        return None
    return next((cte for cte in _visible_ctes(node) if cte.alias.lower() == node.name.lower()), None)


def _visible_ctes(node: exp.Expr) -> Iterator[exp.CTE]:
    """The common table expressions that can be seen from `node`, inner ones first."""
    child, parent = node, node.parent
    while parent is not None:
        with_ = parent.args.get("with_")
        if isinstance(parent, exp.With):
            inside = next((i for i, cte in enumerate(parent.expressions) if cte is child), 0)
            # a name is not visible in its own definition: `with t as (select * from t)` reads the table
            yield from parent.expressions[: inside + bool(parent.recursive)]
        elif isinstance(with_, exp.With) and with_ is not child:
            yield from with_.expressions
        child, parent = parent, parent.parent


def _rename(node: exp.Table, schema: str, relation: str, alias: str) -> None:
    """Let a mention stand for a relation under the name by which the statement knows it."""
    node.set("catalog", None)
    node.set("db", exp.to_identifier(schema, quoted=True))
    node.set("this", exp.to_identifier(relation, quoted=True))
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _version(node: exp.Table) -> Version:
    """`FOR TIMESTAMP AS OF timestamp '…'` or `FOR VERSION AS OF 123`, taken off the node."""
    version = node.args.get("version")
    if version is None:
        return Version()
    node.set("version", None)
    if str(version.this).upper() == "VERSION":
        return Version(snapshot=int(version.expression.name))
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        moment = trino.duck_sql(version.expression)
        try:
            found = connection.execute(f"select epoch_ms(cast({moment} as timestamptz))").fetchone()
        except duckdb.Error as error:
            raise from_duckdb(error) from error
    return Version(milliseconds=int(found[0]) if found else 0)


def _inline(
    session: Session, node: exp.Table, view: views.View, with_path: bool, mentions: list[_Mention], readings: int
) -> None:
    """Put a view's query in the place of its name."""
    body = exp.Subquery(this=_translated(view.sql).copy())
    _resolve_all(session, body, view.database, with_path, mentions, readings)
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name.lower(), quoted=True))
    body.set("alias", alias)
    # joins that hang on the mention go on hanging on what replaces it
    for name in ("joins", "laterals", "pivots", "sample"):
        if node.args.get(name):
            body.set(name, node.args[name])
    node.replace(body)


@functools.lru_cache(maxsize=200)
def _translated(sql: str) -> exp.Expr:
    """A view's query, which many statements read and few change; to be copied before it is used."""
    return trino.to_duck(trino.parse(sql, check_grammar=False))


def _metadata_table(session: Session, relation: str, table: Table, name: str) -> None:
    if name == "partitions" and not is_iceberg(table) and partition_keys(table):
        _create(session, relation, _partitions(session, table))
        return
    if not is_iceberg(table) or name not in METADATA_TABLES:
        raise AthenaError(f"TABLE_NOT_FOUND: Table '{table['DatabaseName']}.{table['Name']}${name}' does not exist")
    _create(session, relation, session.caller.iceberg.metadata_table(table, name))


def _partitions(session: Session, table: Table) -> pa.Table:
    """`"table$partitions"` of a Hive table: its partitions' values."""
    values = [one["Values"] for one in session.caller.catalog.partitions(table["DatabaseName"], table["Name"])]
    keys = partition_keys(table)
    texts = pa.table({name: pa.array([row[i] for row in values], pa.string()) for i, (name, _) in enumerate(keys)})
    session.connection.register("__partitions", texts)
    typed = ", ".join(
        f"cast(nullif({quote_identifier(name)}, '{NULL_PARTITION}') as {duck_type(hive)}) as {quote_identifier(name)}"
        for name, hive in keys
    )
    found = arrow(session.connection, f"select {typed} from __partitions")
    session.connection.unregister("__partitions")
    return found


def _create(session: Session, relation: str, data: pa.Table, select: str = "*") -> None:
    """A DuckDB table of Arrow data: its own copy, since scans of Arrow push filters down that Arrow cannot take."""
    session.connection.register("__arrow", data)
    session.connection.execute(f"create or replace table __scan.{relation} as select {select} from __arrow")
    session.connection.unregister("__arrow")


def _empty(
    session: Session, relation: str, database: str, table: Table, version: Version, with_path: bool, readings: int
) -> _Mention:
    """Bind a table without data."""
    if is_iceberg(table):
        snapshot = session.caller.iceberg.snapshot(table, version)
        schema = snapshot.schema()
        _create(session, relation, schema.empty_table())
        return _Mention(relation, database, table, schema.names, snapshot, with_path=False, readings=readings)
    if version != Version():
        raise AthenaError("NOT_SUPPORTED: This connector does not support versioned tables")
    columns = [(name, duck_type(hive)) for name, hive in data_columns(table) + partition_keys(table)]
    if with_path:
        columns.append(("$path", "VARCHAR"))
    fields = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in columns)
    session.connection.execute(f"create table __scan.{relation} ({fields})")
    return _Mention(relation, database, table, [name for name, _ in columns], None, with_path, readings)


def _fill(session: Session, sql: str, mentions: Sequence[_Mention]) -> None:
    """Put in the place of the empty tables what the statement needs of them."""
    needs = pruning.needs(session.connection, sql, {mention.name: mention.columns for mention in mentions})
    for mention in mentions:
        need, before = needs[mention.name], session.scanned
        if mention.snapshot is not None:
            _fill_iceberg(session, mention, mention.snapshot, need)
        else:
            select = hive_files.relation(session, mention.database, mention.table, need, mention.with_path)
            session.connection.execute(f"drop table __scan.{mention.name}")
            session.connection.execute(f"create view __scan.{mention.name} as {select}")
        session.scanned += (mention.readings - 1) * (session.scanned - before)
        if session.scan_limit is not None and session.scanned > session.scan_limit:
            raise QueryCancelledError("Query cancelled! : Bytes scanned limit was exceeded")


def _fill_iceberg(session: Session, mention: _Mention, snapshot: Snapshot, need: pruning.Need) -> None:
    chosen = need.chosen(mention.columns)
    data, scanned = snapshot.read(chosen, pruning.row_filter(need, snapshot.scan.projection()))
    session.scanned += scanned
    described = session.connection.execute(f"describe __scan.{mention.name}").fetchall()
    select = ", ".join(
        f"cast({quote_identifier(name) if name in chosen else 'null'} as {kind}) as {quote_identifier(name)}"
        for name, kind, *_ in described
    )
    _create(session, mention.name, data, select)
