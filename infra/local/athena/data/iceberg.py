"""Iceberg tables, read and written as real Iceberg through pyiceberg.

Reading: the Glue table's `metadata_location` names the metadata file of the current snapshot; opened as a static table,
a query sees one snapshot whatever commits meanwhile. Writing goes through pyiceberg's Glue catalog, so every statement
is one commit that swaps `metadata_location`, and Spark and Athena can write the same table.
"""

import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import ValidationError
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan, pyarrow_to_schema
from pyiceberg.table import DataScan, FileScanTask, StaticTable
from pyiceberg.table import Table as IcebergTable
from pyiceberg.transforms import parse_transform
from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from infra.local.athena.catalog.glue import Table
from infra.local.athena.data import metadata_tables
from infra.local.athena.errors import AthenaError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

OPEN_TABLES = 64
"""Tables whose metadata an engine keeps for each caller."""

# Athena's `bucket(16, column)` or `bucket(column, 16)`, `day(column)`, `truncate(column, 4)`, or a bare column
_PARTITIONING = re.compile(r"\s*(?:(\w+)\s*\(([^)]*)\)|[\"`]?(\w+)[\"`]?)\s*")
_TRANSFORMS = {"years": "year", "months": "month", "days": "day", "hours": "hour"}


@dataclasses.dataclass(frozen=True)
class Version:
    """Which snapshot of a table: neither given, the current one.

    Args:
        snapshot: `FOR VERSION AS OF`.
        milliseconds: `FOR TIMESTAMP AS OF`, since the epoch.
    """

    snapshot: int | None = None
    milliseconds: int | None = None


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """One snapshot of a table, opened; nothing but its metadata has been read."""

    scan: DataScan

    def schema(self) -> pa.Schema:
        """Its columns, their names in lower case."""
        schema = self.scan.projection().as_arrow()
        return pa.schema([pa.field(field.name.lower(), field.type) for field in schema])

    def names(self) -> dict[str, str]:
        """Lower-case column name -> the name in the table's schema."""
        return {field.name.lower(): field.name for field in self.scan.projection().fields}

    def read(self, columns: set[str], row_filter: BooleanExpression) -> tuple[pa.Table, int]:
        """The rows of the files that can match `row_filter`, and the bytes read for them.

        Args:
            columns: lower-case names; with none, a column of nulls says how many rows there are.
        """
        if not columns:
            return pa.table({"": pa.nulls(self.scan.update(row_filter=row_filter).count())}), 0
        return self._read(columns, row_filter, self.tasks(row_filter))

    def tasks(self, row_filter: BooleanExpression) -> list[FileScanTask]:
        """The data files that can hold rows which match `row_filter`, with the delete files that apply to them."""
        return list(self.scan.update(row_filter=row_filter).plan_files())

    def read_file(self, task: FileScanTask, columns: set[str]) -> tuple[pa.Table, int]:
        """Every row of one data file in its order, deleted ones too, and the bytes that Athena scans for it.

        Args:
            columns: lower-case names.
        """
        if columns:
            data, _ = self._read(columns, AlwaysTrue(), [FileScanTask(task.file)])
        else:
            data = pa.table({"": pa.nulls(task.file.record_count)})
        return data, _bytes(task, self._field_ids(columns))

    def _read(
        self, columns: set[str], row_filter: BooleanExpression, tasks: Sequence[FileScanTask]
    ) -> tuple[pa.Table, int]:
        scan = self._projected(columns).update(row_filter=row_filter)
        reader = ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter, scan.case_sensitive)
        fields = self._field_ids(columns)
        return lower_names(reader.to_table(tasks)), sum(_bytes(task, fields) for task in tasks)

    def _projected(self, columns: set[str]) -> DataScan:
        names = self.names()
        return self.scan.update(selected_fields=tuple(names[column] for column in sorted(columns)))

    def _field_ids(self, columns: set[str]) -> set[int]:
        fields = self._projected(columns).projection().fields if columns else ()
        return {identifier for field in fields for identifier in _identifiers(field)}


def _bytes(task: FileScanTask, fields: set[int]) -> int:
    """Of a data file the chunks of the columns read (all of it when it does not say), of delete files everything."""
    sizes = task.file.column_sizes
    read = sum(size for field, size in sizes.items() if field in fields) if sizes else task.file.file_size_in_bytes
    return read + sum(file.file_size_in_bytes for file in task.delete_files)


def _identifiers(field: NestedField) -> Iterable[int]:
    """The ids of a column and of everything nested in it."""
    yield field.field_id
    kind = field.field_type
    if isinstance(kind, StructType):
        nested = kind.fields
    elif isinstance(kind, ListType):
        nested = (kind.element_field,)
    elif isinstance(kind, MapType):
        nested = (kind.key_field, kind.value_field)
    else:
        nested = ()
    for inner in nested:
        yield from _identifiers(inner)


def lower_names(data: pa.Table) -> pa.Table:
    """Lower-case column names and no field metadata, as DuckDB and the catalog want them."""
    return pa.Table.from_arrays(
        data.columns, schema=pa.schema([pa.field(field.name.lower(), field.type) for field in data.schema])
    )


