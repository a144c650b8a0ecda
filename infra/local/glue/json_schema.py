"""What a crawler concludes from JSON: the types that Glue's built-in JSON classifier would write to the catalog.

Integers are `int`, beyond 32 bits `bigint`; other numbers `double`; text that looks like a date stays `string`; values
that contradict each other become `string`. See
https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-built-in.
"""

import functools
import json
from collections.abc import Iterable
from typing import Any

INT = range(-(2**31), 2**31)
NUMBERS = ("int", "bigint", "double")  # each holds the ones before it


class Struct(dict[str, "Type"]):
    """Field names, as spelt in the data but in lower case, with their types."""


class Array(list["Type"]):
    """One element: the type of the items."""


Type = Struct | Array | str | None
"""None is the type of null, and of the items of an empty array: it gives way to any other."""


def of_lines(lines: Iterable[bytes]) -> Struct:
    """The columns of newline-delimited JSON objects.

    Raises:
        ValueError: a line is not a JSON object.
    """
    columns = Struct()
    for line in lines:
        if line.strip():
            found = of_value(json.loads(line))
            if not isinstance(found, Struct):
                raise ValueError("a line holds something else than a JSON object")
            columns = merge_structs(columns, found)
    return columns


def of_value(value: Any) -> Type:
    """The type of one JSON value."""
    if value is None:
        return None
    if isinstance(value, dict):
        # keys that differ in case only are one column to Hive
        fields = (Struct({key.lower(): of_value(of)}) for key, of in value.items())
        return functools.reduce(merge_structs, fields, Struct())
    if isinstance(value, list):
        return Array([functools.reduce(merge, map(of_value, value), None)])
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if value in INT else "bigint"
    return "double" if isinstance(value, float) else "string"


def merge(one: Type, other: Type) -> Type:
    """The type that holds values of both."""
    if one is None or one == other:
        return other
    if other is None:
        return one
    if isinstance(one, Struct) and isinstance(other, Struct):
        return merge_structs(one, other)
    if isinstance(one, Array) and isinstance(other, Array):
        return Array([merge(one[0], other[0])])
    if isinstance(one, str) and isinstance(other, str) and one in NUMBERS and other in NUMBERS:
        return max(one, other, key=NUMBERS.index)
    return "string"


def merge_structs(one: Struct, other: Struct) -> Struct:
    """The fields of both, in the order in which they were met."""
    return Struct({name: merge(one.get(name), other.get(name)) for name in [*one, *(n for n in other if n not in one)]})


def to_hive(kind: Type) -> str:
    """As the catalog writes it; what was never anything but null is a string."""
    if isinstance(kind, Struct):
        return "struct<" + ",".join(f"{name}:{to_hive(of)}" for name, of in kind.items()) + ">" if kind else "string"
    if isinstance(kind, Array):
        return f"array<{to_hive(kind[0])}>"
    return kind or "string"
