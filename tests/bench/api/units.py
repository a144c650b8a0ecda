"""Write units by DynamoDB's published rules, computed from the requests themselves.

An item's size is the sum of its attributes' names and values, strings in UTF-8, numbers a byte per two digits and one
more, binaries raw, lists three bytes and one per element more.

A write costs a unit per 1 KB begun, in a transaction two; each index that has the item costs a unit
per 1 KB of its entry once more.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import math
from collections.abc import Mapping
from typing import Any

from api.contract import INDEXES

KILOBYTE = 1024
GLOBAL_INDEXES = 4


def size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of an item in DynamoDB's JSON."""
    return sum(len(name.encode()) + _value(typed) for name, typed in item.items())


def of_transaction(parameters: Mapping[str, Any]) -> int:
    """Units of a `TransactWriteItems` request that only puts new items, with the entries in the table's indexes."""
    items = [action["Put"]["Item"] for action in parameters["TransactItems"]]
    return sum(
        2 * _kilobytes(item) + sum(_kilobytes(item) for sort in INDEXES.values() if sort in item) for item in items
    )


def of_four_indexes(parameters: Mapping[str, Any]) -> int:
    """Units of the same items where the first is in four global indexes and the second is written by itself."""
    task, record = (action["Put"]["Item"] for action in parameters["TransactItems"])
    return (1 + GLOBAL_INDEXES) * _kilobytes(task) + _kilobytes(record)


def _kilobytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    return math.ceil(size(item) / KILOBYTE)


def _value(typed: Mapping[str, Any]) -> int:
    ((descriptor, value),) = typed.items()
    if descriptor == "N":
        return (len(value) + 1) // 2 + 1
    if descriptor == "L":
        return 3 + sum(1 + _value(one) for one in value)
    return len(value.encode() if descriptor == "S" else value)
