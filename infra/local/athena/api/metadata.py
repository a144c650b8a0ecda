"""ListDatabases, GetDatabase, GetTableMetadata and ListTableMetadata as Athena answers them.

AWS: the catalog's name is compared without case; a table that does not exist is a MetadataException; a table's
`Parameters` also hold its location, formats and SerDe; lists come in pages of at most 50.
https://docs.aws.amazon.com/athena/latest/APIReference/API_GetTableMetadata.html

MiniStack 1.5.33 knows `AwsDataCatalog` in this spelling only, invents an empty table for one that does not exist,
leaves the storage out and lists everything at once.
"""

import re
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena, glue

from infra.local.account import hooks

MAX_PAGE = 50
_CATALOG = "AwsDataCatalog"

Request = dict[str, Any]
Handler = Callable[[Request], Any]


def apply() -> None:
    """Put the completion in place."""
    hooks.hook(athena, "_glue_table_to_metadata", "t")
    for name in ("_list_databases", "_get_database"):
        hooks.replace(athena, name, "data", _with_catalog(hooks.hook(athena, name, "data")))
    hooks.replace(athena, "_get_table_metadata", "data", _with_catalog(_get_table_metadata))
    hooks.replace(athena, "_list_table_metadata", "data", _with_catalog(_list_table_metadata))


def _with_catalog(handler: Handler) -> Handler:
    """Let a handler see the catalog's name as the account spells it."""

    def handle(data: Request) -> Any:
        given = str(data.get("CatalogName") or _CATALOG)
        spelled = next((name for name in athena._data_catalogs if name.lower() == given.lower()), None)
        return handler({**data, "CatalogName": spelled}) if spelled else _missing(f"Catalog {given} not found")

    return handle


def _missing(message: str) -> Any:
    return error_response_json("MetadataException", message, 400)


def _not_in_glue(what: str) -> Any:
    """What Glue said, in the envelope by which PyAthena 4 knows that a table is missing."""
    service = "Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException"
    return _missing(f"EntityNotFoundException: {what} ({service}; Request ID: {uuid.uuid4()}; Proxy: null)")


def _get_table_metadata(data: Request) -> Any:
    database, name = str(data.get("DatabaseName")).lower(), str(data.get("TableName")).lower()
    table = glue._tables.get(f"{database}/{name}")
    if table is None:
        return _not_in_glue(f"Table {name} not found in database {database}")
    return json_response({"TableMetadata": describe(table)})


def _list_table_metadata(data: Request) -> Any:
    database = str(data.get("DatabaseName")).lower()
    if database not in glue._databases:
        return _not_in_glue(f"Database {database} not found")
    pattern, start = re.compile(str(data.get("Expression") or ".*")), int(data.get("NextToken") or 0)
    tables = [table for key, table in glue._tables.items() if key.startswith(f"{database}/")]
    matching = sorted(
        (table for table in tables if pattern.fullmatch(table["Name"])), key=lambda table: str(table["Name"])
    )
    end = start + min(int(data.get("MaxResults") or MAX_PAGE), MAX_PAGE)
    page: dict[str, Any] = {"TableMetadataList": [describe(table) for table in matching[start:end]]}
    return json_response({**page, "NextToken": str(end)} if end < len(matching) else page)


def describe(table: dict[str, Any]) -> dict[str, Any]:
    """A catalog entry as `TableMetadata`."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    described = {
        "inputformat": storage.get("InputFormat"),
        "location": storage.get("Location"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
        **(table.get("Parameters") or {}),
    }
    return {
        **athena._glue_table_to_metadata(table),
        "CreateTime": table["CreateTime"],
        "LastAccessTime": table.get("LastAccessTime") or table["CreateTime"],
        "Parameters": {name: value for name, value in described.items() if value},
    }
