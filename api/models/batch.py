"""Several writes in one request."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.fields import EntityTags, TaskId
from api.models.model import Model
from api.models.task import NewTask, Task, TaskChanges

MAX_OPERATIONS = 50


class NewTaskInBatch(NewTask, extra="forbid"):
    """A task to create. What is unknown is refused (ADR 0062)."""


class Create(Model, extra="forbid"):
    """Create a task."""

    op: Literal["create"]
    task: NewTaskInBatch


class Update(Model, extra="forbid"):
    """Change the fields of a task that `task` gives."""

    op: Literal["update"]
    id: TaskId
    task: TaskChanges
    if_match: EntityTags | None = None


class Delete(Model, extra="forbid"):
    """Delete a task."""

    op: Literal["delete"]
    id: TaskId
    if_match: EntityTags | None = None


class Restore(Model, extra="forbid"):
    """Undo the deletion of a task. One that is not deleted stays as it is."""

    op: Literal["restore"]
    id: TaskId
    if_match: EntityTags | None = None


Operation = Annotated[Create | Update | Delete | Restore, Field(discriminator="op")]


class Batch(Model, extra="forbid"):
    """Operations of which all are executed, or none. A task may be in one of them only."""

    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]


class Result(Model, extra="forbid"):
    """What one operation would have answered by itself."""

    status: Literal[200, 201, 204]
    task: Task | None = None


class BatchResults(Model, extra="forbid"):
    """One result per operation, in their order."""

    results: list[Result]
