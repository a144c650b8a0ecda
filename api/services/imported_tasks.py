"""What an import writes of a task, and which parents it accepts. Nothing here reads a clock or the table."""

import dataclasses

from api.contract import Status
from api.models.task import StoredTask, Task
from api.models.transfer import ImportedTask


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """The tasks that the lines of a request name, so that subtasks have one level (ADR 0119).

    Args:
        found: what is there, by id.
        lines: what the lines say, by id.
        signed: ids of tasks that the caller exported: of those a parent may be gone.
    """

    found: dict[str, StoredTask]
    lines: dict[str, ImportedTask]
    signed: set[str]

    def refusal(self, task: ImportedTask) -> str | None:
        """The code of why a task cannot be a subtask of the parent that it names; None when it can, or names none."""
        parent_id, there = task.parent_id, self.found.get(task.id)
        if parent_id is None or (there and there.task.parent_id == parent_id):
            return None
        if there and there.task.parent_id is None:
            return "not_a_subtask"
        of_lines, here = self.lines.get(parent_id), self.found.get(parent_id)
        is_newer = of_lines and not (here and here.task.version >= of_lines.version)
        parent = of_lines if is_newer else here.task if here else None
        if parent is None:
            return None if task.id in self.signed else "parent_not_found"
        return "parent_is_subtask" if parent.parent_id or parent.id == task.id else None


def history(line: ImportedTask) -> list[Task]:
    """The versions that are written of a task: its creation, its completion, and what it is.

    The text is that of the last version: what it was before is not known.
    """
    final = line.task()
    if line.version == 1:
        return [final]
    completed_at = line.completed_at
    at_once = completed_at == line.created_at
    created = final.model_copy(
        update={
            "status": Status.COMPLETED if at_once else Status.PENDING,
            "completed_at": completed_at if at_once else None,
            "updated_at": line.created_at,
            "version": 1,
        }
    )
    if completed_at and line.created_at < completed_at < line.updated_at and line.version > 2:
        completed = final.model_copy(update={"updated_at": completed_at, "version": line.version - 1})
        return [created, completed, final]
    return [created, final]
