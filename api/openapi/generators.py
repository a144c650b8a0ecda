"""What client generators need of the document beyond what FastAPI writes.

Response schemas stay open (`additionalProperties` is absent): a client generated today reads tomorrow's answers, which
may have more fields. Every field that an answer always has is required, whether it may be null or not: generated types
do not have two kinds of "nothing". Request schemas say what the API refuses.
"""

import enum
from collections.abc import Iterable, Iterator
from typing import Any

from api.contract import Priority, Status
from api.models.task import DELETION_FIELDS
from api.models.task_query import Sort
from api.webhook_contract import DeliveryStatus, EventType

_PREFIX = "#/components/schemas/"
# fields that tell by being there: of a deleted task
_SOMETIMES = {"Task": DELETION_FIELDS}
_ENUMS: tuple[type[enum.StrEnum], ...] = (Status, Priority, Sort, EventType, DeliveryStatus)


def complete(document: dict[str, Any]) -> None:
    """Rework the schemas of an OpenAPI document in place.

    Args:
        document: whose problems and gateway errors are not in it yet; these say themselves what is required.
    """
    schemas = document["components"]["schemas"]
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    received = _reachable(schemas, (operation["responses"] for operation in operations))
    for name in received - _reachable(schemas, (operation.get("requestBody", {}) for operation in operations)):
        schema = schemas[name]
        if "properties" in schema:
            schema.pop("additionalProperties", None)
            schema["required"] = [one for one in schema["properties"] if one not in _SOMETIMES.get(name, ())]
    for kind in _ENUMS:
        if kind.__name__ in schemas:
            # https://openapi-generator.tech/docs/templating/#enum: values such as `-created_at` make no good names
            schemas[kind.__name__]["x-enum-varnames"] = [member.name for member in kind]


def _reachable(schemas: dict[str, Any], parts: Iterable[Any]) -> set[str]:
    """The names of the schemas that `parts` of the document refer to, directly or through other schemas."""
    found: set[str] = set()
    queue = [name for part in parts for name in _references(part)]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue.extend(_references(schemas[name]))
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _references(one)
    elif isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith(_PREFIX):
            yield reference.removeprefix(_PREFIX)
        for value in part.values():
            yield from _references(value)
