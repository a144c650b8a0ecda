"""ALTER TABLE, on Hive tables in the catalog and on Iceberg tables in their own metadata."""

import re
from typing import Any

import duckdb
import pyarrow as pa

from infra.local.athena.catalog.glue import Table, duck_type, is_iceberg, table_input
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session, arrow
from infra.local.athena.sql.names import FULL_NAME, NAME, place_of
from infra.local.glue.hive_types import quote_identifier, split_top


def definitions(text: str) -> list[dict[str, str]]:
    """`a int, b string COMMENT 'x'` as the catalog describes columns.

    Raises:
        AthenaError: a column without a type.
    """
    columns = []
    for item in split_top(text):
        found = re.fullmatch(rf"{NAME}\s+(.*?)(?:\s+comment\s+'([^']*)')?", item.strip(), re.DOTALL | re.IGNORECASE)
        if not found:
            raise AthenaError(f"FAILED: ParseException: a column needs a name and a type: {item}")
        comment = {"Comment": found.group(3)} if found.group(3) else {}
        columns.append({"Name": found.group(1).lower(), "Type": found.group(2).strip().lower(), **comment})
    return columns


def arrow_schema(columns: list[dict[str, str]]) -> pa.Schema:
    """The Arrow schema of catalog columns."""
    typed = ", ".join(f"cast(null as {duck_type(c['Type'])}) as {quote_identifier(c['Name'])}" for c in columns)
    with duckdb.connect() as connection:
        return arrow(connection, f"select {typed}").schema


def run(session: Session, database: str, name: str, action: str) -> None:
    """Do what follows `ALTER TABLE <name>`.

    Raises:
        AthenaError: an action that Athena does not know either.
    """
    table = session.caller.catalog.table(database, name)
    if found := _match(rf"rename\s+to\s+{FULL_NAME}", action):
        _rename(session, database, table, place_of(session, found))
    elif found := _match(r"add\s+(if\s+not\s+exists\s+)?(partition\s*\(.*)", action):
        _add_partitions(session, database, table, found.group(2))
    elif found := _match(r"drop\s+(if\s+exists\s+)?(partition\s*\(.*)", action):
        _drop_partitions(session, database, table, found.group(2))
    elif is_iceberg(table):
        _alter_iceberg(session, database, name, action)
    else:
        _alter_hive(session, database, table, action)


def _match(pattern: str, action: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, action, re.DOTALL | re.IGNORECASE)


def _properties(text: str) -> dict[str, str]:
    return dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", text))


def _unknown(action: str) -> AthenaError:
    return AthenaError(f"FAILED: ParseException line 1:0 cannot recognize input near '{action[:80]}'")


def _rename(session: Session, database: str, table: Table, new: tuple[str, str]) -> None:
    catalog = session.caller.catalog
    catalog.create(new[0], {**table_input(table), "Name": new[1]})
    catalog.drop(database, table["Name"])


def _alter_iceberg(session: Session, database: str, name: str, action: str) -> None:
    iceberg = session.caller.iceberg
    if found := _match(r"set\s+tblproperties\s*\((.*)\)", action):
        iceberg.alter(database, name, properties=_properties(found.group(1)))
    elif found := _match(r"add\s+columns\s*\((.*)\)", action):
        iceberg.alter(database, name, add=arrow_schema(definitions(found.group(1))))
    elif found := _match(rf"drop\s+column\s+{NAME}", action):
        iceberg.alter(database, name, drop=[found.group(1)])
    elif found := _match(rf"change\s+(?:column\s+)?{NAME}\s+{NAME}\s+(.*)", action):
        old, new, kind = found.groups()
        (field,) = arrow_schema(definitions(f"{new} {kind}"))
        iceberg.alter(database, name, change=(old.lower(), new.lower(), field.type))
    else:
        raise _unknown(action)


def _alter_hive(session: Session, database: str, table: Table, action: str) -> None:
    storage: dict[str, Any] = table["StorageDescriptor"]
    if found := _match(r"set\s+tblproperties\s*\((.*)\)", action):
        table["Parameters"] = {**(table.get("Parameters") or {}), **_properties(found.group(1))}
    elif found := _match(r"add\s+columns\s*\((.*)\)", action):
        storage["Columns"] = [*storage["Columns"], *definitions(found.group(1))]
    elif found := _match(r"replace\s+columns\s*\((.*)\)", action):
        storage["Columns"] = definitions(found.group(1))
    elif found := _match(r"set\s+location\s+'([^']*)'", action):
        storage["Location"] = found.group(1)
    else:
        raise _unknown(action)
    session.caller.catalog.update(database, table_input(table))


def _specifications(text: str) -> list[tuple[dict[str, str], str | None]]:
    """`PARTITION (k = 'v', …) LOCATION 's3://…' PARTITION …` as (values by key, location)."""
    found = re.findall(r"partition\s*\(([^)]*)\)(?:\s*location\s+'([^']*)')?", text, re.DOTALL | re.IGNORECASE)
    pairs = [dict(re.findall(r"[`\"]?(\w+)[`\"]?\s*=\s*'?([^',)]*)'?", inside)) for inside, _ in found]
    return [(values, place or None) for values, (_, place) in zip(pairs, found, strict=True)]


def _add_partitions(session: Session, database: str, table: Table, text: str) -> None:
    storage, locations = table["StorageDescriptor"], {}
    for values, place in _specifications(text):
        folder = "/".join(f"{key}={value}" for key, value in values.items())
        key = tuple(values[name["Name"]] for name in table["PartitionKeys"])
        locations[key] = place or f"{storage['Location'].rstrip('/')}/{folder}/"
    session.caller.catalog.add_partitions(database, table["Name"], locations, storage)


def _drop_partitions(session: Session, database: str, table: Table, text: str) -> None:
    for values, _ in _specifications(text):
        session.caller.catalog.glue.delete_partition(
            DatabaseName=database,
            TableName=table["Name"],
            PartitionValues=[values[name["Name"]] for name in table["PartitionKeys"]],
        )
