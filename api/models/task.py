"""Tasks: what a client sends, what it gets, and what is stored besides."""

import dataclasses
import datetime as dt
from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from api.contract import Priority, Status
from api.models.counts import UNKNOWN, Counted, CountedUntil
from api.models.due import DueAt, require_same_day
from api.models.fields import (
    Category,
    ClearableLabels,
    Description,
    DueDate,
    Labels,
    NextId,
    ParentId,
    PreviousId,
    ReadOnlyFields,
    TaskId,
    Timestamp,
    Title,
    moment,
    timestamp,
)
from api.models.model import Model
from api.models.recurrence import Recurrence

_READ_ONLY = ReadOnlyFields("id", "created_at", "updated_at", "completed_at", "previous_id", "next_id", "version")


class _Due(Model):
    """What creates and updates hold `due_date` to."""

    @field_validator("due_date", check_fields=False)
    @classmethod
    def _same_day(cls, day: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return require_same_day(day, info.data.get("due_at"))


class NewTask(_Due, extra="ignore"):
    """The body of a create; what is unknown is ignored (ADR 0062)."""

    title: Title
    description: Description | None = None
    status: Status = Status.PENDING
    priority: Priority = Priority.MEDIUM
    category: Category | None = None
    labels: ClearableLabels = Field(default_factory=list)
    parent_id: ParentId | None = None
    recurrence: Recurrence | None = None
    due_at: DueAt | None = None
    due_date: DueDate | None = None


class TaskChanges(_Due, extra="forbid", json_schema_extra=_READ_ONLY.allow):
    """A JSON Merge Patch of a task: what is absent stays, null clears, read-only fields are ignored."""

    # These three refuse null. Their defaults are never read (`given` looks at what was sent) and, being made by
    # factories, stay out of the JSON schema.
    title: Title = Field(default_factory=str)
    status: Status = Field(default_factory=lambda: Status.PENDING)
    priority: Priority = Field(default_factory=lambda: Priority.MEDIUM)
    description: Description | None = None
    category: Category | None = None
    labels: ClearableLabels = Field(default_factory=list)
    parent_id: ParentId | None = None
    recurrence: Recurrence | None = None
    due_at: DueAt | None = None
    due_date: DueDate | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_read_only_fields(cls, body: Any) -> Any:
        return _READ_ONLY.drop(body)

    def given(self) -> dict[str, Any]:
        """The fields that the client gave, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class TaskUpdate(TaskChanges, extra="ignore", json_schema_extra=None):
    """The body of a PUT: any part of a task. What is absent or null stays; what is unknown is ignored (ADR 0062)."""

    title: Title | None = None  # type: ignore[assignment]
    status: Status | None = None  # type: ignore[assignment]
    priority: Priority | None = None  # type: ignore[assignment]
    labels: Labels | None = None

    def given(self) -> dict[str, Any]:
        """The fields that the client gave, with their values."""
        return {name: value for name, value in super().given().items() if value is not None}


# of a deleted task, in a list
DELETION_FIELDS = {
    "deleted_at": "When it was deleted; only of a deleted task.",
    "purge_at": "When it will be purged, restored no more; only of a deleted task.",
}


def _add_deletion_fields(schema: dict[str, Any]) -> None:
    for name, description in DELETION_FIELDS.items():
        title = name.replace("_", " ").title()
        schema["properties"][name] = {
            "title": title,
            "description": description,
            "type": "string",
            "format": "date-time",
        }


class Task(Model, extra="forbid", json_schema_extra=_add_deletion_fields):
    """A task as clients see it."""

    id: TaskId
    title: Title
    description: Description | None = None
    status: Status
    priority: Priority
    category: Category | None = None
    labels: list[str] = Field(default_factory=list)
    parent_id: ParentId | None = None
    recurrence: Recurrence | None = None
    previous_id: PreviousId | None = None
    next_id: NextId | None = None
    due_at: Timestamp | None = None
    due_date: DueDate | None = None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None = None
    version: int = Field(ge=1)


# Counts look back a week (`api.services.counts`); a task that changes more often than this in a week is counted anew.
KEPT = dt.timedelta(days=8)
MAX_KEPT = 16


@dataclasses.dataclass(frozen=True, slots=True)
class StoredTask:
    """A task with what only the table knows. Further versions are made by `next_version`, nowhere else.

    Args:
        user_id: the owner.
        task: what clients see.
        request_id: of the request that wrote this version.
        deleted_at: when it was soft-deleted; None while it lives.
        expires_at: seconds since 1970 at which a deleted task is purged.
        imported_at: when this version was imported; None when the API made it.
        counted_before: what it counted as before the changes of the last days, oldest first (ADR 0147).
        due_local: the time of the owner's clock, without an offset, at which a recurring task would be due if that day
            had it; None of any other task (ADR 0133).
    """

    user_id: str
    task: Task
    request_id: str
    deleted_at: str | None = None
    expires_at: int | None = None
    imported_at: str | None = None
    counted_before: tuple[CountedUntil, ...] = ()
    due_local: str | None = None

    @property
    def counted(self) -> Counted | None:
        """What it counts as; None while it is deleted."""
        return None if self.deleted_at else Counted(self.task.status, self.task.priority, self.task.category)

    def next_version(
        self, task: Task, request_id: str, deleted_at: str | None = None, expires_at: int | None = None
    ) -> "StoredTask":
        """Make the version that replaces this one.

        Args:
            task: what clients are to see.
            request_id: as that of this class.
            deleted_at: as that of this class.
            expires_at: as that of this class.
        """
        newer = StoredTask(
            self.user_id,
            task,
            request_id,
            deleted_at,
            expires_at,
            counted_before=self.counted_before,
            due_local=self.due_local,
        )
        if newer.counted == self.counted:
            return newer
        oldest = timestamp(moment(task.updated_at) - KEPT)
        kept = [one for one in self.counted_before if one.until > oldest]
        kept.append(CountedUntil(task.updated_at, self.counted))
        if len(kept) > MAX_KEPT:
            kept[:2] = [CountedUntil(kept[1].until, UNKNOWN)]
        return dataclasses.replace(newer, counted_before=tuple(kept))

    def counted_at(self, at: str) -> Counted | None:
        """What it counted as at a time, `UNKNOWN` when that is not known any more; None when there was no live task.

        Args:
            at: as `updated_at`; no longer ago than a week.
        """
        if self.imported_at and self.imported_at > at:
            # it bears older times, and may not have been here, or as another version
            return UNKNOWN
        if self.task.created_at > at:
            return None
        return next((one.counted for one in self.counted_before if one.until > at), self.counted)
