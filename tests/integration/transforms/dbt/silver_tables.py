"""Silver written without Spark: the tables of the contract, as Iceberg, with the rows that a test wants in them."""

import datetime as dt
import re
from typing import Any

import pyarrow as pa

from infra.local.account.settings import OWNER_KEYS, REGION
from infra.local.athena.data.iceberg import Iceberg, replace
from tests.conftest import Account
from transforms.silver.contract import TABLES, Table

ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
}


class SilverTables:
    """The tables of one silver database.

    Args:
        database: an existing database of the Glue catalog.
        location: where the tables go, `s3://bucket/prefix`.
    """

    def __init__(self, account: Account, database: str, location: str) -> None:
        endpoint = account.settings.endpoint
        keys = {"s3.access-key-id": OWNER_KEYS["aws_access_key_id"]}
        keys["s3.secret-access-key"] = OWNER_KEYS["aws_secret_access_key"]
        glue = account.session.client("glue", endpoint_url=endpoint)
        self.iceberg = Iceberg(glue, {"s3.endpoint": endpoint, "s3.region": REGION, **keys})
        self.database, self.location = database, location

    def create(self) -> None:
        """Create every table, empty."""
        for table in TABLES:
            days = [re.sub(r"^days\(", "day(", one) for one in table.partitioned_by]
            self.iceberg.create(self.database, table.name, schema(table), f"{self.location}/{table.name}", days)

    def fill(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """Give every table the rows named for it, and no others, in one commit each."""
        for table in TABLES:
            self.fill_one(table.name, rows.get(table.name, []))

    def fill_one(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Give one table these rows, and no others, in one commit; those without `merged_at` were merged now."""
        (table,) = (one for one in TABLES if one.name == name)
        opened = self.iceberg.load(self.database, name)
        now = dt.datetime.now(dt.UTC)
        content = pa.Table.from_pylist([{"merged_at": now, **row} for row in rows], schema=schema(table))
        if opened.current_snapshot() is not None:
            replace(opened, content)
        elif content.num_rows:
            self.iceberg.append(self.database, name, content)

    def append(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Add rows to one table, in one commit."""
        (table,) = (one for one in TABLES if one.name == name)
        self.iceberg.append(self.database, name, pa.Table.from_pylist(rows, schema=schema(table)))

    def make_like(self, name: str, other: str, rows: list[dict[str, Any]]) -> None:
        """Create another table with the columns of one of silver's, holding these rows."""
        (table,) = (one for one in TABLES if one.name == name)
        self.iceberg.create(self.database, other, schema(table), f"{self.location}/{other}")
        self.iceberg.append(self.database, other, pa.Table.from_pylist(rows, schema=schema(table)))


def schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table of the contract."""
    return pa.schema([pa.field(column.name, ARROW[column.type]) for column in table.columns])
