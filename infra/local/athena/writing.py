"""CREATE TABLE AS, INSERT and UNLOAD: a query's rows become files in S3 and entries in the catalog."""

import pathlib
import re
import tempfile
import time
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
from sqlglot import exp

from infra.local.athena import reading, trino
from infra.local.athena.catalog import (
    NULL_PARTITION,
    Table,
    data_columns,
    duck_type,
    is_iceberg,
    is_view,
    partition_keys,
)
from infra.local.athena.errors import AthenaError
from infra.local.athena.results import Column
from infra.local.athena.session import Session, arrow
from infra.local.hive_types import FORMATS, quote_identifier, quote_literal

OPEN_PARTITIONS_LIMIT = 100
"""Partitions that one CTAS or INSERT may write: https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html"""

_COPY_OPTIONS = {
    "parquet": "format parquet, compression {}",
    "json": "format json, compression gzip",
    "textfile": "format csv, header false, delim '\x01', compression gzip",
}
_UNLOAD = re.compile(r"unload\s*\((.*)\)\s*to\s+'([^']+)'\s+with\s*\((.*)\)", re.DOTALL | re.IGNORECASE)
_PROPERTY_NAMES = {
    exp.FileFormatProperty: "format",
    exp.LocationProperty: "location",
    exp.PartitionedByProperty: "partitioned_by",
}


def create_as(session: Session, tree: exp.Create) -> int:
    """CREATE TABLE … WITH (…) AS; returns the number of rows written.

    Raises:
        AthenaError: the table or its location exists, or a property is wrong.
    """
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    database, name = session.place(target.db, target.name)
    if session.caller.catalog.find(database, name):
        if tree.args.get("exists"):
            return 0
        raise AthenaError(f"TABLE_ALREADY_EXISTS: Destination table 'awsdatacatalog.{database}.{name}' already exists")
    properties = _properties(tree)
    location = _location(session, properties)
    if session.caller.objects.below(location):
        raise AthenaError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{database}.{name}' already exists: {location}. "
            "You may need to manually clean the data at location before retrying"
        )
    with_data = not _without_data(tree)
    select, columns = reading.query(session, tree.expression, with_data)
    _check_names(columns)
    if str(properties.get("table_type", "hive")).lower() == "iceberg":
        data = arrow(session.connection, select)
        session.caller.iceberg.create(database, name, data.schema, location, properties.get("partitioning", []))
        if data.num_rows:
            session.caller.iceberg.append(database, name, data)
        return int(data.num_rows)
    return _create_hive(session, database, name, properties, location, select, columns)


def _create_hive(
    session: Session,
    database: str,
    name: str,
    properties: dict[str, Any],
    location: str,
    select: str,
    columns: list[Column],
) -> int:
    for column in columns:
        if column.hive == "timestamp with time zone":
            raise AthenaError(
                f"NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone (column {column.name}). "
                "You can use CAST to convert it to timestamp"
            )
    keys = [key.lower() for key in properties.get("partitioned_by", [])]
    if keys and [column.name for column in columns[-len(keys) :]] != keys:
        raise AthenaError(
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order "
            f"as the table properties: {keys}"
        )
    file_format = str(properties.get("format", "parquet")).lower()
    if file_format not in FORMATS:
        raise AthenaError(f"NOT_SUPPORTED: format {file_format}")
    compression = properties.get("write_compression") or properties.get("parquet_compression") or "gzip"
    partitions, count = _write(session, select, columns, location, keys, file_format, compression)
    input_format, output_format, library = FORMATS[file_format]
    storage = {
        "Columns": [{"Name": column.name, "Type": column.hive} for column in columns if column.name not in keys],
        "Location": location.rstrip("/"),
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": {}},
    }
    definition = {
        "Name": name,
        "Owner": "hadoop",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": storage,
        "Parameters": {"EXTERNAL": "TRUE", "classification": file_format},
        "PartitionKeys": [{"Name": column.name, "Type": column.hive} for column in columns if column.name in keys],
    }
    session.caller.catalog.create(database, definition)
    if partitions:
        session.caller.catalog.add_partitions(database, name, partitions, storage)
    return count


def _properties(tree: exp.Create) -> dict[str, Any]:
    """The WITH (…) of a CTAS: lower-case name -> text or list of texts."""
    found: dict[str, Any] = {}
    properties = tree.args.get("properties")
    for item in properties.expressions if properties else []:
        value = item.args.get("value") or item.this
        value = value.this if isinstance(value, exp.Schema) else value
        name = _PROPERTY_NAMES.get(type(item)) or item.name.lower()
        listed = isinstance(value, exp.Array | exp.Tuple)
        found[name] = [element.name for element in value.expressions] if listed else value.name
    return found


