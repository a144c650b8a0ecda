"""Tasks as JSON, and the metrics of what was written."""

import orjson

from api.models.task import StoredTask, Task
from api.models.write_result import WriteResult
from api.observability import count
from api.services.preconditions import task_tag


def task_json(task: Task) -> bytes:
    """Serialize a task as clients see it."""
    return orjson.dumps(dict(task))


def task_result(status: int, task: Task, **headers: str) -> WriteResult:
    """Make the response that shows a task, with its entity tag."""
    return WriteResult(status, task_json(task), {"ETag": task_tag(task.version), **headers})


def count_writes(*writes: tuple[StoredTask | None, StoredTask]) -> None:
    """Count what committed writes, each the version before and the one after, have created and completed."""
    created = sum(before is None for before, _ in writes)
    completed = sum(
        bool(after.task.completed_at and not (before and before.task.completed_at)) for before, after in writes
    )
    for metric, times in (("TasksCreated", created), ("TasksCompleted", completed)):
        if times:
            count(metric, times)
