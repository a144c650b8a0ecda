"""DynamoDB's attribute values as plain JSON values, without losing a digit.

The wire format is `{"S": "text"}`, `{"N": "12"}`, … as the low-level API and Lambda's stream events carry it
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html). boto3's TypeDeserializer reads
the same, but builds a Decimal for every number, decodes binary that JSON then has to encode again, and turns sets into
Python sets, which have no order.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Attribute: TypeAlias = Mapping[str, Any]


def plain(image: Mapping[str, Attribute]) -> dict[str, Plain]:
    """An item as plain JSON values.

    Integers of any size stay integers; another number becomes a float if the float says exactly the same, else it
    stays text. Binary stays base64 text. Sets become sorted lists.

    Args:
        image: attribute names to attribute values in wire format.

    Raises:
        KeyError, TypeError, ValueError, ArithmeticError: a value is not in wire format.
    """
    return {name: value["S"] if "S" in value else _value(value) for name, value in image.items()}


def number(text: str) -> int | float | str:
    """A number of the wire format, exactly: as an integer, as a float, or, if a float would lose digits, as text.

    Raises:
        ArithmeticError: `text` is not a number.
    """
    try:
        return int(text)
    except ValueError:
        exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    nearest = float(text)
    return nearest if Decimal(repr(nearest)) == exact else text


def _value(attribute: Attribute) -> Plain:
    ((kind, value),) = attribute.items()
    return _READERS[kind](value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


_READERS: dict[str, Callable[[Any], Plain]] = {
    "S": _text,
    "N": number,
    "B": _text,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": plain,
    "L": lambda values: [_value(value) for value in values],
    "SS": sorted,
    "NS": lambda values: [number(value) for value in sorted(values, key=Decimal)],
    "BS": sorted,
}
