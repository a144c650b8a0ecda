"""The Glue Data Catalog as the engine uses it: databases, tables and partitions."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.local.athena.errors import AthenaError
from infra.local.glue.hive_types import hive_to_duck

Table = dict[str, Any]
"""A table as GetTable answers it."""

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_BATCH = 100  # partitions that one BatchCreatePartition call takes
_TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)


def is_iceberg(table: Table) -> bool:
    """Whether the table's rows are Iceberg's, under the metadata that its parameters name."""
    return str((table.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def is_view(table: Table) -> bool:
    """Whether the table is a stored query."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def data_columns(table: Table) -> list[tuple[str, str]]:
    """(lower-case name, Hive type) of the columns that are in the data files.

    The catalog also keeps the columns that an Iceberg table had once, marked as not current.
    """
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    current = [c for c in columns if (c.get("Parameters") or {}).get("iceberg.field.current") != "false"]
    return [(c["Name"].lower(), c["Type"]) for c in current]


def partition_keys(table: Table) -> list[tuple[str, str]]:
    """(lower-case name, Hive type) of the columns that are in the partitions' values."""
    return [(c["Name"].lower(), c["Type"]) for c in table.get("PartitionKeys") or []]


def comments(table: Table) -> dict[str, str]:
    """What the catalog says about the columns that it says something about, by lower-case name."""
    columns = ((table.get("StorageDescriptor") or {}).get("Columns") or []) + (table.get("PartitionKeys") or [])
    return {c["Name"].lower(): c["Comment"] for c in columns if c.get("Comment")}


def duck_type(hive: str) -> str:
    """The DuckDB type of a catalog column.

    Raises:
        AthenaError: HIVE_INVALID_METADATA, no such type.
    """
    try:
        return hive_to_duck(hive)
    except ValueError as error:
        raise AthenaError(f"HIVE_INVALID_METADATA: {error}") from None


def table_input(table: Table) -> dict[str, Any]:
    """What CreateTable and UpdateTable take of GetTable's answer (an empty Owner, say, they refuse)."""
    return {key: table[key] for key in _TABLE_INPUT if table.get(key) not in (None, "")}


class Catalog:
    """The catalog with one caller's permissions.

    Args:
        glue: the caller's boto3 client.
    """

    def __init__(self, glue: Any) -> None:
        self.glue = glue

    def find(self, database: str, name: str) -> Table | None:
        """The table or view, or None."""
        try:
            table: Table = self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None
        return table

    def table(self, database: str, name: str) -> Table:
        """The table or view.

        Raises:
            AthenaError: TABLE_NOT_FOUND.
        """
        table = self.find(database, name)
        if table is None:
            raise AthenaError(f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{name}' does not exist")
        return table

    def databases(self) -> list[str]:
        """The names of all databases."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return [database["Name"] for page in pages for database in page["DatabaseList"]]

    def tables(self, database: str) -> Iterator[Table]:
        """Every table and view of a database.

        Raises:
            AthenaError: SCHEMA_NOT_FOUND.
        """
        try:
            for page in self.glue.get_paginator("get_tables").paginate(DatabaseName=database):
                yield from page["TableList"]
        except self.glue.exceptions.EntityNotFoundException:
            raise AthenaError(f"SCHEMA_NOT_FOUND: Schema '{database}' does not exist") from None

    def create(self, database: str, definition: Mapping[str, Any]) -> None:
        """Register a table or view, as CreateTable's TableInput.

        Raises:
            AthenaError: TABLE_ALREADY_EXISTS or SCHEMA_NOT_FOUND.
        """
        try:
            self.glue.create_table(DatabaseName=database, TableInput=definition)
        except self.glue.exceptions.AlreadyExistsException:
            name = f"awsdatacatalog.{database}.{definition['Name']}"
            raise AthenaError(f"TABLE_ALREADY_EXISTS: Table '{name}' already exists") from None
        except self.glue.exceptions.EntityNotFoundException:
            raise AthenaError(f"SCHEMA_NOT_FOUND: Schema '{database}' does not exist") from None

    def update(self, database: str, definition: Mapping[str, Any]) -> None:
        """Replace a table's or view's definition."""
        self.glue.update_table(DatabaseName=database, TableInput=definition)

    def drop(self, database: str, name: str) -> None:
        """Forget a table or view; data stays where it is."""
        self.glue.delete_table(DatabaseName=database, Name=name)

    def partitions(self, database: str, name: str) -> list[dict[str, Any]]:
        """Every partition of a table, as GetPartitions answers it."""
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
        return [partition for page in pages for partition in page["Partitions"]]

    def add_partitions(
        self, database: str, name: str, locations: Mapping[tuple[str, ...], str], storage: Mapping[str, Any]
    ) -> None:
        """Register partitions, those that are there already left as they are.

        Args:
            locations: partition values -> S3 location.
            storage: the table's storage descriptor, which they share.
        """
        known = {tuple(partition["Values"]) for partition in self.partitions(database, name)}
        new = [
            {"Values": list(values), "StorageDescriptor": {**storage, "Location": location}}
            for values, location in locations.items()
            if values not in known
        ]
        for start in range(0, len(new), _BATCH):
            self.glue.batch_create_partition(
                DatabaseName=database, TableName=name, PartitionInputList=new[start : start + _BATCH]
            )
