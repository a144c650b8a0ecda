"""Webhooks in the table: their keys, their attributes, their events, and how their secrets are made.

The API writes webhooks; `ingestion.webhooks` finds them and delivers to them. It needs nothing but the standard
library: a bundle takes this file along with `api/contract.py` (ADR 0060).

| item | PK | SK |
|---|---|---|
| webhook | `WEBHOOK#{user_id}` | `WEBHOOK#{webhook_id}` |
| delivery | `WEBHOOK#{user_id}` | `DELIVERY#{webhook_id}#{created_at}#{delivery_id}` |

A secret is stored nowhere: it is derived from a key in Secrets Manager and from the webhook's salt (ADR 0127). Whoever
reads the table, an export of it or a stream record sees the salt only.
"""

import base64
import dataclasses
import enum
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Self

from api.contract import EntityType, Key, prefix

FAN_OUT_FUNCTION, DELIVER_FUNCTION = "todo-webhooks-fan-out", "todo-webhooks-deliver"
QUEUE, FAILURES = "todo-webhooks", "todo-webhooks-failures"
KEY_SECRET = "todo-webhook-key"  # noqa: S105 - the name of a secret
# what the delivery function counts
DELIVERED, ATTEMPTS_FAILED, DISABLED = "WebhooksDelivered", "WebhookAttemptsFailed", "WebhooksDisabled"

MAX_WEBHOOKS = 10
# the secret before a rotation signs for so long beside the new one
OLD_SECRET_SECONDS = 24 * 60 * 60
DELIVERIES_KEPT_SECONDS = 7 * 24 * 60 * 60
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of each secret
TEST_EVENT = "webhook.test"
DELIVERY_SORT_PREFIX = "DELIVERY#"


class EventType(enum.StrEnum):
    """What happened to a task."""

    CREATED = "task.created"
    UPDATED = "task.updated"
    COMPLETED = "task.completed"
    REOPENED = "task.reopened"
    CANCELLED = "task.cancelled"
    DELETED = "task.deleted"
    RESTORED = "task.restored"


class DeliveryStatus(enum.StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredWebhook:
    """A webhook as the table has it. An attribute that has its default here is absent there.

    Args:
        id: a ULID.
        user_id: the owner.
        url: where events go.
        event_types: that it gets.
        enabled: whether it gets any.
        disabled_reason: why it gets none.
        created_at, updated_at: RFC 3339.
        version: counts writes that its owner sees.
        salt, previous_salt: of the secret, and of the one before the last rotation.
        previous_until: seconds since 1970 until which the one before signs as well.
        failures: attempts that failed since the last that did not.
        failing_since: seconds since 1970 of the first of them.
        retry_at: seconds since 1970 before which nothing is sent.
    """

    id: str
    user_id: str
    url: str
    event_types: tuple[str, ...]
    enabled: bool
    disabled_reason: str | None = None
    created_at: str
    updated_at: str
    version: int
    salt: str
    previous_salt: str | None = None
    previous_until: int = 0
    failures: int = 0
    failing_since: int | None = None
    retry_at: int = 0

    def wants(self, event_type: str) -> bool:
        """Whether it gets events of this type."""
        return self.enabled and event_type in self.event_types

    def attributes(self) -> dict[str, str | int]:
        """The attributes of its item, without those of the key."""
        given = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        defaults = {one.name: one.default for one in dataclasses.fields(self)}
        written = {name: value for name, value in given.items() if value != defaults[name]}
        return written | {"event_types": ",".join(self.event_types), "enabled": int(self.enabled)}

    @classmethod
    def parse(cls, attributes: Mapping[str, Any]) -> Self:
        """Read the attributes of an item: the inverse of `attributes`."""
        known = {one.name: attributes[one.name] for one in dataclasses.fields(cls) if one.name in attributes}
        event_types = tuple(str(attributes["event_types"]).split(","))
        return cls(**known | {"event_types": event_types, "enabled": bool(attributes["enabled"])})


def webhook_partition(user_id: str) -> str:
    """The partition key of a user's webhooks and of their deliveries."""
    return prefix(EntityType.WEBHOOK) + user_id


WEBHOOK_SORT_PREFIX = prefix(EntityType.WEBHOOK)


def webhook_key(user_id: str, webhook_id: str) -> Key:
    """The key of a webhook."""
    return Key(webhook_partition(user_id), WEBHOOK_SORT_PREFIX + webhook_id)


def delivery_prefix(webhook_id: str) -> str:
    """The beginning of the sort keys of a webhook's deliveries."""
    return f"{DELIVERY_SORT_PREFIX}{webhook_id}#"


def delivery_key(user_id: str, webhook_id: str, created_at: str, delivery_id: str) -> Key:
    """The key of a delivery.

    Args:
        user_id: whose webhook it is.
        webhook_id: which one.
        created_at: when the event happened, RFC 3339 of fixed width, so that deliveries are in order of time.
        delivery_id: the event's id.
    """
    return Key(webhook_partition(user_id), f"{delivery_prefix(webhook_id)}{created_at}#{delivery_id}")


def derive_secret(key: bytes, user_id: str, webhook_id: str, salt: str) -> bytes:
    """Make the secret of a webhook: 32 bytes, which is within what Standard Webhooks allows (24 to 64).

    Args:
        key: from Secrets Manager.
        user_id: whose webhook it is.
        webhook_id: which one.
        salt: of the webhook; a rotation makes a new one.
    """
    return hmac.digest(key, f"webhook#{user_id}#{webhook_id}#{salt}".encode(), hashlib.sha256)


def format_secret(secret: bytes) -> str:
    """A secret as its owner sees it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()
