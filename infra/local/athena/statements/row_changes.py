"""MERGE, UPDATE and DELETE on Iceberg tables, merge-on-read as Athena does them.

DuckDB runs the statement on a copy of those data files that can hold rows for it. What it changed or deleted becomes
position deletes, what it changed or inserted new data files, both in one commit; no other file is written.
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
"""

import dataclasses
import random
import time

import pyarrow as pa
from pyiceberg import expressions as iceberg
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.table import FileScanTask
from sqlglot import exp

from infra.local.athena.catalog.glue import is_iceberg
from infra.local.athena.data import binding, dynamic_filters, pruning, row_delta
from infra.local.athena.data.iceberg import Snapshot, fit
from infra.local.athena.errors import OTHER, AthenaError
from infra.local.athena.session import Session, arrow
from infra.local.glue.hive_types import quote_identifier

_ATTEMPTS = 5
# columns of the copy that the table does not have: a data file's index, the row's number in it, whether it was updated
_FILE, _POSITION, _UPDATED = "__file", "__position", "__updated"


@dataclasses.dataclass(frozen=True)
class _Target:
    """The table that a statement changes.

    Args:
        relation: its copy, in schema `__scan`.
        alias: the name by which the statement knows it.
    """

    snapshot: Snapshot
    relation: str
    alias: str

    @property
    def columns(self) -> list[str]:
        """The lower-case names of the table's columns."""
        return list(self.snapshot.names())

    def in_from(self) -> exp.Table:
        """The copy as FROM, UPDATE and MERGE name it."""
        return exp.to_table(f"__scan.{self.relation}", alias=exp.to_identifier(self.alias, quoted=True))


