"""Which event a change of a task is, and the document that receivers get."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson

from api import contract
from api.contract import CLOSED_STATUSES, TASK_ATTRIBUTES, EntityType, Status
from api.webhook_contract import DELIVERY_SORT_PREFIX, TEST_EVENT, DeliveryStatus, EventType
from ingestion.cdc.attributes import plain
from ingestion.contract import INSERT, MODIFY

Image = Mapping[str, Any]
# as the API shows a task: the owner is who receives it
_FIELDS: dict[str, list[str] | None] = {
    attribute.name: [] if attribute.type == "strings" else None
    for attribute in TASK_ATTRIBUTES
    if attribute.name not in ("user_id", "deleted_at")
}


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that a receiver is told.

    Args:
        id: the same however often it is sent.
        type: an `EventType`, or `TEST_EVENT`.
        user_id: whose.
        occurred_at: RFC 3339, fixed width.
        payload: the JSON document that is sent.
        task_id: of the task; None for a test.
        webhook_id: the only webhook that gets it; None for every one that wants its type.
    """

    id: str
    type: str
    user_id: str
    occurred_at: str
    payload: str
    task_id: str | None = None
    webhook_id: str | None = None


def read_event(record: Mapping[str, Any]) -> Event | None:
    """The event that a stream record is; None when nobody is told.

    A purge and an erasure are no events, nor is what an import wrote (ADR 0129).

    Args:
        record: of the table's stream, with new and old image.

    Raises:
        KeyError, TypeError, ValueError: it has not the form of an item that the API wrote.
    """
    if record["eventName"] not in (INSERT, MODIFY):
        return None
    change = record["dynamodb"]
    new, old = plain(change["NewImage"]), plain(change.get("OldImage") or {})
    if new["entity_type"] == EntityType.WEBHOOK:
        return _read_test(record["eventName"], new)
    kind = _event_type(old, new) if new["entity_type"] == EntityType.TASK else None
    if kind is None:
        return None
    event_id = f"evt_{record['eventID']}"
    task = {name: new.get(name, absent) for name, absent in _FIELDS.items()}
    at = str(new["updated_at"])
    return Event(event_id, kind, str(new["user_id"]), at, _payload(kind, at, task), str(new["id"]))


def _event_type(old: Image, new: Image) -> EventType | None:
    if contract.IMPORTED_AT in new:
        return None
    if not old:
        return EventType.CREATED
    if old["version"] == new["version"]:
        return None
    if bool(old.get("deleted_at")) != bool(new.get("deleted_at")):
        return EventType.DELETED if new.get("deleted_at") else EventType.RESTORED
    if old["status"] != new["status"]:
        if new["status"] == Status.COMPLETED:
            return EventType.COMPLETED
        if new["status"] == Status.CANCELLED:
            return EventType.CANCELLED
        if old["status"] in CLOSED_STATUSES:
            return EventType.REOPENED
    return EventType.UPDATED


def _read_test(event_name: str, new: Image) -> Event | None:
    # what the delivery function writes, of other events and of this one, is none
    is_test = str(new["SK"]).startswith(DELIVERY_SORT_PREFIX) and new["event_type"] == TEST_EVENT
    if event_name != INSERT or not is_test or new["status"] != DeliveryStatus.PENDING:
        return None
    at = str(new["created_at"])
    payload = _payload(TEST_EVENT, at, None)
    return Event(str(new["id"]), TEST_EVENT, str(new["user_id"]), at, payload, webhook_id=str(new["webhook_id"]))


def _payload(kind: str, at: str, task: dict[str, Any] | None) -> str:
    # https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
    return orjson.dumps({"type": kind, "timestamp": at, "data": {"task": task} if task else {}}).decode()
