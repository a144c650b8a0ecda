"""Delta synchronization: what a client asks for and gets."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.fields import TaskId
from api.models.model import Model
from api.models.task import Task
from api.models.task_query import Limit

SyncToken = Annotated[
    str, Field(max_length=4096, description="`next` of the answer before; without it, everything is a change.")
]


class ChangesQuery(Model, extra="forbid"):
    """From where on, and how many."""

    since: SyncToken | None = None
    limit: Limit = 50


class DeletedTask(Model, extra="forbid"):
    """A task that was deleted."""

    id: TaskId
    deleted: Literal[True]
    version: int = Field(ge=2)


class ChangesPage(Model, extra="forbid"):
    """Tasks that changed, each at its newest version; `next` is the token to go on with, at once if `has_more`.

    A change may be delivered more than once. A client keeps, of each task, the highest version that it has received.
    """

    changes: list[Task | DeletedTask]
    next: str
    has_more: bool
