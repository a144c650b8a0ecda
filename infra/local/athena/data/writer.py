"""Writes a query's rows as the files of a Hive table, one file per partition."""

import pathlib
import tempfile
import time
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import duckdb
from pyarrow import orc

from infra.local.athena.api.results import Column
from infra.local.athena.catalog.glue import NULL_PARTITION
from infra.local.athena.data import avro_files
from infra.local.athena.data.lazy_values import write_value
from infra.local.athena.data.text_files import TextFormat
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session, arrow
from infra.local.glue.hive_types import quote_identifier, quote_literal

OPEN_PARTITIONS_LIMIT = 100
"""Partitions that one CTAS or INSERT may write: https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html"""

_COPY_OPTIONS = {
    "parquet": "format parquet, compression {}",
    "json": "format json, compression gzip",
    "avro": "",
    "orc": "",
}


def write_files(
    session: Session,
    select: str,
    columns: Sequence[Column],
    location: str,
    keys: Sequence[str],
    file_format: str,
    compression: str,
    text_format: TextFormat | None = None,
) -> tuple[dict[tuple[str, ...], str], int]:
    """Write a SELECT as files below `location`; returns partition values -> location, and the number of rows.

    Args:
        text_format: of delimited text, where it is not LazySimpleSerDe's default.
    """
    if file_format.lower() == "textfile":
        text_format = text_format or TextFormat()
    options = text_format.copy_options() if text_format else _COPY_OPTIONS.get(file_format.lower())
    if options is None:
        raise AthenaError(f"NOT_SUPPORTED: format {file_format}")
    connection, location = session.connection, location.rstrip("/")
    connection.execute(f"create or replace temp table __out as {select}")
    counted = connection.execute("select count(*) from __out").fetchone()
    count = int(counted[0]) if counted else 0
    data = ", ".join(_value(column, text_format) for column in columns if column.name not in keys)
    compressed = compression.lower() != "none"
    suffix = "" if file_format.lower() in ("avro", "orc", "parquet") or not compressed else ".gz"
    if not compressed:
        options = options.replace("compression gzip", "compression none")
    with tempfile.TemporaryDirectory(prefix="athena-") as folder:

        def copy(query: str, target: str) -> None:
            path = pathlib.Path(folder) / uuid.uuid4().hex
            if file_format.lower() == "avro":
                avro_files.write(arrow(connection, query), path)
            elif file_format.lower() == "orc":
                orc.write_table(arrow(connection, query), str(path), compression="zlib")
            else:
                how = options.format(compression.lower() if compressed else "uncompressed")
                connection.execute(f"copy ({query}) to {quote_literal(str(path))} ({how})")
            uri = f"{target}/{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4().hex[:12]}{suffix}"
            session.caller.objects.put(uri, path.read_bytes())
            session.written.append(uri)

        if not keys:
            if count:
                copy(f"select {data} from __out", location)
            return {}, count
        return _write_partitions(connection, data, location, keys, copy), count


def _value(column: Column, text_format: TextFormat | None) -> str:
    name = quote_identifier(column.name)
    if text_format is None or text_format.quote or not ("<" in column.hive or column.hive == "binary"):
        return name
    return f"{write_value(name, column.hive, text_format.separators, text_format.null or '')} as {name}"


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
