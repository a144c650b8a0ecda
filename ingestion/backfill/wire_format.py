"""Attribute values as boto3 gives them, in the form in which Lambda's events carry them: binary as base64 text."""

import base64
from collections.abc import Mapping
from typing import Any


def to_wire_format(image: Mapping[str, Any]) -> dict[str, Any]:
    """An item of boto3's low-level client in wire format.

    Args:
        image: attribute names to attribute values.
    """
    return {name: _value(value) for name, value in image.items()}


def _value(attribute: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            return {"B": _text(value)}
        case "BS":
            return {"BS": [_text(part) for part in value]}
        case "M":
            return {"M": to_wire_format(value)}
        case "L":
            return {"L": [_value(part) for part in value]}
    return {kind: value}


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
