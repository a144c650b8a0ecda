"""INSERT INTO a Hive or Iceberg table."""

from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp

from infra.local.athena.api.results import Column
from infra.local.athena.catalog.glue import Table, data_columns, duck_type, is_iceberg, is_view, partition_keys
from infra.local.athena.data import binding, writer
from infra.local.athena.data.text_files import TextFormat
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session, arrow
from infra.local.glue.hive_types import quote_identifier


def insert(session: Session, tree: exp.Insert) -> int:
    """INSERT INTO; returns the number of rows written.

    Raises:
        AthenaError: the columns do not fit the table.
    """
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    database, name = session.place(target.db, target.name)
    table = session.caller.catalog.table(database, name)
    if is_view(table):
        raise AthenaError("NOT_SUPPORTED: Inserting into views is not supported")
    source = tree.expression
    while isinstance(source, exp.Subquery | exp.Paren):
        source = source.this
    if tree.args.get("with_"):
        source.set("with_", tree.args["with_"])
    select, given = binding.query(session, source)
    names = [column for column, _ in data_columns(table) + partition_keys(table)]
    named = [column.name.lower() for column in tree.this.expressions] if isinstance(tree.this, exp.Schema) else names
    if len(given) != len(named) or not set(named) <= set(names):
        raise AthenaError(
            f"MISMATCHED_COLUMN: Insert query has mismatched column types: Table: [{', '.join(named)}], "
            f"Query: [{', '.join(column.type for column in given)}]"
        )
    numbered = f"({select}) as q({', '.join(f'c{i}' for i in range(len(given)))})"
    if is_iceberg(table):
        return _insert_iceberg(session, database, name, named, numbered)
    return _insert_hive(session, database, table, named, numbered)


def _insert_iceberg(session: Session, database: str, name: str, named: Sequence[str], source: str) -> int:
    # the table's own schema decides the types, not the catalog's copy of it
    renamed = ", ".join(f"c{i} as {quote_identifier(column)}" for i, column in enumerate(named))
    data = arrow(session.connection, f"select {renamed} from {source}")
    try:
        session.caller.iceberg.append(database, name, data)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise AthenaError(f"TYPE_MISMATCH: Insert query has mismatched column types: {error}") from None
    return int(data.num_rows)


def _insert_hive(session: Session, database: str, table: Table, named: Sequence[str], source: str) -> int:
    columns = [Column(column, hive) for column, hive in data_columns(table) + partition_keys(table)]
    values = ", ".join(
        f"cast({f'c{named.index(column.name)}' if column.name in named else 'null'} as {duck_type(column.hive)}) "
        f"as {quote_identifier(column.name)}"
        for column in columns
    )
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary", "").lower()
    file_format = next((known for known in ("parquet", "json", "orc", "avro") if known in library), "textfile")
    text_format = TextFormat.of(serde) if file_format == "textfile" else None
    keys = [key for key, _ in partition_keys(table)]
    select = f"select {values} from {source}"
    partitions, count = writer.write_files(
        session, select, columns, storage["Location"], keys, file_format, "gzip", text_format
    )
    if partitions:
        session.caller.catalog.add_partitions(database, table["Name"], partitions, storage)
    return count
