"""The contract of silver: every table, its columns, their types, what they mean, and one row's grain.

One place, from which the Spark schemas, the Iceberg tables and (checked by tests) dbt's sources follow. Types are
written as Spark SQL writes them; a Spark `timestamp` is an Iceberg `timestamptz`, which Athena shows as `timestamp(6)
with time zone` (https://iceberg.apache.org/docs/latest/spark-getting-started/#type-compatibility).
"""

import dataclasses

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

TYPES: dict[str, DataType] = {
    "string": StringType(),
    "bigint": LongType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "timestamp": TimestampType(),
    "array<string>": ArrayType(StringType()),
}

# Iceberg's own defaults make a metadata file per commit for ever, and one data file per writing task and partition
PROPERTIES = {
    "format-version": "2",
    "write.distribution-mode": "hash",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its name, its type in Spark SQL (a key of `TYPES`), its meaning, and whether it may be null."""

    name: str
    type: str
    description: str
    nullable: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """One table.

    Args:
        name: within the silver database.
        grain: what one row is.
        key: the columns that identify a row.
        columns: in the order in which they are written.
        order: the columns by which the greater of two rows of the same key is the one to keep, most significant first.
        earliest: whether the lesser row is to be kept instead.
        partitioned_by: Iceberg transforms in Spark SQL, such as `days(occurred_at)`.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    earliest: bool = False
    partitioned_by: tuple[str, ...] = ()

    def column_names(self) -> list[str]:
        """The columns' names in table order."""
        return [column.name for column in self.columns]

    def schema(self) -> StructType:
        """The table's Spark schema."""
        return StructType([StructField(c.name, TYPES[c.type], c.nullable) for c in self.columns])

    def ddl(self, database: str) -> str:
        """The statement that creates the table unless it exists.

        Args:
            database: catalog and database, such as `glue_catalog.todo_silver`.
        """
        columns = ",\n  ".join(
            f"{c.name} {c.type}{'' if c.nullable else ' not null'} comment {_quoted(c.description)}"
            for c in self.columns
        )
        partitions = f"\npartitioned by ({', '.join(self.partitioned_by)})" if self.partitioned_by else ""
        properties = ", ".join(f"{_quoted(name)} = {_quoted(value)}" for name, value in PROPERTIES.items())
        return (
            f"create table if not exists {database}.{self.name} (\n  {columns}\n) using iceberg{partitions}"
            f"\ncomment {_quoted(self.grain)}\ntblproperties ({properties})"
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


VERSION = Column("version", "bigint", "The item's version after the change; a removal counts as one more write.")
SEQUENCE_NUMBER = Column(
    "sequence_number",
    "string",
    "Sequence number of the change in the table's stream; compare it padded with zeros on the left.",
)

TASK_EVENTS = Table(
    name="task_events",
    grain="One committed change of a task.",
    key=("event_id",),
    # a record that is delivered twice differs in this only; its first capture stays, whichever window is merged first
    order=("ingested_at",),
    earliest=True,
    partitioned_by=("days(occurred_at)",),
    columns=(
        Column("event_id", "string", "The stream record's id; the same however often the record is delivered."),
        Column("task_id", "string", "The task (ULID)."),
        Column("user_id", "string", "The task's owner."),
        Column(
            "event_type",
            "string",
            "created, updated, completed, reopened, cancelled, deleted (can be restored), restored, or purged (gone).",
        ),
        VERSION,
        SEQUENCE_NUMBER,
        Column("occurred_at", "timestamp", "When the change was committed, as the stream tells it: to the second."),
        Column("ingested_at", "timestamp", "When the change was captured."),
        Column("status", "string", "Status after the change; a purged task keeps its last one."),
        Column("previous_status", "string", "Status before the change; null when the task was created.", nullable=True),
        Column("priority", "string", "Priority after the change."),
        Column("category", "string", "Category after the change.", nullable=True),
        Column("due_date", "date", "Due date after the change.", nullable=True),
        Column(
            "changed_fields",
            "array<string>",
            "Names of the task's fields that the change altered, in alphabetical order; empty for created and purged.",
        ),
        Column("request_id", "string", "The API request that made the change; null when purged.", nullable=True),
    ),
)

TASKS = Table(
    name="tasks",
    grain="One task, latest state.",
    key=("task_id",),
    order=("version", "sequence_number"),
    columns=(
        Column("task_id", "string", "The task (ULID)."),
        Column("user_id", "string", "The task's owner."),
        Column("title", "string", "Title; null once the task is purged.", nullable=True),
        Column("status", "string", "pending, in_progress, completed or cancelled."),
        Column("priority", "string", "low, medium, high or urgent."),
        Column("category", "string", "Category.", nullable=True),
        Column("due_date", "date", "Due date.", nullable=True),
        Column("created_at", "timestamp", "When the task was created."),
        Column("updated_at", "timestamp", "When the task was last written."),
        Column("completed_at", "timestamp", "When the task was completed; null while it is not.", nullable=True),
        Column("deleted_at", "timestamp", "When the task was deleted; null while it is not.", nullable=True),
        Column("is_deleted", "boolean", "Deleted by its owner or purged: counts in no figure."),
        VERSION,
        SEQUENCE_NUMBER,
    ),
)

USERS = Table(
    name="users",
    grain="One user, latest state.",
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
        Column("created_at", "timestamp", "When the profile was created."),
        Column("updated_at", "timestamp", "When the profile was last written."),
        Column("is_deleted", "boolean", "Erased: nothing but the identifier is left."),
        VERSION,
        SEQUENCE_NUMBER,
    ),
)

TABLES = (TASK_EVENTS, TASKS, USERS)
