"""Views, stored in the Glue catalog as Athena stores them: Trino's definition, base64 in ViewOriginalText."""

import base64
import dataclasses
import json
import re
from collections.abc import Sequence
from typing import Any

from infra.local.athena.api.results import Column
from infra.local.athena.catalog.glue import Table
from infra.local.athena.errors import AthenaError
from infra.local.glue.hive_types import hive_to_trino

_STORED = re.compile(r"Presto View: (\S+)")


@dataclasses.dataclass(frozen=True)
class View:
    """What a view says.

    Args:
        sql: Trino SQL.
        database: where the unqualified names in it are looked up.
        columns: their names.
    """

    sql: str
    database: str
    columns: list[str]


def trino_type(hive: str) -> str:
    """A column's type inside a stored view."""
    if "<" in hive:
        return hive_to_trino(hive)
    return Column("", hive).type if "(" not in hive else hive


def definition(name: str, view: View, columns: Sequence[Column]) -> dict[str, Any]:
    """The TableInput of a view."""
    stored = {
        "originalSql": view.sql,
        "catalog": "awsdatacatalog",
        "schema": view.database,
        "columns": [{"name": column.name, "type": trino_type(column.hive)} for column in columns],
    }
    return {
        "Name": name,
        "Owner": "hadoop",
        "TableType": "VIRTUAL_VIEW",
        "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(stored).encode()).decode()} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": column.name, "Type": column.hive} for column in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }


def stored(table: Table) -> View:
    """The view in a catalog entry.

    Raises:
        AthenaError: INVALID_VIEW, the catalog's entry is not one of Athena's.
    """
    found = _STORED.search(table.get("ViewOriginalText") or "")
    if not found:
        raise AthenaError(f"INVALID_VIEW: View '{table.get('DatabaseName')}.{table['Name']}' was not made by Athena")
    content = json.loads(base64.b64decode(found.group(1)))
    return View(
        content["originalSql"],
        content.get("schema") or table["DatabaseName"],
        [column["Name"] for column in table["StorageDescriptor"]["Columns"]],
    )
