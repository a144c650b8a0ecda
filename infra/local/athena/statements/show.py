"""SHOW and DESCRIBE.

https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

import re
from collections.abc import Callable, Mapping

from infra.local.athena.api.results import HIVE_TEXT, Column, Result
from infra.local.athena.catalog.glue import Table, comments, data_columns, is_iceberg, is_view, partition_keys
from infra.local.athena.catalog.views import stored
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session
from infra.local.athena.sql.names import DATABASE, FULL_NAME, place_of

_Match = re.Match[str]


def _listed(rows: list[str], column: str = "result") -> Result:
    return Result("UTILITY", [Column(column, HIVE_TEXT)], [[row] for row in rows])


def _pattern(text: str | None) -> re.Pattern[str]:
    """Hive's pattern: `*` is any text, `|` a choice."""
    return re.compile((text or "*").replace(".*", "*").replace("*", ".*"), re.IGNORECASE)


def _show_partitions(session: Session, found: _Match) -> Result:
    database, name = place_of(session, found)
    keys = [key for key, _ in partition_keys(session.caller.catalog.table(database, name))]
    values = [partition["Values"] for partition in session.caller.catalog.partitions(database, name)]
    return _listed(["/".join(f"{key}={v}" for key, v in zip(keys, row, strict=True)) for row in values], "partition")


def _show_tables(session: Session, found: _Match) -> Result:
    database, pattern = found.group(2) or session.database, _pattern(found.group(3))
    tables = session.caller.catalog.tables(database.lower())
    only_views = found.group(1).lower() == "views"
    names = [table["Name"] for table in tables if is_view(table) or not only_views]
    return _listed(sorted(name for name in names if pattern.fullmatch(name)), "tab_name")


def _show_databases(session: Session, found: _Match) -> Result:
    pattern = _pattern(found.group(1))
    names = [name for name in session.caller.catalog.databases() if pattern.fullmatch(name)]
    return _listed(sorted(names), "database_name")


def _describe(session: Session, found: _Match) -> Result:
    table = session.caller.catalog.table(*place_of(session, found))
    comment_of = comments(table)
    lines = [
        f"{name:<20}\t{hive:<20}\t{comment_of.get(name, ''):<20}"
        for name, hive in data_columns(table) + partition_keys(table)
    ]
    return _listed(lines, "col_name")


def _show_columns(session: Session, found: _Match) -> Result:
    table = session.caller.catalog.table(*place_of(session, found))
    return _listed([f"{name:<20}" for name, _ in data_columns(table) + partition_keys(table)], "field")


def _show_create_view(session: Session, found: _Match) -> Result:
    database, name = place_of(session, found)
    view = stored(session.caller.catalog.table(database, name))
    return _listed([f"CREATE VIEW {database}.{name} AS", *view.sql.splitlines()], "create view")


def _show_properties(session: Session, found: _Match) -> Result:
    """One text per property, its name and its value with a tab between; of a named property, the value.

    https://docs.aws.amazon.com/athena/latest/ug/show-tblproperties.html
    """
    properties = _properties(session.caller.catalog.table(*place_of(session, found)))
    name = found.group(4)
    if name is not None and name not in properties:
        raise AthenaError(f"FAILED: SemanticException Table does not have property: {name}")
    lines = [properties[name]] if name else [f"{key}\t{value}" for key, value in sorted(properties.items())]
    return _listed(lines, "prpt_name")


def _properties(table: Table) -> dict[str, str]:
    properties = {name: str(value) for name, value in (table.get("Parameters") or {}).items()}
    # of an Iceberg table, what was given when it was made; the rest is between Athena and the catalog
    return {name: value for name, value in properties.items() if name not in ("previous_metadata_location",)}


def _show_create_table(session: Session, found: _Match) -> Result:
    """https://docs.aws.amazon.com/athena/latest/ug/show-create-table.html"""
    database, name = place_of(session, found)
    table = session.caller.catalog.table(database, name)
    if is_view(table):
        raise AthenaError(f"FAILED: SemanticException [Error 10001]: '{database}.{name}' is a view; SHOW CREATE VIEW")
    lines = _iceberg_lines(session, table) if is_iceberg(table) else _hive_lines(table)
    return _listed(lines, "createtab_stmt")


def _column_lines(table: Table, columns: list[tuple[str, str]], end: str) -> list[str]:
    comment_of = comments(table)
    texts = [
        f"  `{name}` {hive}" + (f" COMMENT {_quoted(comment_of[name])}" if name in comment_of else "")
        for name, hive in columns
    ]
    return [*(f"{text}, " for text in texts[:-1]), texts[-1] + end]


