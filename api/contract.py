"""The table `todo-app-data`: its keys, its entity types and the values of a task's enumerated attributes.

The API writes the table; change capture, silver, replay, publishing and the operator's commands read it. They import
this module, so each rule is stated once. It needs nothing but the standard library: a bundle that imports it takes
`api/__init__.py` and this file along and none of the API's dependencies (ADR 0060).

| item | PK | SK |
|---|---|---|
| task | `TASK#{user_id}` | `TASK#{task_id}` |
| profile | `USER#{user_id}` | `METADATA` |
| published figures | `INSIGHTS#{user_id}` | `METADATA` |
| counts of tasks | `COUNTS#{user_id}` | `METADATA` |
| idempotency record | `IDEMPOTENCY#{user_id}` | the `Idempotency-Key` |
| webhooks and their deliveries | `WEBHOOK#{user_id}` | as `api.webhook_contract` says |
| count of requests | `RATE_LIMIT#{SHA-256 of user_id}` | the minute since 1970 |
| request to erase a user | `ERASURE` | `{user_id}` |
| hash of an erased user | `ERASED` | SHA-256 of `{user_id}` |
| state of the pipeline | `PIPELINE` | `WATERMARK` and others |

Every item of a user is found by Query, never by Scan: each of the first five partitions is the user's alone.
"""

import dataclasses
import enum
from typing import Literal, NamedTuple

TABLE_NAME, API_FUNCTION = "todo-app-data", "todo-api"
# of every metric that the platform's own code writes, whichever folder it is in
METRICS_NAMESPACE = "TodoInsights"
# metric: the size of one user's tasks and their index entries, from 1 GB on; an item collection takes 10 GB
USER_GIGABYTES = "UserGigabytes"
# the API's log events with this `log_type` leave CloudWatch Logs for bronze: one for each request
REQUEST_LOG_TYPE = "request"
# DynamoDB deletes an item some time after this attribute, in seconds since 1970
TTL_ATTRIBUTE = "expiration_timestamp"
# an imported item has it (RFC 3339): its changes happened at `updated_at`, not when it was written (ADR 0082)
IMPORTED_AT = "imported_at"
METADATA = "METADATA"
# local secondary indexes of the tasks -> the attribute that each sorts by
INDEXES = {"by_creation": "live_sort", "by_due_date": "due_sort", "by_change": "change_sort"}


class EntityType(enum.StrEnum):
    """The attribute `entity_type` of an item."""

    TASK = "TASK"
    USER = "USER"
    INSIGHTS = "INSIGHTS"
    COUNTS = "COUNTS"
    IDEMPOTENCY = "IDEMPOTENCY"
    WEBHOOK = "WEBHOOK"
    RATE_LIMIT = "RATE_LIMIT"
    ERASURE = "ERASURE"
    ERASED = "ERASED"
    WATERMARK = "WATERMARK"


# The entity types whose changes leave the table; idempotency records, figures, webhooks and erasures
# stay in it.
CAPTURED_ENTITY_TYPES = (EntityType.TASK, EntityType.USER)


class Status(enum.StrEnum):
    """The state of a task's work."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Priority(enum.StrEnum):
    """The priority that a task's owner gave it, lowest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


