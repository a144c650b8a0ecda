"""CREATE TABLE AS: a query's rows become a new Hive or Iceberg table."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from infra.local.athena.api.results import Column
from infra.local.athena.data import binding, writer
from infra.local.athena.data.text_files import TextFormat
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session, arrow
from infra.local.athena.sql import intervals
from infra.local.glue.hive_types import FORMATS

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
    if session.caller.objects.list_prefix(location):
        raise AthenaError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{database}.{name}' already exists: {location}. "
            "You may need to manually clean the data at location before retrying"
        )
    with_data = not _without_data(tree)
    select, columns = binding.query(session, tree.expression, with_data)
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
        if column.hive == "uuid":
            raise AthenaError("NOT_SUPPORTED: Unsupported Hive type: uuid")
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
    delimiter = str(properties.get("field_delimiter") or "") if file_format == "textfile" else ""
    partitions, count = writer.write_files(
        session, select, columns, location, keys, file_format, compression, TextFormat(delimiter) if delimiter else None
    )
    input_format, output_format, library = FORMATS[file_format]
    storage = {
        "Columns": [{"Name": column.name, "Type": column.hive} for column in columns if column.name not in keys],
        "Location": location.rstrip("/"),
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "SerdeInfo": {
            "SerializationLibrary": library,
            "Parameters": {"field.delim": delimiter, "serialization.format": delimiter} if delimiter else {},
        },
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
    if not location and not session.scratch.startswith("s3:"):
        raise AthenaError("A table needs a location in a workgroup whose query results are managed")
    return str(location) if location else f"{session.scratch}{uuid.uuid4()}/"


def _check_names(columns: Sequence[Column]) -> None:
    for column in columns:
        if column.hive == "unknown":
            raise AthenaError(f"COLUMN_TYPE_UNKNOWN: Column type is unknown: {column.name}")
        if column.hive in ("json", "time", "time with time zone", intervals.DAY_TO_SECOND):
            raise AthenaError(f"NOT_SUPPORTED: Unsupported Hive type: {column.hive}")
    names = [column.name for column in columns]
    for i, name in enumerate(names, 1):
        if name.startswith("_col"):
            raise AthenaError(f"MISSING_COLUMN_NAME: Column name not specified at position {i}")
        if name in names[: i - 1]:
            raise AthenaError(f"DUPLICATE_COLUMN_NAME: Column name '{name}' specified more than once")