def _hive_lines(table: Table) -> list[str]:
    storage, parameters = table["StorageDescriptor"], dict(table.get("Parameters") or {})
    lines = [f"CREATE EXTERNAL TABLE `{table['DatabaseName']}.{table['Name']}`("]
    lines += _column_lines(table, data_columns(table), ")")
    if comment := parameters.pop("comment", None):
        lines.append(f"COMMENT {_quoted(comment)}")
    if keys := partition_keys(table):
        lines += ["PARTITIONED BY ( ", *_column_lines(table, keys, ")")]
    lines += _row_format(storage.get("SerdeInfo") or {})
    lines += ["STORED AS INPUTFORMAT ", f"  '{storage.get('InputFormat', '')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{storage.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{storage.get('Location', '')}'"]
    return lines + _property_lines(parameters, "TBLPROPERTIES (")


def _iceberg_lines(session: Session, table: Table) -> list[str]:
    database, name = table["DatabaseName"], table["Name"]
    opened = session.caller.iceberg.load(database, name)
    lines = [f"CREATE TABLE {database}.{name} (", *_column_lines(table, data_columns(table), ")")]
    fields = [
        f"`{opened.schema().find_column_name(field.source_id)}`"
        if str(field.transform) == "identity"
        else f"{_transform(str(field.transform))}`{opened.schema().find_column_name(field.source_id)}`)"
        for field in opened.spec().fields
    ]
    lines += [f"PARTITIONED BY ({', '.join(fields)})"] if fields else []
    lines.append(f"LOCATION '{opened.location()}'")
    return lines + _property_lines({"table_type": "iceberg", **opened.properties}, "TBLPROPERTIES (")


def _transform(text: str) -> str:
    """`bucket[16]` as `bucket(16, `, `day` as `day(`."""
    function, _, width = text.rstrip("]").partition("[")
    return f"{function}({width}, " if width else f"{function}("


def _row_format(serde: Mapping[str, Mapping[str, str] | str]) -> list[str]:
    library = str(serde.get("SerializationLibrary", ""))
    parameters = serde.get("Parameters")
    options = dict(parameters) if isinstance(parameters, Mapping) else {}
    if "LazySimpleSerDe" in library and "field.delim" in options:
        clauses = {
            "field.delim": "FIELDS TERMINATED BY",
            "escape.delim": "ESCAPED BY",
            "colelction.delim": "COLLECTION ITEMS TERMINATED BY",
            "mapkey.delim": "MAP KEYS TERMINATED BY",
            "line.delim": "LINES TERMINATED BY",
        }
        lines = [f"  {words} {_quoted(options[key])} " for key, words in clauses.items() if key in options]
        return ["ROW FORMAT DELIMITED ", *lines]
    shown = {name: value for name, value in options.items() if (name, value) != ("serialization.format", "1")}
    return ["ROW FORMAT SERDE ", f"  '{library}' ", *_property_lines(shown, "WITH SERDEPROPERTIES ( ")]


def _property_lines(properties: Mapping[str, str], begin: str) -> list[str]:
    if not properties:
        return []
    pairs = [f"  {_quoted(name)}={_quoted(str(value))}" for name, value in sorted(properties.items())]
    return [begin, *(f"{pair}, " for pair in pairs[:-1]), pairs[-1] + ")"]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\t", "\\t").replace("\n", "\\n")
    return f"'{escaped}'"


STATEMENTS: list[tuple[str, Callable[[Session, _Match], Result]]] = [
    (rf"show\s+partitions\s+{FULL_NAME}", _show_partitions),
    (rf"show\s+(tables|views)(?:\s+(?:in|from)\s+{DATABASE})?(?:\s+(?:like\s+)?'([^']*)')?", _show_tables),
    (r"show\s+(?:databases|schemas)(?:\s+(?:like\s+)?'([^']*)')?", _show_databases),
    (rf"(?:describe|desc)\s+(?:formatted\s+|extended\s+)?{FULL_NAME}", _describe),
    (rf"show\s+columns\s+(?:in|from)\s+{FULL_NAME}", _show_columns),
    (rf"show\s+create\s+view\s+{FULL_NAME}", _show_create_view),
    (rf"show\s+create\s+table\s+{FULL_NAME}", _show_create_table),
    (rf"show\s+tblproperties\s+{FULL_NAME}(?:\s*\(\s*'([^']*)'\s*\))?", _show_properties),
]
"""Pattern of the statement -> what it does."""
