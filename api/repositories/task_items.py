"""Tasks as items: `TASK#{user_id}` / `TASK#{ulid}`, and in three local indexes.

- `live_sort`, by creation: live tasks.
- `due_sort`, by due date: live tasks that have one.
- `change_sort`, by last change: tasks that were changed since their creation, or deleted. Of any other task the
  creation is the last change, so `live_sort` has the same value.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from api.contract import TTL_ATTRIBUTE, EntityType, task_key
from api.models.fields import timestamp
from api.models.task import StoredTask, Task
from api.repositories.items import marshal, plain, unmarshal

_FIELDS = tuple(Task.model_fields)


def change_sort(task: Task) -> str:
    """Make the sort key of a task among its owner's tasks by time of change; unique among them."""
    return f"{task.updated_at}#{task.id}"


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
            "due_date": due_date,
            "deleted_at": stored.deleted_at,
            TTL_ATTRIBUTE: stored.expires_at,
            "last_request_id": stored.request_id,
            "live_sort": f"{task.created_at}#{task.id}" if is_live else None,
            "due_sort": f"{due_date}#{task.id}" if due_date and is_live else None,
            "change_sort": change_sort(task) if task.version > 1 else None,
        }
    )


def document(item: Mapping[str, Any]) -> dict[str, Any]:
    """Make the JSON of a task in a list; of a deleted one, with the times of its deletion and of its purge.

    What was validated before it was written is not validated again: that is most of a list's CPU.
    """
    found = {name: plain(item[name]) if name in item else None for name in _FIELDS}
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
    )