def change(session: Session, tree: exp.Merge | exp.Update | exp.Delete) -> int:
    """Run the statement; returns the number of rows changed. Starts anew when another commit came in between.

    Raises:
        AthenaError: not an Iceberg table, or commits kept coming in between.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _change(session, tree.copy())
        except (CommitFailedException, ValidationException):
            time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311 - jitter, no secret
    raise AthenaError("ICEBERG_COMMIT_ERROR: Failed to commit: the table was changed by others", OTHER)


def _change(session: Session, tree: exp.Expr) -> int:
    session.tables.clear()  # another commit came in between, or this is the first attempt
    database, name = session.place(tree.this.db, tree.this.name)
    if not is_iceberg(session.caller.catalog.table(database, name)):
        raise AthenaError("NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables")
    table = session.caller.iceberg.load(database, name)
    target = _Target(Snapshot(table.scan()), session.new_name("target"), tree.this.alias or name)
    _create_copy(session, target)
    tree.set("this", target.in_from())
    if isinstance(tree, exp.Merge):
        _bind_source(session, tree)
    tasks = target.snapshot.tasks(_row_filter(session, tree, target))
    _fill_copy(session, target, tasks, _columns_read(tree, target))
    _mark_updates(tree, target)
    connection = session.connection
    changed = connection.execute(binding.bind(session, tree)).fetchone()
    if not changed or not changed[0]:
        return 0
    columns = ", ".join(map(quote_identifier, target.columns))
    added = arrow(connection, f"select {columns} from __scan.{target.relation} where {_FILE} is null or {_UPDATED}")
    row_delta.commit(table, _deleted_rows(session, target, tasks), tasks, fit(table, added))
    return int(changed[0])


def _create_copy(session: Session, target: _Target) -> None:
    session.connection.register("__arrow", target.snapshot.schema().empty_table())
    columns = ", ".join(map(quote_identifier, target.columns))
    session.connection.execute(
        f"create table __scan.{target.relation} as select {columns}, cast(null as integer) as {_FILE}, "
        f"cast(null as bigint) as {_POSITION}, cast(null as boolean) as {_UPDATED} from __arrow"
    )
    session.connection.unregister("__arrow")


def _bind_source(session: Session, tree: exp.Merge) -> None:
    """Evaluate the source of a MERGE once, for the keys that prune files and for the statement."""
    source, name = tree.args["using"], session.new_name("source")
    alias = source.alias or source.name or name
    sql = binding.bind(session, exp.select("*").from_(source.copy()))
    kinds = {str(row[1]) for row in session.connection.execute(f"describe {sql}").fetchall()}
    # a table cannot have columns of nulls without a type
    kind = "view" if '"NULL"' in kinds or "NULL" in kinds else "table"
    session.connection.execute(f"create {kind} __scan.{name} as {sql}")
    tree.set("using", exp.to_table(f"__scan.{name}", alias=exp.to_identifier(alias, quoted=True)))


def _row_filter(session: Session, tree: exp.Expr, target: _Target) -> iceberg.BooleanExpression:
    """What the metadata of data files can be asked, for leaving out those without rows for the statement."""
    schema = target.snapshot.scan.projection()
    if isinstance(tree, exp.Merge):
        source, condition = tree.args["using"], tree.args["on"]
        query = exp.select("1").from_(target.in_from()).join(source.copy(), on=condition.copy())
        fields = {field.name.lower(): (field.name, field.field_type) for field in schema.fields}
        dynamic = dynamic_filters.merge_filter(session.connection, condition, target.alias, source, fields)
    else:
        where = tree.args.get("where")
        query = exp.select("1").from_(target.in_from())
        query = query.where(where.this.copy()) if where else query
        dynamic = iceberg.AlwaysTrue()
    sql = binding.bind(session, query, with_data=False)
    need = pruning.needs(session.connection, sql, {target.relation: target.columns})[target.relation]
    return iceberg.And(pruning.row_filter(need, schema), dynamic)


def _columns_read(tree: exp.Expr, target: _Target) -> set[str]:
    """The columns that the statement reads of the rows that it changes.

    Of a row that is written anew those that are not set. A MERGE projects one row of the set expressions and of the
    other columns, and Trino's optimizer prunes what this row does not need:
    https://github.com/trinodb/trino/blob/master/core/trino-main/src/main/java/io/trino/sql/planner/QueryPlanner.java
    """
    read: set[str] = set()
    assigned = {id(eq.this) for update in tree.find_all(exp.Update) for eq in update.expressions}
    assigned |= {id(column) for insert in tree.find_all(exp.Insert) for column in _inserted(insert)}
    for column in tree.find_all(exp.Column):
        of_target = not isinstance(tree, exp.Merge) or column.table.lower() in ("", target.alias.lower())
        if id(column) not in assigned and of_target:
            read.add(column.name.lower())
    for update in tree.find_all(exp.Update):
        read |= set(target.columns) - {eq.this.name.lower() for eq in update.expressions}
    return read & set(target.columns)


def _inserted(insert: exp.Insert) -> list[exp.Expr]:
    return list(insert.this.expressions) if isinstance(insert.this, exp.Tuple) else []


def _fill_copy(session: Session, target: _Target, tasks: list[FileScanTask], columns: set[str]) -> None:
    values = ", ".join(quote_identifier(name) if name in columns else "null" for name in target.columns)
    for index, task in enumerate(tasks):
        data, scanned = target.snapshot.read_file(task, columns)
        session.scanned += scanned
        positions = row_delta.live_positions(target.snapshot.scan.io, task)
        data = data.take(pa.array(positions)).append_column(_POSITION, pa.array(positions))
        session.connection.register("__arrow", data)
        session.connection.execute(
            f"insert into __scan.{target.relation} select {values}, {index}, {_POSITION}, false from __arrow"
        )
        session.connection.unregister("__arrow")
    session.connection.execute(
        f"create table __scan.{target.relation}_rows as select {_FILE}, {_POSITION} from __scan.{target.relation}"
    )


def _mark_updates(tree: exp.Expr, target: _Target) -> None:
    """Let the statement itself say which rows it updates, and name the columns that it inserts."""
    for update in [tree] if isinstance(tree, exp.Update) else list(tree.find_all(exp.Update)):
        update.append("expressions", exp.EQ(this=exp.column(_UPDATED), expression=exp.true()))
    for insert in tree.find_all(exp.Insert):
        if insert.this is None:
            insert.set("this", exp.Tuple(expressions=[exp.column(name, quoted=True) for name in target.columns]))


def _deleted_rows(session: Session, target: _Target, tasks: list[FileScanTask]) -> dict[str, row_delta.Positions]:
    """Data file -> the rows of it that are gone or have a new version."""
    gone = session.connection.execute(
        f"select {_FILE} as file, list({_POSITION} order by {_POSITION}) as positions "
        f"from (from __scan.{target.relation}_rows except select {_FILE}, {_POSITION} from __scan.{target.relation} "
        f"where {_FILE} is not null and not {_UPDATED}) group by 1"
    ).fetchnumpy()
    return {tasks[file].file.file_path: rows for file, rows in zip(gone["file"], gone["positions"], strict=True)}
