"""The bytes that Athena will scan for a query, and their price."""

import dataclasses
import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
import pyarrow.parquet as pq
from sqlglot import exp

from transforms.bi.scan_estimate.file_bounds import restrict_files
from transforms.bi.scan_estimate.scans import DIALECT, EstimateError, Scan, Table, columns, find_scans

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Ask = Callable[[str, str], list[list[str | None]]]
"""Runs a query in a database and gives its rows, as text."""

MEGABYTE, LEAST_MEGABYTES = 1_000_000, 10
USD_PER_TERABYTE = 5.0
"""https://aws.amazon.com/athena/pricing/: bytes are rounded up to a megabyte, with ten at least."""


@dataclasses.dataclass(frozen=True)
class TableEstimate:
    """What reading one table scans.

    Args:
        name: database and table.
        columns: that are read, in order of their names.
        files: of the table that are read.
        scanned: in bytes.
    """

    name: str
    columns: tuple[str, ...]
    files: int
    scanned: int


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What a query will scan.

    Args:
        tables: one for each reading of a table; a table that a query names twice is read twice.
    """

    tables: tuple[TableEstimate, ...]

    @property
    def scanned(self) -> int:
        """In bytes."""
        return sum(table.scanned for table in self.tables)

    @property
    def usd(self) -> float:
        """The price in US dollars, without what S3 charges for requests."""
        return max(math.ceil(self.scanned / MEGABYTE), LEAST_MEGABYTES) / 1e6 * USD_PER_TERABYTE


def estimate(sql: str, database: str, ask: Ask) -> Estimate:
    """What Athena will scan for a query.

    Of Iceberg tables it is what their metadata says of the files and columns that the query needs, of Parquet files
    what their footers say of the columns. Values that another table decides, as in a join, leave no file out.

    Args:
        sql: one query, in Athena's SQL.
        database: where unqualified names are looked up.
        ask: for the metadata of Iceberg tables.

    Raises:
        EstimateError: the statement is no query, names a table that is not there, or cannot be read.
    """
    glue, s3 = boto3.client("glue"), boto3.client("s3")

    def find_table(place: str, name: str) -> Table:
        try:
            table: Table = glue.get_table(DatabaseName=place, Name=name)["Table"]
        except glue.exceptions.EntityNotFoundException:
            raise EstimateError(f"there is no table {place}.{name}") from None
        return table

    scans = find_scans(sql, database, find_table)
    return Estimate(tuple(_iceberg(scan, ask) if _is_iceberg(scan.table) else _hive(scan, ask, s3) for scan in scans))


def _is_iceberg(table: Table) -> bool:
    return str(table.get("Parameters", {}).get("table_type", "")).lower() == "iceberg"


def _iceberg(scan: Scan, ask: Ask) -> TableEstimate:
    fields = {
        column["Name"].lower(): (int(column["Parameters"]["iceberg.field.id"]), column["Type"])
        for column in scan.table["StorageDescriptor"]["Columns"]
        if "iceberg.field.id" in column.get("Parameters", {})
    }
    read = {name: fields[name] for name in sorted(scan.columns) if name in fields}
    # the sizes of what is nested in a column have ids of their own, which the catalog does not know
    whole = any("<" in hive for _, hive in read.values())
    sizes = [f"coalesce(element_at(column_sizes, {field}), 0)" for field, _ in read.values()]
    chunks = "file_size_in_bytes" if whole else " + ".join(sizes) or "0"
    deletes = "file_size_in_bytes" if read else "0"
    restrictions = " and ".join(restrict_files(scan.conditions, fields)) or "true"
    name = scan.table["Name"]
    size = f"if(content <> 0, {deletes}, if(column_sizes is null, file_size_in_bytes, {chunks}))"
    left = f'from "{name}$files" where content <> 0 or ({restrictions})'
    [[files, scanned]] = ask(f"select count(*), sum({size}) {left}", scan.database)
    return TableEstimate(f"{scan.database}.{name}", tuple(read), int(files or 0), int(scanned or 0))


def _hive(scan: Scan, ask: Ask, s3: "S3Client") -> TableEstimate:
    bucket, _, prefix = scan.table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
    keys = [key["Name"].lower() for key in scan.table.get("PartitionKeys", [])]
    read = sorted(scan.columns & {name for name, _ in columns(scan.table)} - set(keys))
    parquet = "parquet" in str(scan.table["StorageDescriptor"].get("InputFormat", "")).lower()
    partitions = _find_partitions(scan, keys, ask)
    files = scanned = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix.rstrip("/") + "/"):
        for found in page.get("Contents", []):
            folders = set(found["Key"].split("/"))
            if found["Size"] and (partitions is None or any(one <= folders for one in partitions)):
                files += 1
                source = _S3Object(s3, bucket, found["Key"], found["Size"])
                scanned += _chunks(source, read) if parquet else found["Size"]
    return TableEstimate(f"{scan.database}.{scan.table['Name']}", tuple(read), files, scanned)


def _find_partitions(scan: Scan, keys: list[str], ask: Ask) -> list[set[str]] | None:
    """The folders of each partition that the conditions leave; None when they leave all."""
    decided = [
        one for one in scan.conditions if {column.name.lower() for column in one.find_all(exp.Column)} <= {*keys}
    ]
    if not decided:
        return None
    names, conditions = ", ".join(f'"{key}"' for key in keys), " and ".join(one.sql(dialect=DIALECT) for one in decided)
    left = f'from "{scan.table["Name"]}$partitions" where {conditions}'
    rows = ask(f"select {names} {left}", scan.database)
    return [{f"{key}={value}" for key, value in zip(keys, row, strict=True)} for row in rows]


def _chunks(source: "_S3Object", read: list[str]) -> int:
    """What the column chunks of a Parquet file take."""
    metadata = pq.read_metadata(source)
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(number)
            name = chunk.path_in_schema.partition(".")[0].lower()
            sizes[name] = sizes.get(name, 0) + chunk.total_compressed_size
    return sum(sizes.get(name, 0) for name in read)


class _S3Object(io.RawIOBase):
    """An object of S3 that is read in ranges: of a Parquet file only the footer is fetched."""

    def __init__(self, s3: "S3Client", bucket: str, key: str, size: int) -> None:
        self._s3, self._bucket, self._key, self._size, self._at = s3, bucket, key, size, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        if self._at >= end:
            return b""
        interval = f"bytes={self._at}-{end - 1}"
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._key, Range=interval)["Body"].read()
        self._at += len(content)
        return content


def format_lines(found: Estimate) -> list[str]:
    """An estimate in lines for people."""
    lines = [
        f"{table.name}: {table.scanned:,} bytes in {table.files:,} file{'' if table.files == 1 else 's'}"
        + (f", columns {', '.join(table.columns)}" if table.columns else ", no columns")
        for table in found.tables
    ]
    return [*lines, f"in all {found.scanned:,} bytes, ${found.usd:.6f}"]
