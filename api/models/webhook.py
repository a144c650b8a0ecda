"""Webhooks: what a client sends, what it gets, and what is stored besides."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from api.models import patterns
from api.models.fields import ReadOnlyFields, TaskId, Timestamp
from api.models.model import Model
from api.models.task_query import Cursor, Limit
from api.webhook_contract import DeliveryStatus, EventType, StoredWebhook

_READ_ONLY = ReadOnlyFields("id", "created_at", "updated_at", "disabled_reason", "version")


def _distinct(values: list[EventType]) -> list[EventType]:
    return list(dict.fromkeys(values))


WebhookUrl = Annotated[
    str,
    Field(
        max_length=1000,
        pattern=patterns.WEBHOOK_URL,
        description="HTTPS, with a host name in lower case. The local account takes plain HTTP as well.",
    ),
]
EventTypes = Annotated[
    list[EventType],
    Field(min_length=1, max_length=len(EventType), description="Which events it gets."),
    AfterValidator(_distinct),
]


class NewWebhook(Model, extra="forbid"):
    """The body of a create. Without `event_types` the webhook gets every event."""

    url: WebhookUrl
    event_types: EventTypes = Field(default_factory=lambda: list(EventType))


class WebhookChanges(Model, extra="forbid", json_schema_extra=_READ_ONLY.allow):
    """A JSON Merge Patch of a webhook: what is absent stays, read-only fields are ignored, null is refused."""

    # the defaults are never read and, being made by factories, stay out of the JSON schema
    url: WebhookUrl = Field(default_factory=str)
    event_types: EventTypes = Field(default_factory=list)
    enabled: bool = Field(default_factory=bool, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _without_read_only_fields(cls, body: Any) -> Any:
        return _READ_ONLY.drop(body)

    def given(self) -> dict[str, Any]:
        """The fields that the client gave, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Webhook(Model, extra="forbid"):
    """A webhook as its owner sees it."""

    id: TaskId
    url: str
    event_types: list[EventType]
    enabled: bool
    disabled_reason: str | None = None
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(ge=1)

    @classmethod
    def of(cls, stored: StoredWebhook) -> "Webhook":
        """What the owner sees of a stored webhook."""
        shown = {name: getattr(stored, name) for name in cls.model_fields}
        return cls.model_construct(**shown | {"event_types": [EventType(one) for one in stored.event_types]})


class WebhookWithSecret(Webhook):
    """A webhook and its secret, which no other response has."""

    secret: str | None = Field(
        default=None, description="What signatures are made with; null when the webhook is gone by now."
    )


class DeliveryQuery(Model, extra="forbid"):
    """How many, and from where on."""

    limit: Limit = 50
    cursor: Cursor | None = None


class Delivery(Model, extra="forbid"):
    """What became of one event."""

    id: str = Field(description="The event's id, which the receiver got as `webhook-id`.")
    event_type: str
    task_id: TaskId | None = None
    status: DeliveryStatus
    attempts: int = Field(ge=0)
    created_at: Timestamp
    last_attempt_at: Timestamp | None = None
    next_attempt_at: Timestamp | None = None
    response_status: int | None = Field(default=None, description="The receiver's last HTTP status.")
    error: str | None = Field(default=None, description="Why the last attempt failed.")
