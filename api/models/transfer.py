"""What an export has, line by line, and what an import takes."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.contract import Status
from api.models import patterns
from api.models.fields import Labels, TaskId, moment
from api.models.model import Model
from api.models.task import Task
from api.models.task_query import Cursor
from api.models.user import ProfileChanges
from api.models.webhook import EventTypes, Webhook, WebhookUrl

FORMAT = 1
MAX_LINES = 200
# what an import reads and leaves: others make it, or it expires
IGNORED = ("export", "delivery", "insights")

Moment = Annotated[str, Field(pattern=patterns.MOMENT, json_schema_extra={"format": "date-time"})]


class ExportQuery(Model, extra="forbid"):
    """Where the next page begins."""

    cursor: Cursor | None = None


class ImportedTask(Task, extra="ignore", json_schema_extra=None):
    """A task as an export has it."""

    labels: Labels = Field(default_factory=list)
    due_at: Moment | None = None
    created_at: Moment
    updated_at: Moment
    completed_at: Moment | None = None
    deleted_at: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ImportedTask":
        try:
            moments = [
                moment(at) for at in (self.created_at, self.completed_at, self.deleted_at, self.updated_at) if at
            ]
            due_at = moment(self.due_at) if self.due_at else None
        except ValueError:
            raise PydanticCustomError("moment", "has a time that does not exist") from None
        if max(moments) > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5):
            raise PydanticCustomError("future", "has a time in the future")
        if min(moments) < moments[0] or max(moments) > moments[-1]:
            raise PydanticCustomError("order", "must not be changed before it was created, or after updated_at")
        if (self.status is Status.COMPLETED) != (self.completed_at is not None):
            raise PydanticCustomError("completed", "completed_at goes with the status completed")
        if due_at and self.due_date is None:
            raise PydanticCustomError("due_at", "due_at goes with due_date")
        if self.recurrence and self.due_date is None:
            raise PydanticCustomError("due_date_missing", "a task that recurs needs a due_date")
        return self

    def task(self) -> Task:
        """The task as it is stored."""
        return Task.model_construct(**{name: getattr(self, name) for name in Task.model_fields})


class ImportedWebhook(Webhook, extra="ignore"):
    """A webhook as an export has it."""

    id: TaskId
    url: WebhookUrl
    event_types: EventTypes
    created_at: Moment
    updated_at: Moment


def _is_local_time(value: str) -> str:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("moment", "must be a time that exists") from None
    return value


class TaskLine(Model, extra="forbid"):
    """A task, deleted or not.

    Args:
        type: of the line.
        task: it.
        signature: of the user's own export (`api.services.imported_ids`).
        due_local: as that of `api.models.task.StoredTask`.
    """

    type: Literal["task"]
    task: ImportedTask
    signature: str | None = Field(default=None, pattern=patterns.SIGNATURE)
    due_local: Annotated[str, Field(pattern=patterns.LOCAL_TIME), AfterValidator(_is_local_time)] | None = None


class ProfileLine(Model, extra="forbid"):
    """The profile."""

    type: Literal["profile"]
    profile: ProfileChanges


class WebhookLine(Model, extra="forbid"):
    """A webhook."""

    type: Literal["webhook"]
    webhook: ImportedWebhook


class IgnoredLine(Model, extra="allow"):
    """What others make, or what expires."""

    type: Literal["export", "delivery", "insights"]


Line = Annotated[TaskLine | ProfileLine | WebhookLine | IgnoredLine, Field(discriminator="type")]


class ImportLines(Model, extra="forbid"):
    """The lines of a request, so that errors have their numbers."""

    lines: list[Line] = Field(max_length=MAX_LINES)


class SkippedLine(Model, extra="forbid"):
    """A line that was not imported."""

    line: int = Field(ge=1, description="Counted from 1.")
    reason: str


class ImportResult(Model, extra="forbid"):
    """What became of the lines."""

    imported: int = Field(ge=0, description="Lines that changed something.")
    unchanged: int = Field(ge=0, description="Lines that say what is there already, or what is not imported.")
    skipped: list[SkippedLine]
