"""Delimited text: how LazySimpleSerDe and OpenCSVSerDe read and write rows.

LazySimpleSerDe knows no quotes; a value that does not fit its type is NULL, as is `\\N`; an empty line is a row.
OpenCSVSerDe quotes every value, has no NULL, and fails on a value that does not fit its type, an empty one included.
https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html and
https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
"""

import dataclasses
import itertools
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from infra.local.glue.hive_types import quote_literal

_counter = itertools.count()
_CONTROL_CHARACTERS = ("\x02", "\x03", "\x04", "\x05", "\x06", "\x07")


@dataclasses.dataclass(frozen=True)
class TextFormat:
    """The characters of a delimited format.

    Args:
        quote: around values; empty for LazySimpleSerDe.
        escape: before a delimiter that belongs to a value; empty for none.
        null: what stands for NULL; None when nothing does.
        separators: of what is nested: items of a collection, keys and values of a map, then level by level.
    """

    delimiter: str = "\x01"
    quote: str = ""
    escape: str = ""
    null: str | None = "\\N"
    separators: tuple[str, ...] = _CONTROL_CHARACTERS

    @classmethod
    def of(cls, serde: Mapping[str, Any]) -> "TextFormat":
        """The format of a SerDe, as a storage descriptor's SerdeInfo names it."""
        options: Mapping[str, str] = serde.get("Parameters") or {}
        if "opencsv" in str(serde.get("SerializationLibrary", "")).lower():
            quote = options.get("quoteChar", '"')
            return cls(options.get("separatorChar", ","), quote, options.get("escapeChar", "\\"), None)
        delimiter = options.get("field.delim") or options.get("serialization.format") or "\x01"
        null = options.get("serialization.null.format", "\\N")
        # `colelction` is Hive's spelling
        items = options.get("colelction.delim") or options.get("collection.delim") or _CONTROL_CHARACTERS[0]
        keys = options.get("mapkey.delim") or _CONTROL_CHARACTERS[1]
        separators = (items, keys, *_CONTROL_CHARACTERS[2:])
        return cls("\x01" if delimiter == "1" else delimiter, "", options.get("escape.delim", ""), null, separators)

    def copy_options(self) -> str:
        """DuckDB's COPY options that write it, compressed."""
        quoted = f"force_quote *, quote {quote_literal(self.quote)}, escape {quote_literal(self.quote)}"
        bare = f"quote '', escape '', nullstr {quote_literal(self.null or '')}"
        how = quoted if self.quote else bare
        return f"format csv, header false, delim {quote_literal(self.delimiter)}, {how}, compression gzip"


def load_lines(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[pathlib.Path], form: TextFormat, header: int
) -> str:
    """Load LazySimpleSerDe's files; returns a relation of `__file` and `fields`, one row per line.

    Args:
        header: lines that each file begins with and that are no rows.
    """
    tables = []
    for path in paths:
        with pa.input_stream(str(path), compression="detect") as stream:
            text = stream.read().decode(errors="replace")
        lines = re.sub("\r\n?", "\n", text).split("\n")
        lines = lines[header : -1 if lines[-1] == "" else None]
        tables.append(pa.table({"__file": pa.repeat(str(path), len(lines)), "fields": _split(lines, form)}))
    return load_arrow(connection, pa.concat_tables(tables))


def load_arrow(connection: duckdb.DuckDBPyConnection, data: pa.Table) -> str:
    """A relation of its own that holds the data."""
    relation = f"__scan.loaded{next(_counter)}"
    connection.register("__loaded", data)
    connection.execute(f"create table {relation} as select * from __loaded")
    connection.unregister("__loaded")
    return relation


def _split(lines: list[str], form: TextFormat) -> pa.Array:
    if not form.escape:
        return pc.split_pattern(pa.array(lines, pa.string()), form.delimiter)
    escape, delimiter = re.escape(form.escape), re.escape(form.delimiter)
    field = re.compile(rf"((?:{escape}.|(?!{delimiter}).)*)(?:{delimiter}|\Z)", re.DOTALL)
    rows = [[re.sub(rf"{escape}(.)", r"\1", value) for value in field.findall(line + form.delimiter)] for line in lines]
    return pa.array([row[:-1] for row in rows], pa.list_(pa.string()))


def read_csv(paths: str, form: TextFormat, columns: Sequence[tuple[str, str]], header: int, options: str) -> str:
    """DuckDB's table function for OpenCSVSerDe's files, all of whose columns are text."""
    fields = ", ".join(f"{quote_literal(name)}: 'VARCHAR'" for name, _ in columns)
    return (
        f"read_csv({paths}, auto_detect = false, header = false, null_padding = true, strict_mode = false, "
        f"skip = {header}, nullstr = '\x02', delim = {quote_literal(form.delimiter)}, "
        f"quote = {quote_literal(form.quote)}, escape = {quote_literal(form.quote)}, columns = {{{fields}}}, {options})"
    )


def strict_cast(value: str, kind: str) -> str:
    """A cast that fails as Athena does where a value does not fit its type."""
    if kind == "VARCHAR":
        return value
    message = f"'HIVE_BAD_DATA: Error parsing field value ''' || {value} || ''' as {kind.lower()}'"
    fits = f"{value} is null or try_cast({value} as {kind}) is not null"
    return f"case when {fits} then try_cast({value} as {kind}) else cast(error({message}) as {kind}) end"
