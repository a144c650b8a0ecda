"""DynamoDB's JSON to and from plain values; the table holds strings, lists of them, whole numbers and bytes only."""

from collections.abc import Mapping
from typing import Any

Value = str | int | bytes | list[str]


def marshal(attributes: Mapping[str, Value | None]) -> dict[str, Any]:
    """`attributes` as DynamoDB takes them. What is None is left out: absent attributes are not stored as NULL."""
    return {name: attribute(value) for name, value in attributes.items() if value is not None}


def attribute(value: Value) -> dict[str, Any]:
    """One value with its type descriptor."""
    if isinstance(value, str):
        return {"S": str(value)}  # an enumeration's member becomes its text
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, list):
        return {"L": [{"S": one} for one in value]}
    return {"N": str(value)}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item's plain values."""
    return {name: plain(typed) for name, typed in item.items()}


def plain(typed: Mapping[str, Any]) -> Value:
    """The value of one attribute.

    Raises:
        TypeError: it is of a type that the table does not hold.
    """
    ((descriptor, value),) = typed.items()
    if descriptor == "N":
        return int(value)
    if descriptor in {"S", "B"}:
        found: Value = value
        return found
    if descriptor == "L":
        return [one["S"] for one in value]
    raise TypeError(f"the table does not hold attributes of type {descriptor}")
