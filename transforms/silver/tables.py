"""The tables of one run in the catalog: created, maintained, and swapped by a full rebuild."""

import contextlib
import dataclasses
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from pyspark.sql import SparkSession

from transforms.silver.contract import PROPERTIES, TABLES, Column, Table, quoted
from transforms.silver.progress import timed_step
from transforms.silver.storage import find_reachable_files
from transforms.silver.unused_deletes import remove_unused_deletes

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

CATALOG = "glue_catalog"
REBUILD = "__rebuild"
# what GetTable answers and UpdateTable takes: https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
TABLE_INPUT = ("Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")


class RebuildRequired(Exception):  # noqa: N818 - the pipeline's states tell failures by this name
    """A table cannot be brought to its contract as it is; the message names the command that builds it anew."""


# a property of a table of which rows were deleted that are still in its files
REWRITE = "rewrite-for-erasure"


@dataclasses.dataclass(frozen=True)
class Tables:
    """Silver's tables, some of them new ones that are filled beside the ones whose places they will take.

    Args:
        spark: the session.
        database: in the Glue catalog.
        rebuilt: names of the tables that are new.
    """

    spark: SparkSession
    database: str
    rebuilt: frozenset[str] = frozenset()

    def name(self, table: Table) -> str:
        """The table's name with catalog and database."""
        return f"{CATALOG}.{self.database}.{table.name}{REBUILD if table.name in self.rebuilt else ''}"

    def create(self, replaced: Collection[str] = ()) -> None:
        """Create what is missing, and add the columns that the contract has come to have.

        Args:
            replaced: names of the tables that are left alone, because new ones are about to take their places.

        Raises:
            RebuildRequired: a required column is missing whose value for the rows that are there is not known.
        """
        there = self.columns()
        for table in (one for one in TABLES if one.name not in replaced):
            if table.name not in there:
                self.spark.sql(table.ddl(f"{CATALOG}.{self.database}"))
                continue
            for column in table.columns:
                if column.name not in there[table.name]:
                    self._add(table, column)

    def drop_unfinished_rebuild(self) -> None:
        """Drop what a full refresh that was killed has left; nobody else may be running one.

        Its tables hold what users wrote, and an erasure looks at silver's own tables only.
        """
        for name in self.columns():
            if name.endswith(REBUILD):
                self.spark.sql(f"drop table if exists {CATALOG}.{self.database}.{name}")

    def list_current_snapshots(self) -> dict[str, int]:
        """The current snapshot of each table that has one, by the table's name."""
        refs = {table.name: self.spark.table(f"{self.name(table)}.refs").where("name = 'main'") for table in TABLES}
        return {name: row.snapshot_id for name, found in refs.items() for row in found.select("snapshot_id").collect()}

    def columns(self) -> dict[str, set[str]]:
        """The columns of each table that the database has, by the table's name there."""
        # one call lists what there is; Spark would load each table
        pages = boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName=self.database)
        return {
            found["Name"]: {
                column["Name"]
                for column in found.get("StorageDescriptor", {}).get("Columns", [])
                # Iceberg's catalog goes on listing the columns of older schemas
                if column.get("Parameters", {}).get("iceberg.field.current") != "false"
            }
            for page in pages
            for found in page["TableList"]
        }

    def _add(self, table: Table, column: Column) -> None:
        """Add a column to a table that may have rows.

        Iceberg adds no required column: it is added as an optional one, and a full refresh makes it required.
        """
        if not (column.nullable or column.initial):
            raise RebuildRequired(
                f"{table.name} lacks the required column {column.name}, and its rows have no value for it; "
                "build silver anew: insights pipeline start --full-refresh --wait"
            )
        optional = dataclasses.replace(column, nullable=True)
        self.spark.sql(f"alter table {self.name(table)} add column {optional.ddl()}")
        if column.initial:
            self.spark.sql(f"update {self.name(table)} set {column.name} = {column.initial}")  # noqa: S608 - of the contract

    def drop(self, table: Table) -> None:
        """Drop a table from the catalog, if it is there, and leave its files."""
        self.spark.sql(f"drop table if exists {self.name(table)}")

    def expire_snapshots(self, table: Table, before: datetime, kept: int, most_bytes: int | None = None) -> None:
        """Expire the snapshots made before a time, but for the newest `kept`, and delete what only they led to.

        Args:
            table: whose snapshots.
            before: an aware time.
            kept: how many to keep, whatever their age.
            most_bytes: that files which only old snapshots lead to may have; beyond that, age and number do not count.
                None: any number.
        """
        affordable = None if most_bytes is None else self._oldest_affordable(table, most_bytes)
        if affordable and affordable > before:
            before, kept = affordable, 1
        moment = before.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        self.spark.sql(
            f"call {CATALOG}.system.expire_snapshots(table => '{self.database}.{table.name}', "
            f"older_than => timestamp '{moment}', retain_last => {kept})"
        )

    def _oldest_affordable(self, table: Table, most_bytes: int) -> datetime | None:
        """When the oldest snapshot was made that can be kept within so many bytes; None: all of them can.

        A snapshot keeps the files that later ones have removed: https://iceberg.apache.org/spec/#optional-snapshot-summary-fields
        """
        removed = "coalesce(cast(summary['removed-files-size'] as bigint), 0) as removed"
        snapshots = self.spark.table(f"{self.name(table)}.snapshots").orderBy("committed_at", ascending=False)
        rows = snapshots.selectExpr("committed_at", removed).collect()
        held = 0
        for row in rows:
            # what this one removed is held by those before it
            held += row.removed
            if held > most_bytes:
                return datetime.fromtimestamp(row.committed_at.timestamp(), UTC)
        return None

    def compact(self, table: Table, target_mib: int, least_files: int) -> int:
        """Make few files of many, partition by partition; how many files were replaced.

        https://iceberg.apache.org/docs/latest/spark-procedures/#rewrite_data_files

        Args:
            table: to compact.
            target_mib: the size that files are to have.
            least_files: so many small files in a partition make it worth the while.
        """
        options = f"'target-file-size-bytes', '{target_mib << 20}', 'min-input-files', '{least_files}'"
        # a file of which rows have been replaced is worth it by itself
        options += ", 'delete-file-threshold', '1', 'partial-progress.enabled', 'true'"
        # so that deletes of all rows of a partition do not apply to what is written now
        options += ", 'use-starting-sequence-number', 'false'"
        # sorted by key, files have narrow bounds, and a merge of few keys reads few files
        order = f"strategy => 'sort', sort_order => '{table.key[0]}', " if self._is_sorted(table) else ""
        name = f"table => '{self.database}.{table.name}'"
        done = self.spark.sql(
            f"call {CATALOG}.system.rewrite_data_files({name}, {order}options => map({options}))"
        ).collect()[0]
        remove_unused_deletes(self.spark, self.name(table))
        return int(done.rewritten_data_files_count)

    def set_properties(self, table: Table) -> None:
        """Give a table that an earlier version has created the properties of the contract."""
        has = {row.key: row.value for row in self.spark.sql(f"show tblproperties {self.name(table)}").collect()}
        # the format version is stated elsewhere
        lacks = {
            name: value for name, value in PROPERTIES.items() if name != "format-version" and has.get(name) != value
        }
        if lacks:
            given = ", ".join(f"{quoted(name)} = {quoted(value)}" for name, value in lacks.items())
            self.spark.sql(f"alter table {self.name(table)} set tblproperties ({given})")

    @staticmethod
    def _is_sorted(table: Table) -> bool:
        return not table.partitioned_by and len(table.key) == 1

    def rewrite_files(self, table: Table) -> None:
        """Write a table's files and manifests anew, so that its newest snapshot holds nothing of deleted rows.

        The manifests of the snapshot that deletes a file keep the file's bounds, which hold values; those of the next
        rewrite leave them out, and a commit after it leaves out manifests of deleted files only.

        A rewrite that was asked for and did not come to its end is asked for until it does.
        """
        self.spark.sql(
            f"call {CATALOG}.system.rewrite_data_files(table => '{self.database}.{table.name}', "
            "options => map('rewrite-all', 'true'))"
        )
        self.spark.table(self.name(table)).limit(0).writeTo(self.name(table)).append()
        self.spark.sql(f"alter table {self.name(table)} unset tblproperties if exists ({quoted(REWRITE)})")

    def request_rewrite(self, table: Table) -> None:
        """Note in a table that its files have to be written anew, before rows are deleted that no file may hold."""
        self.spark.sql(f"alter table {self.name(table)} set tblproperties ({quoted(REWRITE)} = 'requested')")

    def needs_rewrite(self, table: Table) -> bool:
        """Whether a rewrite was asked for and has not come to its end."""
        rows = self.spark.sql(f"show tblproperties {self.name(table)}").collect()
        return any(row.key == REWRITE for row in rows)

    def find_reachable_files(self) -> set[str]:
        """The URIs of all files that the database's tables lead to, those of a rebuild that is being made too."""
        found: set[str] = set()
        for row in self.spark.sql(f"show tables in {CATALOG}.{self.database}").collect():
            found |= find_reachable_files(self.spark, f"{CATALOG}.{self.database}.{row.tableName}")
        return found


