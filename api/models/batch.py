"""Several writes in one request."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.models.fields import EntityTags, TaskId
from api.models.task import NewTask, Task, TaskChanges

MAX_OPERATIONS = 50


class NewTaskInBatch(NewTask):
    """A task to create. What is unknown is refused (ADR 0062)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Create(BaseModel):
    """Create a task."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    op: Literal["create"]
    task: NewTaskInBatch


class Update(BaseModel):
    """Change the fields of a task that `task` gives."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    op: Literal["update"]
    id: TaskId
    task: TaskChanges
    if_match: EntityTags | None = None


class Delete(BaseModel):
    """Delete a task."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    op: Literal["delete"]
    id: TaskId
    if_match: EntityTags | None = None


Operation = Annotated[Create | Update | Delete, Field(discriminator="op")]


class Batch(BaseModel):
    """Operations of which all are executed, or none. A task may be in one of them only."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]


class Result(BaseModel):
    """What one operation would have answered by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal[200, 201, 204]
    task: Task | None = None


class BatchResults(BaseModel):
    """One result per operation, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    results: list[Result]
