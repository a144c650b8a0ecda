"""How a completion takes hold of the handlers of one resource type.

Handlers are a dict: `create(logical_id, properties, stack)` returns (physical id, attributes);
`update(physical_id, old, new, stack[, logical_id])` likewise (the last argument when "update_with_logical_id" is set);
`delete(physical_id, properties)`.
"""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import HookChangedError

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


class RefusedError(ValueError):
    """The service refused a resource's properties; CloudFormation shows the message as the resource's status reason."""


def handlers_of(resource_type: str) -> dict[str, Any]:
    """The emulator's handlers of a type that it knows, to be wrapped.

    Raises:
        HookChangedError: it no longer knows the type.
    """
    found: dict[str, Any] | None = provisioners._RESOURCE_HANDLERS.get(resource_type)
    if found is None:
        raise HookChangedError(f"the emulator no longer provisions {resource_type}: its completion needs another hook")
    return found


def add_type(
    resource_type: str,
    create: Callable[[str, Properties, str], Created],
    update: Callable[[str, Properties, Properties, str, str], Created],
    delete: Callable[[str, Properties], None],
) -> None:
    """Make the emulator provision a type that it refuses.

    Raises:
        HookChangedError: it knows the type by now, so the completion has become one too many.
    """
    if resource_type in provisioners._RESOURCE_HANDLERS:
        raise HookChangedError(f"the emulator provisions {resource_type} itself now: remove its completion")
    provisioners._RESOURCE_HANDLERS[resource_type] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
    }


def after_change(resource_type: str, change: Callable[[str, Properties, Properties], None]) -> None:
    """Call `change(physical_id, old, new)` after each create of a type (old is empty then) and each update.

    A change that raises after a create takes the resource down again, so that the next deployment finds its name free.
    """
    handlers = handlers_of(resource_type)
    original_create, original_update = handlers["create"], handlers["update"]

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        physical_id, attributes = original_create(logical_id, properties, stack)
        try:
            change(physical_id, {}, properties)
        except Exception:
            handlers["delete"](physical_id, properties)
            raise
        return physical_id, attributes

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Created:
        updated_id, attributes = original_update(physical_id, old, new, *rest)
        change(updated_id, old if updated_id == physical_id else {}, new)
        return updated_id, attributes

    handlers.update(create=create, update=update)


def must_succeed(answer: tuple[int, Any, Any], what: str) -> Any:
    """The body of a service function's answer (status, headers, body).

    Raises:
        RefusedError: the status says that it failed.
    """
    status, _, body = answer
    if status >= 400:
        raise RefusedError(f"{what}: {body.decode() if isinstance(body, bytes) else body}")
    return body


def lower_first(value: Any) -> Any:
    """A template spells members `BurstLimit` where a service's JSON spells `burstLimit`."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: lower_first(item) for name, item in value.items()}
    if isinstance(value, list):
        return [lower_first(item) for item in value]
    return value


def as_bool(value: Any) -> bool:
    """A template's boolean, which may also come as a string."""
    return str(value).lower() == "true"
