"""Hive tables' files as DuckDB relations: which files there are, and how each SerDe's are read."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.sqltypes import DuckDBPyType
from pyarrow import orc

from infra.local.athena.catalog.glue import NULL_PARTITION, Table, data_columns, duck_type, partition_keys
from infra.local.athena.data import avro_files, pruning
from infra.local.athena.data.lazy_values import read_value
from infra.local.athena.data.s3_objects import DataFile
from infra.local.athena.data.text_files import TextFormat, load_arrow, load_lines, read_csv, strict_cast
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session
from infra.local.glue.hive_types import quote_identifier, quote_literal

_OPTIONS = "hive_partitioning = false, filename = '__file'"
_JSON_DOCUMENT_BYTES = 64 << 20
MANY = 10
"""Partitions from which on one listing of all that lies below the table is quicker than one of each."""


@dataclasses.dataclass(frozen=True)
class _Reader:
    """How DuckDB reads a table's files.

    Args:
        relation: a table function.
        expressions: column name -> what gives it, for the columns that the files have.
        cast: SQL that gives an expression a type, and what the SerDe does with a value that does not fit.
    """

    relation: str
    expressions: Mapping[str, str]
    cast: Callable[[str, str], str] = "cast({} as {})".format


def relation(session: Session, database: str, table: Table, need: pruning.Need, with_path: bool) -> str:
    """A SELECT over a table's files, typed by the catalog; columns that are not needed are NULL, unneeded
    partitions are left out, and the session is charged for what is read.
    """
    columns = [(name, duck_type(hive)) for name, hive in data_columns(table)]
    keys = [(name, duck_type(hive)) for name, hive in partition_keys(table)]
    chosen = need.chosen(name for name, _ in columns)
    located = _located(session, database, table, need, keys)
    paths = session.caller.objects.fetch(file for _, file in located)
    if not paths:
        return f"select {', '.join(f'cast(null as {kind}) as {quote_identifier(c)}' for c, kind in columns + keys)}" + (
            ', cast(null as varchar) as "$path" where false' if with_path else " where false"
        )
    reader, scanned = _reader(
        session.connection, paths, [c for c in columns if c[0] in chosen] or columns, chosen, table
    )
    session.scanned += scanned
    select = [
        (
            reader.cast(reader.expressions[name], kind)
            if name in chosen and name in reader.expressions
            else f"cast(null as {kind})"
        )
        + f" as {quote_identifier(name)}"
        for name, kind in columns
    ]
    select += [
        f"cast(nullif(p.k{i}, '{NULL_PARTITION}') as {kind}) as {quote_identifier(name)}"
        for i, (name, kind) in enumerate(keys)
    ]
    if with_path:
        select.append('p.uri as "$path"')
    rows = ", ".join(
        "(" + ", ".join(map(quote_literal, [str(path), file.uri, *values])) + ")"
        for path, (values, file) in zip(paths, located, strict=True)
    )
    names = ", ".join(["path", "uri", *(f"k{i}" for i in range(len(keys)))])
    return f"select {', '.join(select)} from {reader.relation} r join (values {rows}) p({names}) on p.path = r.__file"


def _located(
    session: Session, database: str, table: Table, need: pruning.Need, keys: Sequence[tuple[str, str]]
) -> list[tuple[tuple[str, ...], DataFile]]:
    """(partition values, file) of what has to be read, as the catalog or partition projection says."""
    below = session.caller.objects.list_prefix
    location = table["StorageDescriptor"].get("Location")
    if not keys:
        return [((), file) for file in below(location)] if location else []
    names = [name for name, _ in keys]
    if str((table.get("Parameters") or {}).get("projection.enabled", "")).lower() == "true":
        found = [(_values_in(file.key, names), file) for file in below(location)]
        expected = pruning.partitions(session.connection, need, keys, [values for values, _ in found])
        return [(values, file) for values, file in found if values in expected]
    known = {
        tuple(partition["Values"]): partition["StorageDescriptor"].get("Location") or ""
        for partition in session.caller.catalog.partitions(database, table["Name"])
    }
    expected = pruning.partitions(session.connection, need, keys, list(known))
    places = {values: place.rstrip("/") + "/" for values, place in known.items() if values in expected}
    if len(places) < MANY or not location or any(name[:1] in "_." for name in names):
        return [(values, file) for values, place in places.items() for file in below(place)]
    inside = location.rstrip("/") + "/"
    folders: dict[str, list[DataFile]] = {}
    for file in below(inside):
        folders.setdefault(file.uri.rpartition("/")[0] + "/", []).append(file)
    return [
        (values, file)
        for values, place in places.items()
        for file in (
            (one for folder, held in folders.items() if folder.startswith(place) for one in held)
            if place.startswith(inside)
            else below(place)
        )
    ]


def _values_in(key: str, names: Sequence[str]) -> tuple[str, ...]:
    """The values of `name=value` folders of an object's key."""
    pairs = dict(part.split("=", 1) for part in key.split("/") if "=" in part)
    return tuple(unquote(pairs.get(name, NULL_PARTITION)) for name in names)


