"""Tasks as items: `TASK#{user_id}` / `TASK#{ulid}`, and in three local indexes.

- `live_sort`, by creation: live tasks.
- `due_sort`, by due date: live tasks that have one.
- `change_sort`, by last change: tasks that were changed since their creation, deleted, or imported. Of any other task
  the creation is the last change, so `live_sort` has the same value.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.contract import IMPORTED_AT, TTL_ATTRIBUTE, EntityType, task_key
from api.models.counts import Counted, CountedUntil
from api.models.fields import timestamp
from api.models.task import StoredTask, Task
from api.repositories.items import marshal, plain, unmarshal

# with what an item has that lacks the attribute
_FIELDS: dict[str, list[str] | None] = {name: [] if name == "labels" else None for name in Task.model_fields}


def changed_at(stored: StoredTask) -> str:
    """The time at which a version came to be here: an imported one bears older times of its own (ADR 0129)."""
    return stored.imported_at or stored.task.updated_at


def change_sort(stored: StoredTask) -> str:
    """Make the sort key of a task among its owner's tasks by time of change; unique among them."""
    return f"{changed_at(stored)}#{stored.task.id}"


def item(stored: StoredTask) -> dict[str, Any]:
    """Make the item of a task."""
    task = stored.task
    due_date = task.due_date.isoformat() if task.due_date else None
    is_live = not stored.deleted_at
    return task_key(stored.user_id, task.id).typed() | marshal(
        {
            "entity_type": EntityType.TASK,
            "user_id": stored.user_id,
            **dict(task),
            "labels": task.labels or None,
            "due_date": due_date,
            "deleted_at": stored.deleted_at,
            TTL_ATTRIBUTE: stored.expires_at,
            IMPORTED_AT: stored.imported_at,
            "last_request_id": stored.request_id,
            "counted_before": _packed(stored.counted_before),
            "due_local": stored.due_local,
            "live_sort": f"{task.created_at}#{task.id}" if is_live else None,
            "due_sort": f"{due_date}#{task.id}" if due_date and is_live else None,
            "change_sort": change_sort(stored) if task.version > 1 or stored.imported_at else None,
        }
    )


def document(item: Mapping[str, Any]) -> dict[str, Any]:
    """Make the JSON of a task in a list; of a deleted one, with the times of its deletion and of its purge.

    What was validated before it was written is not validated again: that is most of a list's CPU.
    """
    found = {name: plain(item[name]) if name in item else absent for name, absent in _FIELDS.items()}
    if "deleted_at" in item:
        purge_at = dt.datetime.fromtimestamp(int(item[TTL_ATTRIBUTE]["N"]), dt.UTC)
        found |= {"deleted_at": item["deleted_at"]["S"], "purge_at": timestamp(purge_at)}
    return found


def stored(item: Mapping[str, Any]) -> StoredTask:
    """Read an item: the inverse of `item`."""
    values = unmarshal(item)
    return StoredTask(
        user_id=values["user_id"],
        task=Task.model_validate({name: values[name] for name in _FIELDS if name in values}),
        request_id=values["last_request_id"],
        deleted_at=values.get("deleted_at"),
        expires_at=values.get(TTL_ATTRIBUTE),
        imported_at=values.get(IMPORTED_AT),
        counted_before=_unpacked(values.get("counted_before")),
        due_local=values.get("due_local"),
    )


def _packed(before: Sequence[CountedUntil]) -> str | None:
    """What a task counted as, as JSON: `[until, status, priority, category]`, of a deleted one `[until]`."""
    return orjson.dumps([[one.until, *(one.counted or ())] for one in before]).decode() if before else None


def _unpacked(text: str | None) -> tuple[CountedUntil, ...]:
    entries = orjson.loads(text) if text else []
    return tuple(CountedUntil(until, Counted(*counted) if counted else None) for until, *counted in entries)