class Iceberg:
    """Iceberg tables of the Glue catalog with one caller's permissions.

    Args:
        glue: the caller's client.
        io: pyiceberg's `s3.*` settings with the caller's keys.
    """

    def __init__(self, glue: "GlueClient", io: dict[str, str]) -> None:
        self.catalog = GlueCatalog("glue", client=glue, **io)
        # a metadata file never changes, and most statements mention a table more than once
        opened = functools.partial(StaticTable.from_metadata, properties=io)
        self._open = functools.lru_cache(maxsize=OPEN_TABLES)(opened)

    def snapshot(self, table: Table, version: Version) -> Snapshot:
        """Open a table as a query sees it.

        Raises:
            AthenaError: the table has no such version.
        """
        opened = self._open(table["Parameters"]["metadata_location"])
        selected = version.snapshot
        if version.milliseconds is not None:
            found = opened.snapshot_as_of_timestamp(version.milliseconds)
            if found is None:
                raise AthenaError(
                    f"ICEBERG_INVALID_SNAPSHOT_ID: No version history table at or before {version.milliseconds}"
                )
            selected = found.snapshot_id
        elif selected is not None and opened.snapshot_by_id(selected) is None:
            raise AthenaError(f"ICEBERG_INVALID_SNAPSHOT_ID: Iceberg snapshot ID does not exists: {selected}")
        return Snapshot(opened.scan(snapshot_id=selected))

    def metadata_table(self, table: Table, name: str) -> pa.Table:
        """`"table$snapshots"` and its like."""
        opened = self._open(table["Parameters"]["metadata_location"])
        return lower_names(metadata_tables.read(opened, name))

    def load(self, database: str, name: str) -> IcebergTable:
        """The table at its current snapshot; a commit made through it fails if another came in between."""
        return self.catalog.load_table((database, name))

    def create(
        self,
        database: str,
        name: str,
        schema: pa.Schema,
        location: str,
        partitioning: Sequence[str] = (),
        properties: dict[str, str] | None = None,
    ) -> IcebergTable:
        """Create an empty table; `partitioning` holds Athena's transforms, such as `day(at)`."""
        table = self.catalog.create_table(
            (database, name),
            schema=schema,
            location=location.rstrip("/"),
            properties={"format-version": "2", **(properties or {})},
        )
        if partitioning:
            with table.update_spec() as spec:
                for text in partitioning:
                    spec.add_field(*partition_field(text))
        return self.load(database, name)

    def append(self, database: str, name: str, data: pa.Table) -> None:
        """Add rows in one commit; pyiceberg tries again when another commit came in between."""
        table = self.load(database, name)
        table.append(fit(table, data))

    def alter(
        self,
        database: str,
        name: str,
        add: pa.Schema | None = None,
        drop: Sequence[str] = (),
        change: tuple[str, str, pa.DataType] | None = None,
        properties: dict[str, str] | None = None,
    ) -> None:
        """Change columns or properties.

        Args:
            change: a column's name, its new name and its type.

        Raises:
            AthenaError: Iceberg does not allow the change of type.
        """
        table = self.load(database, name)
        if add is not None or drop:
            with table.update_schema() as schema:
                if add is not None:
                    schema.union_by_name(add)
                for column in drop:
                    schema.delete_column(column)
        if change:
            _change_column(table, *change)
        if properties:
            with table.transaction() as transaction:
                transaction.set_properties(properties)


def _change_column(table: IcebergTable, name: str, new_name: str, kind: pa.DataType) -> None:
    """https://iceberg.apache.org/spec/#schema-evolution allows int to long, float to double, a longer decimal."""
    found = table.schema().find_field(name, case_sensitive=False)
    wider = _iceberg_type(kind)
    try:
        with table.update_schema(case_sensitive=False) as schema:
            if found.field_type != wider:
                schema.update_column(name, field_type=wider)
            if name != new_name:
                schema.rename_column(name, new_name)
    except ValidationError as error:
        raise AthenaError(f"NOT_SUPPORTED: Failed to change column {name}: {error}") from None


def _iceberg_type(kind: pa.DataType) -> IcebergType:
    field = pa.field("c", kind, metadata={"PARQUET:field_id": "1"})
    return pyarrow_to_schema(pa.schema([field])).fields[0].field_type


def partition_field(text: str) -> tuple[str, Any, str]:
    """Column, transform and partition name of one of Athena's partition expressions.

    Raises:
        AthenaError: not a partition expression.
    """
    found = _PARTITIONING.fullmatch(text)
    if not found:
        raise AthenaError(f"INVALID_TABLE_PROPERTY: Invalid partition field declaration: {text}")
    function, inside, bare = found.groups()
    if bare:
        return bare, parse_transform("identity"), bare
    parts = [part.strip().strip('"`') for part in inside.split(",")]
    width = next((part for part in parts if part.isdigit()), None)
    column = next(part for part in parts if not part.isdigit())
    kind = _TRANSFORMS.get(function.lower(), function.lower())
    return column, parse_transform(f"{kind}[{width}]" if width else kind), f"{column}_{kind}"


def fit(table: IcebergTable, data: pa.Table) -> pa.Table:
    """`data` in the table's column order and types; columns that it lacks become null."""
    columns, fields = [], []
    for field in table.schema().as_arrow():
        index = data.schema.get_field_index(field.name.lower())
        columns.append(_cast(data.column(index), field.type) if index >= 0 else pa.nulls(data.num_rows, field.type))
        fields.append(pa.field(field.name, field.type, field.nullable))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column in another type; Arrow ends the process when it casts a map's keys, so maps are built anew.

    NULL without a type came as text, which Arrow casts to no list.
    """
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), kind)])
    if column.type != kind and _has_map(kind):
        return pa.chunked_array([pa.array(column.to_pylist(), kind)])
    return column.cast(kind)


def _has_map(kind: pa.DataType) -> bool:
    return pa.types.is_map(kind) or any(_has_map(kind.field(i).type) for i in range(kind.num_fields))


def replace(table: IcebergTable, data: pa.Table) -> None:
    """Give a loaded table new content in one commit; earlier snapshots stay readable.

    Raises:
        pyiceberg.exceptions.CommitFailedException: another commit came in since it was loaded.
    """
    table.overwrite(fit(table, data), overwrite_filter=AlwaysTrue())