@contextlib.contextmanager
def rebuild(current: Tables, warehouse: str, names: Collection[str]) -> Iterator[Tables]:
    """New, empty tables for the block to fill, which take the places of the old ones when it ends.

    A block that fails leaves the old tables in their places and nothing of the new ones in the catalog.

    Args:
        current: all tables.
        warehouse: `s3://bucket/`.
        names: of the tables to replace.
    """
    new = start_rebuild(current.spark, current.database, warehouse, names)
    try:
        yield new
        with timed_step("swap the tables"):
            swap_tables(new, boto3.client("glue"))
    finally:
        current.drop_unfinished_rebuild()


def start_rebuild(spark: SparkSession, database: str, warehouse: str, names: Collection[str]) -> Tables:
    """New, empty tables beside the old ones, each in a folder of its own.

    Args:
        spark: the session.
        database: in the Glue catalog.
        warehouse: `s3://bucket/`.
        names: of the tables that are to be new.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    rebuilt = Tables(spark, database, frozenset(names))
    for table in (one for one in TABLES if one.name in names):
        location = f"{warehouse.rstrip('/')}/{database}.db/{table.name}-{stamp}"
        spark.sql(f"{table.ddl(f'{CATALOG}.{database}', f'{table.name}{REBUILD}')} location '{location}'")
    return rebuilt


def swap_tables(rebuilt: Tables, glue: "GlueClient") -> None:
    """Put the rebuilt tables in the places of the old ones: each in one step, in which readers miss nothing.

    The old tables' files stay, for queries that are reading them; the maintenance job deletes them later. A swap
    that ends halfway leaves old tables beside new ones, each whole; the run fails and is made good by the next refresh.

    Raises:
        botocore.exceptions.ClientError: ConcurrentModificationException if somebody else changed a table meanwhile.
    """
    for table in (one for one in TABLES if one.name in rebuilt.rebuilt):
        made = glue.get_table(DatabaseName=rebuilt.database, Name=f"{table.name}{REBUILD}")["Table"]
        given: Any = {key: value for key, value in made.items() if key in TABLE_INPUT and value}
        given |= {"Name": table.name}
        try:
            old: Any = glue.get_table(DatabaseName=rebuilt.database, Name=table.name)["Table"]
        except glue.exceptions.EntityNotFoundException:
            glue.create_table(DatabaseName=rebuilt.database, TableInput=given)
        else:
            seen = {"VersionId": old["VersionId"]} if "VersionId" in old else {}
            glue.update_table(DatabaseName=rebuilt.database, TableInput=given, SkipArchive=True, **seen)
        rebuilt.drop(table)
        rebuilt.spark.catalog.refreshTable(f"{CATALOG}.{rebuilt.database}.{table.name}")