STATUSES = tuple(status.value for status in Status)
PRIORITIES = tuple(priority.value for priority in Priority)
# An open task can be overdue; a closed one cannot.
OPEN_STATUSES = (Status.PENDING.value, Status.IN_PROGRESS.value)
CLOSED_STATUSES = (Status.COMPLETED.value, Status.CANCELLED.value)


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One attribute of an item that leaves the table by change capture.

    Args:
        name: in the item, in the API's documents and in silver's columns alike.
        type: of the value; times and dates are text in the item (RFC 3339), integers are numbers, strings a list.
        required: whether every item of the entity type has it.
        owned: whether the owner of a task sees a change of it as a change of the task: it is named in `changed_fields`.
        personal: whether it holds what a user wrote or what names a user.
    """

    name: str
    type: Literal["string", "strings", "integer", "date", "timestamp"]
    required: bool = False
    owned: bool = False
    personal: bool = False


TASK_ATTRIBUTES = (
    Attribute("id", "string", required=True),
    Attribute("user_id", "string", required=True),
    Attribute("title", "string", required=True, owned=True, personal=True),
    Attribute("description", "string", owned=True, personal=True),
    Attribute("status", "string", required=True, owned=True),
    Attribute("priority", "string", required=True, owned=True),
    Attribute("category", "string", owned=True),
    Attribute("labels", "strings", owned=True),
    Attribute("parent_id", "string", owned=True),
    Attribute("recurrence", "string", owned=True),
    Attribute("previous_id", "string"),
    Attribute("next_id", "string"),
    Attribute("due_at", "timestamp", owned=True),
    Attribute("due_date", "date", owned=True),
    Attribute("created_at", "timestamp", required=True),
    Attribute("updated_at", "timestamp", required=True),
    Attribute("completed_at", "timestamp", owned=True),
    Attribute("deleted_at", "timestamp", owned=True),
    Attribute("version", "integer", required=True),
)
USER_ATTRIBUTES = (
    Attribute("user_id", "string", required=True),
    Attribute("email", "string", personal=True),
    Attribute("name", "string", personal=True),
    Attribute("time_zone", "string"),
    Attribute("created_at", "timestamp", required=True),
    Attribute("updated_at", "timestamp", required=True),
    Attribute("version", "integer", required=True),
)


class Key(NamedTuple):
    """A primary key of the table.

    Args:
        PK: the partition key.
        SK: the sort key.
    """

    PK: str
    SK: str

    def plain(self) -> dict[str, str]:
        """The key as boto3's resources take it."""
        return {"PK": self.PK, "SK": self.SK}

    def typed(self) -> dict[str, dict[str, str]]:
        """The key in DynamoDB's JSON, as the low-level client takes it."""
        return {"PK": {"S": self.PK}, "SK": {"S": self.SK}}


def prefix(entity_type: EntityType) -> str:
    """The beginning of the partition keys of all users' items of a type."""
    return f"{entity_type.value}#"


def entity_type_of(partition_key: str) -> str:
    """The entity type that a partition key names; of an unknown item, what stands in its place."""
    return partition_key.partition("#")[0]


def task_partition(user_id: str) -> str:
    """The partition key of a user's tasks, deleted ones included."""
    return prefix(EntityType.TASK) + user_id


TASK_SORT_PREFIX = prefix(EntityType.TASK)


def task_key(user_id: str, task_id: str) -> Key:
    """The key of a task."""
    return Key(task_partition(user_id), TASK_SORT_PREFIX + task_id)


def task_id_of(sort_key: str) -> str:
    """The id of the task with a sort key."""
    return sort_key.removeprefix(TASK_SORT_PREFIX)


def user_key(user_id: str) -> Key:
    """The key of a user's profile."""
    return Key(prefix(EntityType.USER) + user_id, METADATA)


def insights_key(user_id: str) -> Key:
    """The key of a user's published figures."""
    return Key(prefix(EntityType.INSIGHTS) + user_id, METADATA)


def counts_key(user_id: str) -> Key:
    """The key of a user's counts of tasks. Who writes tasks of an earlier time deletes the item (ADR 0147)."""
    return Key(prefix(EntityType.COUNTS) + user_id, METADATA)


def idempotency_partition(user_id: str) -> str:
    """The partition key of a user's idempotency records."""
    return prefix(EntityType.IDEMPOTENCY) + user_id


def idempotency_key(user_id: str, key: str) -> Key:
    """The key of the record that an `Idempotency-Key` of a user has."""
    return Key(idempotency_partition(user_id), key)


def rate_limit_key(user_hash: str, window: int) -> Key:
    """The key of how many requests a user has sent in a window of the rate limit.

    Args:
        user_hash: SHA-256 of the user's identifier, hexadecimal. The item outlives an erasure, so it names nobody.
        window: its number since 1970.
    """
    return Key(prefix(EntityType.RATE_LIMIT) + user_hash, str(window))


# All requests to erase somebody are in one partition, so that whoever works them off finds them by Query.
ERASURE_PARTITION = EntityType.ERASURE.value
ERASED_PARTITION = EntityType.ERASED.value
PIPELINE_PARTITION = "PIPELINE"


def erasure_key(user_id: str) -> Key:
    """The key of the request to erase a user."""
    return Key(ERASURE_PARTITION, user_id)


def erased_key(user_hash: str) -> Key:
    """The key of the note that a user has been erased from the lake.

    Args:
        user_hash: SHA-256 of the user's identifier, hexadecimal.
    """
    return Key(ERASED_PARTITION, user_hash)


def watermark_key() -> Key:
    """The key of how far bronze had been seen when the last published run was planned."""
    return Key(PIPELINE_PARTITION, EntityType.WATERMARK.value)