def _without_data(tree: exp.Create) -> bool:
    properties = tree.args.get("properties")
    return any(
        isinstance(item, exp.WithDataProperty) and item.args.get("no")
        for item in (properties or exp.Properties()).expressions
    )


def _location(session: Session, properties: dict[str, Any]) -> str:
    location = properties.get("external_location")
    if location and session.enforced:
        raise AthenaError(
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query."
        )
    location = location or properties.get("location")
    return str(location) if location else f"{session.scratch}{uuid.uuid4()}/"


def _check_names(columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    for i, name in enumerate(names, 1):
        if name.startswith("_col"):
            raise AthenaError(f"MISSING_COLUMN_NAME: Column name not specified at position {i}")
        if name in names[: i - 1]:
            raise AthenaError(f"DUPLICATE_COLUMN_NAME: Column name '{name}' specified more than once")


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
    select, given = reading.query(session, source)
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
    except pa.ArrowInvalid as error:
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
    library = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "").lower()
    file_format = next((known for known in ("parquet", "json") if known in library), "textfile")
    keys = [key for key, _ in partition_keys(table)]
    select = f"select {values} from {source}"
    partitions, count = _write(session, select, columns, storage["Location"], keys, file_format, "gzip")
    if partitions:
        session.caller.catalog.add_partitions(database, table["Name"], partitions, storage)
    return count


def unload(session: Session, sql: str) -> bool:
    """UNLOAD (query) TO 's3://…' WITH (format = …); False when `sql` is something else.

    Raises:
        AthenaError: the location is not empty, or the format is unknown.
    """
    found = _UNLOAD.fullmatch(sql)
    if not found:
        return False
    body, location, options = found.groups()
    properties = {key.lower(): value for key, value in re.findall(r"(\w+)\s*=\s*'(\w+)'", options)}
    partitioned = re.search(r"partitioned_by\s*=\s*array\s*\[([^]]*)\]", options, re.IGNORECASE)
    keys = [part.strip().strip("'").lower() for part in partitioned.group(1).split(",")] if partitioned else []
    if session.caller.objects.below(location):
        raise AthenaError(f"HIVE_PATH_ALREADY_EXISTS: Target directory already exists: {location}")
    select, columns = reading.query(session, trino.parse(body))
    _write(
        session, select, columns, location, keys, properties.get("format", ""), properties.get("compression", "gzip")
    )
    return True


def _write(
    session: Session,
    select: str,
    columns: Sequence[Column],
    location: str,
    keys: Sequence[str],
    file_format: str,
    compression: str,
) -> tuple[dict[tuple[str, ...], str], int]:
    """Write a SELECT as files below `location`; returns partition values -> location, and the number of rows."""
    options = _COPY_OPTIONS.get(file_format.lower())
    if options is None:
        raise AthenaError(f"NOT_SUPPORTED: format {file_format}")
    connection, location = session.connection, location.rstrip("/")
    connection.execute(f"create or replace temp table __out as {select}")
    counted = connection.execute("select count(*) from __out").fetchone()
    count = int(counted[0]) if counted else 0
    data = ", ".join(quote_identifier(column.name) for column in columns if column.name not in keys)
    suffix = "" if file_format.lower() == "parquet" else ".gz"
    with tempfile.TemporaryDirectory(prefix="athena-") as folder:

        def copy(query: str, target: str) -> None:
            path = pathlib.Path(folder) / uuid.uuid4().hex
            connection.execute(f"copy ({query}) to {quote_literal(str(path))} ({options.format(compression.lower())})")
            uri = f"{target}/{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4().hex[:12]}{suffix}"
            session.caller.objects.put(uri, path.read_bytes())
            session.written.append(uri)

        if not keys:
            if count:
                copy(f"select {data} from __out", location)
            return {}, count
        return _write_partitions(connection, data, location, keys, copy), count


def _write_partitions(
    connection: duckdb.DuckDBPyConnection, data: str, location: str, keys: Sequence[str], copy: Any
) -> dict[tuple[str, ...], str]:
    texts = [f"cast({quote_identifier(key)} as varchar)" for key in keys]
    values = connection.execute(f"select distinct {', '.join(texts)} from __out").fetchall()
    if len(values) > OPEN_PARTITIONS_LIMIT:
        raise AthenaError(
            f"HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {OPEN_PARTITIONS_LIMIT} open writers for "
            "partitions/buckets"
        )
    partitions = {}
    for value in values:
        where = " and ".join(
            f"{text} is not distinct from {'null' if v is None else quote_literal(v)}"
            for text, v in zip(texts, value, strict=True)
        )
        named = tuple(NULL_PARTITION if v is None else v for v in value)
        folder = "/".join(f"{key}={quote(v, safe=' ')}" for key, v in zip(keys, named, strict=True))
        copy(f"select {data} from __out where {where}", f"{location}/{folder}")
        partitions[named] = f"{location}/{folder}/"
    return partitions
