"""Tasks: what a client sends, what it gets, and what is stored besides."""

import dataclasses
from typing import Any

from pydantic import Field, model_validator

from api.contract import Priority, Status
from api.models.fields import Category, Description, DueDate, ReadOnlyFields, TaskId, Timestamp, Title
from api.models.model import Model

_READ_ONLY = ReadOnlyFields("id", "created_at", "updated_at", "completed_at", "version")


class NewTask(Model, extra="ignore"):
    """The body of a create; what is unknown is ignored (ADR 0062)."""

    title: Title
    description: Description | None = None
    status: Status = Status.PENDING
    priority: Priority = Priority.MEDIUM
    category: Category | None = None
    due_date: DueDate | None = None


class TaskChanges(Model, extra="forbid", json_schema_extra=_READ_ONLY.allow):
    """A JSON Merge Patch of a task: what is absent stays, null clears, read-only fields are ignored."""

    # These three refuse null. Their defaults are never read (`given` looks at what was sent) and, being made by
    # factories, stay out of the JSON schema.
    title: Title = Field(default_factory=str)
    status: Status = Field(default_factory=lambda: Status.PENDING)
    priority: Priority = Field(default_factory=lambda: Priority.MEDIUM)
    description: Description | None = None
    category: Category | None = None
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
    due_date: DueDate | None = None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None = None
    version: int = Field(ge=1)


@dataclasses.dataclass(frozen=True, slots=True)
class StoredTask:
    """A task with what only the table knows.

    Args:
        user_id: the owner.
        task: what clients see.
        request_id: of the request that wrote this version.
        deleted_at: when it was soft-deleted; None while it lives.
        expires_at: seconds since 1970 at which a deleted task is purged.
    """

    user_id: str
    task: Task
    request_id: str
    deleted_at: str | None = None
    expires_at: int | None = None
