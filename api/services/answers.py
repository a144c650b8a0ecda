"""What a write of a task answers."""

import orjson

from api.models.answer import Answer
from api.models.task import StoredTask, Task
from api.observability import count
from api.services.preconditions import entity_tag


def task_json(task: Task) -> bytes:
    """A task as clients see it."""
    return orjson.dumps(dict(task))


def of_task(status: int, task: Task, **headers: str) -> Answer:
    """A task with its entity tag."""
    return Answer(status, task_json(task), {"ETag": entity_tag(task.version), **headers})


def count_writes(*writes: tuple[StoredTask | None, StoredTask]) -> None:
    """Count what committed writes, each the version before and the one after, have created and completed."""
    created = sum(before is None for before, _ in writes)
    completed = sum(
        bool(after.task.completed_at and not (before and before.task.completed_at)) for before, after in writes
    )
    for metric, times in (("TasksCreated", created), ("TasksCompleted", completed)):
        if times:
            count(metric, times)
