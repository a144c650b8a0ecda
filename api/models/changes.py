"""Delta synchronization: what a client asks for and gets."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.models.fields import TaskId
from api.models.task import Task
from api.models.task_query import Limit

SyncToken = Annotated[
    str, Field(max_length=4096, description="`next` of the answer before; without it, everything is a change.")
]


class ChangesQuery(BaseModel):
    """From where on, and how many."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    since: SyncToken | None = None
    limit: Limit = 50


class DeletedTask(BaseModel):
    """A task that was deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: TaskId
    deleted: Literal[True]
    version: int = Field(ge=2)


class ChangesPage(BaseModel):
    """Tasks that changed, each at its newest version; `next` is the token to go on with, at once if `has_more`.

    A change may be delivered more than once. A client keeps, of each task, the highest version that it has received.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    changes: list[Task | DeletedTask]
    next: str
    has_more: bool