def _reader(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[pathlib.Path],
    columns: Sequence[tuple[str, str]],
    chosen: set[str],
    table: Table,
) -> tuple[_Reader, int]:
    """How the files of the table's SerDe are read, and how many bytes that takes."""
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    library = f"{storage.get('InputFormat', '')} {serde.get('SerializationLibrary', '')}".lower()
    files = "[" + ", ".join(quote_literal(str(path)) for path in paths) + "]"
    if "parquet" in library:
        return _parquet(connection, files), sum(parquet_bytes(path, chosen) for path in paths)
    size = sum(path.stat().st_size for path in paths)
    if "json" in library:
        lenient = str((serde.get("Parameters") or {}).get("ignore.malformed.json", "")).lower() == "true"
        return _json(connection, files, columns, lenient), size
    if "orc" in library:
        return _loaded(connection, paths, [orc.read_table(str(path)) for path in paths]), size
    if "avro" in library:
        return _loaded(connection, paths, [_avro(path) for path in paths]), size
    header, form = int((table.get("Parameters") or {}).get("skip.header.line.count", 0)), TextFormat.of(serde)
    names = [name for name, _ in data_columns(table)]
    if "lazysimple" in library:
        lines = load_lines(connection, paths, form, header)
        fields = {
            name: read_value(f"r.fields[{i}]", hive, form.separators, form.null or "")
            for i, (name, hive) in enumerate(data_columns(table), 1)
        }
        return _Reader(lines, fields, "try_cast({} as {})".format), size
    if "opencsv" in library:
        relation = read_csv(files, form, data_columns(table), header, _OPTIONS)
        return _Reader(relation, {name: f"r.{quote_identifier(name)}" for name in names}, strict_cast), size
    raise AthenaError(f"HIVE_UNSUPPORTED_FORMAT: {library}")


def parquet_bytes(path: pathlib.Path, columns: set[str]) -> int:
    """The bytes of the columns' chunks in a Parquet file; of a column that holds others, all of theirs."""
    metadata = pq.read_metadata(path)
    return sum(
        chunk.total_compressed_size
        for group in range(metadata.num_row_groups)
        for index in range(metadata.num_columns)
        if (chunk := metadata.row_group(group).column(index)).path_in_schema.partition(".")[0].lower() in columns
    )


def _parquet(connection: duckdb.DuckDBPyConnection, files: str) -> _Reader:
    reader = f"read_parquet({files}, union_by_name = true, {_OPTIONS})"
    present = connection.execute(f"describe select * from {reader}").fetchall()
    return _Reader(reader, {row[0].lower(): f"r.{quote_identifier(row[0])}" for row in present})


def _avro(path: pathlib.Path) -> pa.Table:
    try:
        return avro_files.read(path)
    except (ValueError, KeyError, IndexError) as error:
        raise AthenaError(f"HIVE_BAD_DATA: {error}") from error


def _loaded(connection: duckdb.DuckDBPyConnection, paths: Sequence[pathlib.Path], tables: list[pa.Table]) -> _Reader:
    """Files of a format that DuckDB does not read, loaded."""
    named = [
        found.append_column("__file", pa.repeat(str(path), len(found)))
        for found, path in zip(tables, paths, strict=True)
    ]
    relation = load_arrow(connection, pa.concat_tables(named, promote_options="permissive"))
    names = dict.fromkeys(name for table in named for name in table.column_names if name != "__file")
    return _Reader(relation, {name.lower(): f"r.{quote_identifier(name)}" for name in names})


def _json(
    connection: duckdb.DuckDBPyConnection, files: str, columns: Sequence[tuple[str, str]], lenient: bool
) -> _Reader:
    """JSON lines; `lenient` makes a line that is none a row of NULLs.

    The SerDe finds keys whatever their case, DuckDB as they are written: ask it how they are.
    """
    options = f"format = 'newline_delimited', maximum_object_size = {_JSON_DOCUMENT_BYTES}, {_OPTIONS}"
    options += ", ignore_errors = true" if lenient else ""
    sample = connection.sql(f"select * from read_json({files}, union_by_name = true, {options})")
    spelled = {name.lower(): (name, kind) for name, kind in zip(sample.columns, sample.types, strict=True)}
    fields, expressions = [], {}
    for name, kind in columns:
        written, found = spelled.get(name, (name, None))
        nested = _respelled(duckdb.type(kind), found)
        fields.append(f"{quote_identifier(written)}: {quote_literal(nested)}")
        expressions[name] = f"r.{quote_identifier(written)}"
    return _Reader(f"read_json({files}, columns = {{{', '.join(fields)}}}, {options})", expressions)


def _respelled(expected: DuckDBPyType, found: Any) -> str:
    """The expected type with its fields' names as they were found in the data."""
    if found is None or expected.id != found.id or expected.id not in ("struct", "list"):
        return str(expected)
    if expected.id == "list":
        return _respelled(_inner(expected)[0][1], _inner(found)[0][1]) + "[]"
    names = {name.lower(): (name, kind) for name, kind in _inner(found)}
    fields = []
    for name, kind in _inner(expected):
        written, inner = names.get(name.lower(), (name, None))
        fields.append(f"{quote_identifier(written)} {_respelled(kind, inner)}")
    return f"STRUCT({', '.join(fields)})"


def _inner(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """The fields of a struct, or the one element of a list."""
    return cast("list[tuple[str, DuckDBPyType]]", kind.children)
