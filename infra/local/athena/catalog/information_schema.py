"""`information_schema`: what the catalog holds, as tables.

https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
"""

import pyarrow as pa

from infra.local.athena.catalog.glue import comments, data_columns, is_view, partition_keys
from infra.local.athena.catalog.views import trino_type
from infra.local.athena.session import Session

_TABLES = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "columns": (
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "data_type",
        "comment",
        "extra_info",
    ),
}
_ROW = tuple[str | int | None, ...]


def create(session: Session) -> None:
    """Make schema `information` with the tables above, once per statement."""
    connection = session.connection
    if connection.execute("select 1 from duckdb_schemas() where schema_name = 'information'").fetchone():
        return
    connection.execute("create schema information")
    for name, rows in _rows(session).items():
        data = pa.table(
            {
                column: pa.array([row[i] for row in rows], pa.int64() if column == "ordinal_position" else pa.string())
                for i, column in enumerate(_TABLES[name])
            }
        )
        connection.register("__rows", data)
        connection.execute(f"create table information.{name} as select * from __rows")
        connection.unregister("__rows")


def _rows(session: Session) -> dict[str, list[_ROW]]:
    found: dict[str, list[_ROW]] = {name: [] for name in _TABLES}
    for database in session.caller.catalog.databases():
        found["schemata"].append(("awsdatacatalog", database))
        for table in session.caller.catalog.tables(database):
            place = ("awsdatacatalog", database, table["Name"])
            found["tables"].append((*place, "VIEW" if is_view(table) else "BASE TABLE"))
            keys, comment_of = {name for name, _ in partition_keys(table)}, comments(table)
            found["columns"] += [
                (
                    *place,
                    name,
                    i,
                    None,
                    "YES",
                    trino_type(hive),
                    comment_of.get(name),
                    "partition key" if name in keys else None,
                )
                for i, (name, hive) in enumerate(data_columns(table) + partition_keys(table), 1)
            ]
    return found
