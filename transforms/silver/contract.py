"""The contract of silver: every table, its columns, their types, what they mean, and one row's grain.

One place, from which the Iceberg tables, dbt's sources and docs/silver.md follow (`docs_generator.py` writes the last
two), and what the comparison of table and silver compares. It imports the table's contract and nothing else.

Types are written as Spark SQL writes them; a Spark `timestamp` is an Iceberg `timestamptz`, which Athena shows as
`timestamp(6) with time zone`
(https://iceberg.apache.org/docs/latest/spark-getting-started/#type-compatibility).
"""

import dataclasses

from api.contract import PRIORITIES, STATUSES
from ingestion.contract import FOLDERS

TYPES = ("string", "bigint", "double", "boolean", "date", "timestamp", "array<string>")

# Iceberg's own defaults make a metadata file per commit for ever, one data file per writing task and partition, and
# dictionaries of tens of thousands of identifiers before it finds that they are all different
PROPERTIES = {
    "format-version": "2",
    "write.distribution-mode": "hash",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
    "write.parquet.dict-size-bytes": "131072",
    # a small batch writes its rows and the positions of those that it replaces, not every file that holds one
    # https://iceberg.apache.org/docs/latest/spark-writes/#merge-into
    "write.merge.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column.

    Args:
        name: as in the table.
        type: in Spark SQL, one of `TYPES`.
        description: what its values mean.
        nullable: whether it may be null.
        values: all that it may hold; none: anything of its type.
        initial: a SQL expression over the row, for the rows that a table already has when the column is added to it;
            empty: null. A required column without one is added by a full refresh only.
    """

    name: str
    type: str
    description: str
    nullable: bool = False
    values: tuple[str, ...] = ()
    initial: str = ""

    def ddl(self) -> str:
        """The column as a statement that creates or alters a table names it."""
        return f"{self.name} {self.type}{'' if self.nullable else ' not null'} comment {quoted(self.description)}"


@dataclasses.dataclass(frozen=True)
class Table:
    """One table.

    Args:
        name: within the silver database.
        grain: what one row is.
        note: what a reader of the table has to know besides; may be empty.
        key: the columns that identify a row.
        columns: in the order in which they are written.
        order: the columns by which the greater of two rows of the same key is the one to keep, most significant first.
        earliest: whether the lesser row is to be kept instead.
        corrects: whether `order` says which of two rows with other content is to be kept: the greater. Of rows with the
            same content the lesser is kept.
        partitioned_by: Iceberg transforms in Spark SQL, such as `days(occurred_at)`.
        arrival: the column that shows how fresh the table is; None if a quiet table is no sign of trouble.
    """

    name: str
    grain: str
    note: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    earliest: bool = False
    corrects: bool = False
    partitioned_by: tuple[str, ...] = ()
    arrival: str | None = None

    def column_names(self) -> list[str]:
        """The columns' names in table order."""
        return [column.name for column in self.columns]

    def content_columns(self) -> list[Column]:
        """The columns that are derived from bronze, in table order: all but `merged_at`."""
        return [column for column in self.columns if column is not MERGED_AT]

    def content_names(self) -> list[str]:
        """The names of the columns that are derived from bronze, in table order."""
        return [column.name for column in self.content_columns()]

    def ddl(self, database: str, name: str | None = None) -> str:
        """The statement that creates the table unless it exists.

        Args:
            database: catalog and database, such as `glue_catalog.todo_silver`.
            name: of the table, if it is not to have its own.
        """
        columns = ",\n  ".join(column.ddl() for column in self.columns)
        partitions = f"\npartitioned by ({', '.join(self.partitioned_by)})" if self.partitioned_by else ""
        properties = ", ".join(f"{quoted(name)} = {quoted(value)}" for name, value in PROPERTIES.items())
        return (
            f"create table if not exists {database}.{name or self.name} (\n  {columns}\n) using iceberg{partitions}"
            f"\ncomment {quoted(self.grain)}\ntblproperties ({properties})"
        )


def quoted(text: str) -> str:
    """A text as a literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


EVENT_TYPES = ("created", "updated", "completed", "reopened", "cancelled", "deleted", "restored", "purged")

VERSION = Column("version", "bigint", "The item's version after the change; a removal counts as one more write.")
SEQUENCE_NUMBER = Column(
    "sequence_number",
    "string",
    "Sequence number of the change in the table's stream; compare it padded with zeros on the left.",
)
# what is built from silver reads the rows that changed since its own high-water mark
MERGED_AT = Column(
    "merged_at",
    "timestamp",
    "When the run that last wrote this row began; the same for all rows of one commit, and later in each later run.",
    initial="current_timestamp()",
)

TASK_EVENTS = Table(
    name="task_events",
    grain="One committed change of a task.",
    note="The events of deleted and purged tasks stay; those of an erased user go. A change that was lost from the "
    "stream and came back as a snapshot of the item is one synthetic event.",
    key=("event_id",),
    # a record that is delivered twice differs in this only, and its first capture stays; one that is derived anew with
    # other content takes the place of what was captured before
    order=("ingested_at",),
    corrects=True,
    partitioned_by=("days(occurred_at)",),
    arrival="ingested_at",
    columns=(
        Column("event_id", "string", "The stream record's id; the same however often the record is delivered."),
        Column(
            "is_synthetic",
            "boolean",
            "Worked out from a snapshot of the item, because the changes up to it were not captured.",
            initial="event_id like 'backfill-%'",
        ),
        Column("task_id", "string", "The task (ULID)."),
        Column("user_id", "string", "The task's owner."),
        Column(
            "event_type",
            "string",
            "What the change meant to the task's owner; deleted can be restored, purged is gone.",
            values=EVENT_TYPES,
        ),
        VERSION,
        SEQUENCE_NUMBER,
        Column("occurred_at", "timestamp", "When the change was committed, as the stream states it: to the second."),
        Column(
            "ingested_at", "timestamp", "When the change was captured; of a synthetic transition, when it occurred."
        ),
        Column("status", "string", "Status after the change; a purged task keeps its last one.", values=STATUSES),
        Column(
            "previous_status",
            "string",
            "Status before the change; null when the task was created.",
            nullable=True,
            values=STATUSES,
        ),
        Column(
            "was_deleted",
            "boolean",
            "Whether the task was deleted before the change; null when the job wrote the row before it had the column.",
            nullable=True,
        ),
        Column("priority", "string", "Priority after the change.", values=PRIORITIES),
        Column("category", "string", "Category after the change.", nullable=True),
        Column("due_date", "date", "Due date after the change.", nullable=True),
        Column(
            "previous_due_date", "date", "Due date before the change; null when the task was created.", nullable=True
        ),
        Column(
            "changed_fields",
            "array<string>",
            "Names of the task's fields that the change altered, in alphabetical order; empty for created and purged. "
            "A synthetic event names those of this table only.",
        ),
        Column("request_id", "string", "The API request of the change; null when purged or synthetic.", nullable=True),
        MERGED_AT,
    ),
)

TASKS = Table(
    name="tasks",
    grain="One task, latest state.",
    note="Soft-deleted and purged tasks stay, flagged is_deleted; those of an erased user go.",
    key=("task_id",),
    order=("version", "sequence_number"),
    columns=(
        Column("task_id", "string", "The task (ULID)."),
        Column("user_id", "string", "The task's owner."),
        Column("title", "string", "Title; null once the task is purged.", nullable=True),
        Column("status", "string", "State of the task's work.", values=STATUSES),
        Column("priority", "string", "Priority that the owner gave it.", values=PRIORITIES),
        Column("category", "string", "Category.", nullable=True),
        Column("labels", "array<string>", "Labels in the owner's order; null without any.", nullable=True),
        Column("parent_id", "string", "The task that it is a subtask of; null without one.", nullable=True),
        Column("recurrence", "string", "Rule (RFC 5545) by which its completion creates the next.", nullable=True),
        Column("previous_id", "string", "The task whose completion created it; null without one.", nullable=True),
        Column("next_id", "string", "The task that its completion created; null without one.", nullable=True),
        Column("due_at", "timestamp", "When it is due, of a task that is due at a time.", nullable=True),
        Column("due_date", "date", "Due date.", nullable=True),
        Column("created_at", "timestamp", "When the task was created."),
        Column("updated_at", "timestamp", "When the task was last written."),
        Column("completed_at", "timestamp", "When the task was completed; null while it is not.", nullable=True),
        Column("deleted_at", "timestamp", "When the task was deleted; null while it is not.", nullable=True),
        Column("is_deleted", "boolean", "Deleted by its owner or purged: counts in no figure."),
        VERSION,
        SEQUENCE_NUMBER,
        MERGED_AT,
    ),
)

USERS = Table(
    name="users",
    grain="One user, latest state.",
    note="Personal data is masked. Who has left stays as an identifier, flagged is_deleted, until the lake is erased.",
    key=("user_id",),
    # an erased user who comes back starts again at version 1: when the profile was created decides first
    order=("created_at", "version", "sequence_number"),
    columns=(
        Column("user_id", "string", "The user (the subject of the user's tokens)."),
        Column("email_masked", "string", "First character and domain of the e-mail address.", nullable=True),
        Column("email_domain", "string", "Domain of the e-mail address, in lower case.", nullable=True),
        Column(
            "email_hash",
            "string",
            "HMAC-SHA256 of the e-mail address in lower case, hexadecimal, with the key kept as a secret.",
            nullable=True,
        ),
        Column("name_masked", "string", "First character of each word of the name.", nullable=True),
        Column(
            "time_zone", "string", "IANA name of the time zone that says which day it is; null: UTC.", nullable=True
        ),
        Column("created_at", "timestamp", "When the profile was created."),
        Column("updated_at", "timestamp", "When the profile was last written."),
        Column("is_deleted", "boolean", "Erased: nothing but the identifier is left."),
        VERSION,
        SEQUENCE_NUMBER,
        MERGED_AT,
    ),
)

API_REQUESTS = Table(
    name="api_requests",
    grain="One request that the API answered.",
    note="From the API's own log lines; it names users by a keyed hash only.",
    # a client may send the same x-request-id with several requests
    key=("request_id", "occurred_at"),
    order=("duration_ms", "status_code"),
    partitioned_by=("days(occurred_at)",),
    columns=(
        Column("request_id", "string", "The request's identifier, the client's own if it sent one."),
        Column("occurred_at", "timestamp", "When the request was answered."),
        Column("method", "string", "HTTP method, in capitals."),
        Column("route", "string", "The route that matched, with its parameters' names in the place of their values."),
        Column("status_code", "bigint", "HTTP status of the answer."),
        Column("duration_ms", "double", "Time until the answer, milliseconds."),
        Column("user_hash", "string", "Keyed hash of the caller's identifier; null without one.", nullable=True),
        Column("cold_start", "boolean", "Whether the request was the first of its execution environment."),
        Column("idempotent_replay", "boolean", "Whether the answer was a stored one, given again."),
        MERGED_AT,
    ),
)

REJECTS = Table(
    name="rejects",
    grain="One line of bronze that broke its contract.",
    note="It holds nothing of what users wrote; the line itself is in bronze, found by file and digest.",
    key=("bronze_file", "digest"),
    order=("seen_at",),
    earliest=True,
    columns=(
        Column("source", "string", "The folder of bronze that holds the line.", values=FOLDERS),
        Column("reason", "string", "The first rule that the line breaks."),
        Column("payload", "string", "The line without what users wrote in it, JSON.", nullable=True),
        Column("bronze_file", "string", "The object that holds the line, s3://bucket/key."),
        Column("digest", "string", "SHA-256 of the line in UTF-8, hexadecimal."),
        Column("seen_at", "timestamp", "The hour in which the object arrived."),
        Column(
            "counted_at",
            "timestamp",
            "When a run that went on counted the line; null while no run has accepted it.",
            nullable=True,
            initial="merged_at",
        ),
        MERGED_AT,
    ),
)

TABLES = (TASK_EVENTS, TASKS, USERS, API_REQUESTS, REJECTS)
