"""Catalog calls that dbt-athena, awswrangler and Athena make and MiniStack lacks or half understands.

AWS: GetPartitions filters with an SQL condition over the partition keys; UpdateTable keeps the version it replaces
unless SkipArchive is given; partitions are deleted in batches.
MiniStack 1.5.33 ignores Expression, so dbt's insert_overwrite would delete every partition, and knows neither versions
nor BatchDeletePartition nor UpdatePartition; it answers an Owner of '' for tables that have none.
Hooks: `_get_partitions`, `_update_table`, the table and database deletions (to drop versions), `_handle_request_sync`
for the missing actions, `_ALL_STATE` so that versions are saved.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import duckdb
from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response
from ministack.services import glue

from infra.local.account.hooks import hook, replace
from infra.local.glue.hive_types import hive_to_duck, quote_identifier, quote_literal

Request = dict[str, Any]
Response = Any

_versions = AccountRegionScopedDict()  # "database/table" -> [the versions that were replaced, oldest first]


def _key(data: Request) -> str:
    return f"{data.get('DatabaseName')}/{data.get('TableName')}"


def _not_found(what: str) -> Response:
    return error_response_json("EntityNotFoundException", f"{what} not found.", 400)


def _get_partitions(data: Request) -> Response:
    table = glue._tables.get(_key(data))
    if table is None:
        return _not_found(f"Table {data.get('TableName')}")
    partitions = glue._partitions.get(_key(data), [])
    try:
        matching = filter_partitions(table["PartitionKeys"], partitions, data.get("Expression") or "")
    except (duckdb.Error, ValueError) as error:
        return error_response_json("InvalidInputException", f"Unsupported expression: {error}", 400)
    return json_response({"Partitions": matching})


def filter_partitions(keys: list[dict[str, str]], partitions: list[Request], expression: str) -> list[Request]:
    """The partitions for which `expression` holds; Glue's expressions are SQL conditions, so an SQL engine decides.

    Args:
        keys: the table's partition keys, with the Hive types that values are compared as.
        partitions: with their values as text.
        expression: empty for all of them.

    Raises:
        duckdb.Error: the expression is no condition over the keys.
        ValueError: a key's type is unknown.
    """
    if not expression.strip() or not partitions:
        return partitions
    rows = ", ".join(
        "(" + ", ".join([str(number), *(quote_literal(str(value)) for value in partition["Values"])]) + ")"
        for number, partition in enumerate(partitions)
    )
    names = ", ".join(f"value{position}" for position in range(len(keys)))
    typed = ", ".join(
        f"try_cast(value{position} as {hive_to_duck(key['Type'])}) as {quote_identifier(key['Name'])}"
        for position, key in enumerate(keys)
    )
    query = (
        f"select number from (select number, {typed} from (values {rows}) given(number, {names})) where {expression}"
    )
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        matching = {row[0] for row in connection.execute(query).fetchall()}
    return [partition for number, partition in enumerate(partitions) if number in matching]


def _update_partition(data: Request) -> Response:
    entry = {"PartitionValueList": data.get("PartitionValueList"), "PartitionInput": data.get("PartitionInput")}
    status, headers, body = glue._batch_update_partition({**data, "Entries": [entry]})
    if status == 200 and json.loads(body)["Errors"]:
        return _not_found(f"Partition {data.get('PartitionValueList')}")
    return json_response({}) if status == 200 else (status, headers, body)


def _batch_delete_partition(data: Request) -> Response:
    if _key(data) not in glue._tables:
        return _not_found(f"Table {data.get('TableName')}")
    requested = [item["Values"] for item in data.get("PartitionsToDelete", [])]
    known = [partition["Values"] for partition in glue._partitions.get(_key(data), [])]
    for values in requested:
        glue._delete_partition({**data, "PartitionValues": values})
    detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Partition not found."}
    errors = [{"PartitionValues": values, "ErrorDetail": detail} for values in requested if values not in known]
    return json_response({"Errors": errors})


def _archive(original: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def _update_table(data: Request) -> Response:
        key = f"{data.get('DatabaseName')}/{data.get('TableInput', {}).get('Name')}"
        before = copy.deepcopy(glue._tables.get(key))
        response = original(data)
        if response[0] == 200 and not data.get("SkipArchive"):
            _versions[key] = [*_versions.get(key, []), before]
        return response

    return _update_table


def _all_versions(data: Request) -> list[Request]:
    """Newest first."""
    tables = [*_versions.get(_key(data), []), glue._tables[_key(data)]]
    return [{"Table": table, "VersionId": table["VersionId"]} for table in reversed(tables)]


def _get_table_versions(data: Request) -> Response:
    if _key(data) not in glue._tables:
        return _not_found(f"Table {data.get('TableName')}")
    return json_response({"TableVersions": _all_versions(data)})


def _get_table_version(data: Request) -> Response:
    if _key(data) not in glue._tables:
        return _not_found(f"Table {data.get('TableName')}")
    versions = _all_versions(data)
    requested = data.get("VersionId") or versions[0]["VersionId"]
    found = next((version for version in versions if version["VersionId"] == requested), None)
    return json_response({"TableVersion": found}) if found else _not_found(f"Version {requested}")


def _batch_delete_table_version(data: Request) -> Response:
    if _key(data) not in glue._tables:
        return _not_found(f"Table {data.get('TableName')}")
    errors = []
    for version in data.get("VersionIds", []):
        kept = [table for table in _versions.get(_key(data), []) if table["VersionId"] != version]
        if len(kept) == len(_versions.get(_key(data), [])):
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Version {version} not found."}
            errors.append({"TableName": data["TableName"], "VersionId": version, "ErrorDetail": detail})
        _versions[_key(data)] = kept
    return json_response({"Errors": errors})


def _delete_table_version(data: Request) -> Response:
    status, headers, body = _batch_delete_table_version({**data, "VersionIds": [data.get("VersionId")]})
    if status == 200 and json.loads(body)["Errors"]:
        return _not_found(f"Version {data.get('VersionId')}")
    return json_response({}) if status == 200 else (status, headers, body)


def _forgetting(original: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """After a deletion, versions go with their tables: a new table of the same name begins anew."""

    def delete(data: Request) -> Response:
        response = original(data)
        for key in [key for key in _versions if key not in glue._tables]:
            _versions.pop(key)
        return response

    return delete


def _without_empty(original: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A table has no Owner until somebody gives it one; clients send back what they read, and '' is refused."""

    def create_table(data: Request) -> Response:
        response = original(data)
        if response[0] == 200:
            table = glue._tables[f"{data.get('DatabaseName')}/{data['TableInput'].get('Name')}"]
            for member in OPTIONAL:
                if table.get(member) in (None, ""):
                    table.pop(member, None)
        return response

    return create_table


