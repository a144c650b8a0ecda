"""Types as the Glue Data Catalog writes them (Hive's) on one side, DuckDB's on the other.

The query engine reads Hive types and casts with DuckDB, and writes the Hive types of what DuckDB gives. Names follow
https://docs.aws.amazon.com/athena/latest/ug/data-types.html.
"""

import re

_HIVE_IO = "org.apache.hadoop.hive.ql.io."
_TEXT_IO = ("org.apache.hadoop.mapred.TextInputFormat", _HIVE_IO + "HiveIgnoreKeyTextOutputFormat")
FORMATS: dict[str, tuple[str, str, str]] = {
    "avro": (
        _HIVE_IO + "avro.AvroContainerInputFormat",
        _HIVE_IO + "avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
    "parquet": (
        _HIVE_IO + "parquet.MapredParquetInputFormat",
        _HIVE_IO + "parquet.MapredParquetOutputFormat",
        _HIVE_IO + "parquet.serde.ParquetHiveSerDe",
    ),
    "json": (*_TEXT_IO, "org.openx.data.jsonserde.JsonSerDe"),
    "orc": (_HIVE_IO + "orc.OrcInputFormat", _HIVE_IO + "orc.OrcOutputFormat", _HIVE_IO + "orc.OrcSerde"),
    "textfile": (*_TEXT_IO, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}
"""A table format's input format, output format and SerDe in a storage descriptor."""

_TO_DUCK = {
    "bigint": "BIGINT",
    "binary": "BLOB",
    "boolean": "BOOLEAN",
    "char": "VARCHAR",
    "date": "DATE",
    "decimal": "DECIMAL(10,0)",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "json": "JSON",
    "real": "FLOAT",
    "smallint": "SMALLINT",
    "string": "VARCHAR",
    "time": "TIME",
    "time with time zone": "TIMETZ",
    "tinyint": "TINYINT",
    "unknown": "VARCHAR",
    "uuid": "UUID",
    "varbinary": "BLOB",
    "varchar": "VARCHAR",
}
_TO_HIVE = {
    '"NULL"': "unknown",
    "BIGINT": "bigint",
    "BLOB": "binary",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double",
    "FLOAT": "float",
    "HUGEINT": "bigint",
    "INTEGER": "int",
    "INTERVAL": "interval day to second",
    "JSON": "json",
    "SMALLINT": "smallint",
    "TIME": "time",
    "TIME WITH TIME ZONE": "time with time zone",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TIMESTAMPTZ": "timestamp with time zone",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TINYINT": "tinyint",
    "UBIGINT": "bigint",
    "UHUGEINT": "bigint",
    "UINTEGER": "bigint",
    "USMALLINT": "int",
    "UTINYINT": "smallint",
    "UUID": "uuid",
}
_FIELD = re.compile(r'("(?:[^"]|"")*"|\S+)\s+(.*)', re.DOTALL)


_TO_TRINO = {"binary": "varbinary", "float": "real", "int": "integer", "string": "varchar"}
_TRINO_TIMES = {
    "time": "time(3)",
    "time with time zone": "time(3) with time zone",
    "timestamp": "timestamp(3)",
    "timestamp with time zone": "timestamp(3) with time zone",
}


def quote_identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def split_top(text: str) -> list[str]:
    """Split at the commas that stand outside brackets and double quotes; parts are stripped, empty ones dropped."""
    parts, depth, quoted, part = [], 0, False, ""
    for character in text:
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in "<([") - (character in ">)]")
        if character == "," and depth == 0 and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [one for one in [*parts, part.strip()] if one]


def hive_to_duck(hive: str) -> str:
    """The DuckDB type that holds a Hive type.

    Raises:
        ValueError: no engine of this account knows the type; what was written is in the message.
    """
    kind = hive.strip().lower()
    base, _, inside = re.sub(r"[>)]$", "", kind).partition("<")
    if base == "array" and inside:
        return hive_to_duck(inside) + "[]"
    if base == "map" and len(split_top(inside)) == 2:
        key, value = split_top(inside)
        return f"MAP({hive_to_duck(key)}, {hive_to_duck(value)})"
    if base == "struct" and inside:
        return "STRUCT(" + ", ".join(map(_struct_field, split_top(inside))) + ")"
    if kind.startswith("interval "):
        return "INTERVAL"
    if kind.startswith("decimal("):
        return kind.upper().replace(" ", "")
    if kind.startswith("timestamp"):
        return "TIMESTAMPTZ" if "zone" in kind or kind == "timestamptz" else "TIMESTAMP"
    name = re.sub(r"\(\d+\)$", "", kind)
    if name not in _TO_DUCK:
        raise ValueError(f"unknown type in the catalog: {hive}")
    return _TO_DUCK[name]


def _struct_field(field: str) -> str:
    name, _, kind = field.partition(":")
    return f"{quote_identifier(name.strip().strip('`'))} {hive_to_duck(kind)}"


def duck_to_hive(duck: str) -> str:
    """The Hive type that a value of a DuckDB type has in the catalog; what Hive has no type for is a string."""
    kind = duck.strip()
    if element := re.fullmatch(r"(.*)\[\d*\]", kind, re.DOTALL):
        return f"array<{duck_to_hive(element.group(1))}>"
    if kind.startswith("MAP("):
        key, value = split_top(kind[4:-1])
        return f"map<{duck_to_hive(key)},{duck_to_hive(value)}>"
    if kind.startswith("STRUCT("):
        fields = [found.groups() for field in split_top(kind[7:-1]) if (found := _FIELD.fullmatch(field))]
        return "struct<" + ",".join(f"{_plain(name).lower()}:{duck_to_hive(of)}" for name, of in fields) + ">"
    if kind.startswith("TUPLE("):
        # a row without names: https://docs.aws.amazon.com/athena/latest/ug/creating-row.html
        kinds = map(duck_to_hive, split_top(kind[6:-1]))
        return "struct<" + ",".join(f"field{i}:{of}" for i, of in enumerate(kinds)) + ">"
    if kind.startswith("DECIMAL"):
        return kind.lower().replace(" ", "")
    return _TO_HIVE.get(kind, "string")


def hive_to_trino(hive: str) -> str:
    """A Hive type as Trino's `typeof` spells it, such as `array(varchar)` for `array<string>`."""
    kind = hive.strip().lower()
    base, _, inside = kind.removesuffix(">").partition("<")
    if base == "struct" and inside:
        fields = [field.partition(":") for field in split_top(inside)]
        return "row(" + ", ".join(f"{name} {hive_to_trino(of)}".strip() for name, _, of in fields) + ")"
    if inside:
        return f"{base}({', '.join(map(hive_to_trino, split_top(inside)))})"
    return _TO_TRINO.get(kind) or _TRINO_TIMES.get(kind) or kind


def _plain(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
