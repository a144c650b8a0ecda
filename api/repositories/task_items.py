"""Tasks as items: `TASK#{user_id}` / `TASK#{ulid}`, and in three local indexes.

- `live_sort`, by creation: live tasks.
- `due_sort`, by due date: live tasks that have one.
- `change_sort`, by last change: tasks that were changed since their creation, or deleted. Of any other task the
  creation is the last change, so `live_sort` has the same value.
"""

from collections.abc import Mapping
from typing import Any

from api.contract import TTL_ATTRIBUTE, EntityType, task_key
from api.models.task import StoredTask, Task
from api.repositories.items import marshal, unmarshal


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


def stored(item: Mapping[str, Any]) -> StoredTask:
    """Read an item: the inverse of `item`."""
    plain = unmarshal(item)
    return StoredTask(
        user_id=plain["user_id"],
        task=Task.model_validate({name: plain[name] for name in Task.model_fields if name in plain}),
        request_id=plain["last_request_id"],
        deleted_at=plain.get("deleted_at"),
        expires_at=plain.get(TTL_ATTRIBUTE),
    )