OPTIONAL = ("Description", "IsMultiDialectView", "Owner", "ViewDefinition", "ViewExpandedText", "ViewOriginalText")
MISSING_ACTIONS: dict[str, Callable[[Request], Response]] = {
    "BatchDeletePartition": _batch_delete_partition,
    "BatchDeleteTableVersion": _batch_delete_table_version,
    "DeleteTableVersion": _delete_table_version,
    "GetTableVersion": _get_table_version,
    "GetTableVersions": _get_table_versions,
    "UpdatePartition": _update_partition,
}


def apply() -> None:
    """Put the catalog calls in place."""

    def dispatch(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Response:
        action = MISSING_ACTIONS.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return action(json.loads(body or b"{}")) if action else original(method, path, headers, body, query_params)

    original = replace(glue, "_handle_request_sync", "method path headers body query_params", dispatch)
    replace(glue, "_get_partitions", "data", _get_partitions)
    replace(glue, "_update_table", "data", _archive(hook(glue, "_update_table", "data")))
    replace(glue, "_create_table", "data", _without_empty(hook(glue, "_create_table", "data")))
    for name in ("_delete_table", "_batch_delete_table", "_delete_database"):
        replace(glue, name, "data", _forgetting(hook(glue, name, "data")))
    glue._ALL_STATE["table_versions"] = _versions
