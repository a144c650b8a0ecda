"""`dynamodb:LeadingKeys`: the partition keys that a request names, so that a policy can hold a role to some of them.

AWS: the key has the partition key's value of every item that a request reads or writes, of a Query that of its key
condition; Scan has none. A transaction is authorized operation by operation, each with its own item's key.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html

MiniStack 1.5.33 leaves the key out, which `ForAllValues` takes for a match: every partition would be allowed.

Hooks: `iam_actions.dynamodb_service_context`, whose answer becomes a request's condition keys, and
`iam_actions.dynamodb_transaction_checks`, whose pairs of action and ARN are checked one by one; `resources` hands the
keys of a pair to the evaluator.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.local.account.hooks import replace

Request = Mapping[str, Any]
KEY = "dynamodb:LeadingKeys"
EQUALS = re.compile(r"(#?[\w.-]+)\s*=\s*(:\w+)")


class ItemArn(str):
    """The ARN of a table in the check of one operation of a transaction, with the partition key of its item."""

    keys: list[str]


def leading_keys(request: Request) -> list[str]:
    """The partition keys that a request names; empty when it names none, as a Scan does.

    Args:
        request: its JSON body, of one item, of a query, or of a batch.
    """
    batches = request.get("RequestItems")
    if isinstance(batches, Mapping):
        return [key for table, batch in batches.items() for item in _items(batch) for key in _of(table, item)]
    table = str(request.get("TableName", ""))
    if "KeyConditionExpression" in request:
        return _of_query(table, request)
    return [key for item in (request.get("Item"), request.get("Key")) if item for key in _of(table, item)]


def _items(batch: Any) -> Iterator[Request]:
    yield from batch.get("Keys", []) if isinstance(batch, Mapping) else []
    for request in batch if isinstance(batch, list) else []:
        for operation in request.values():
            yield operation.get("Item") or operation.get("Key") or {}


def _of(table: str, item: Request) -> list[str]:
    value = item.get(_partition_key(table))
    return [str(next(iter(value.values())))] if isinstance(value, Mapping) and value else []


def _of_query(table: str, request: Request) -> list[str]:
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    expected = _partition_key(table)
    return [
        str(next(iter(values[value].values())))
        for name, value in EQUALS.findall(str(request["KeyConditionExpression"]))
        if names.get(name, name) == expected and values.get(value)
    ]


def _partition_key(table: str) -> str:
    from ministack.services import dynamodb

    found = dynamodb._tables.get(table.rpartition("/")[2])
    return str(found["pk_name"]) if found else ""


def _parsed(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}")
    except ValueError:  # the service itself answers a malformed body
        return {}
    return request if isinstance(request, dict) else {}


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed how it authorizes requests to DynamoDB.
    """
    from ministack.core import iam_actions

    def context(body: bytes) -> dict[str, Any]:
        keys = leading_keys(_parsed(body))
        return {**original_context(body), **({KEY: keys} if keys else {})}

    def checks(iam_action: str, body: bytes, region: str, account_id: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = original_checks(iam_action, body, region, account_id)
        operations = _operations(_parsed(body), iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS) if found else ()
        return [(action, _item_arn(arn, each)) for (action, arn), each in zip(found, operations, strict=True)]

    original_context = replace(iam_actions, "dynamodb_service_context", "body", context)
    original_checks = replace(iam_actions, "dynamodb_transaction_checks", "iam_action body region account_id", checks)


def _operations(transaction: Request, kinds: Mapping[str, str]) -> Iterator[Request]:
    # in the emulator's order, which pairs each with its action
    for item in transaction["TransactItems"]:
        for kind in kinds:
            operation = item.get(kind) if isinstance(item, Mapping) else None
            if isinstance(operation, Mapping) and isinstance(table := operation.get("TableName"), str) and table:
                yield operation


def _item_arn(arn: str, operation: Request) -> ItemArn:
    found = ItemArn(arn)
    found.keys = leading_keys(operation)
    return found
