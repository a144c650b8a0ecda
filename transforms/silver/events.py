"""What each envelope says happened: the change it made, and, for tasks, the row of `task_events`."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from transforms.silver import envelope, rejects
from transforms.silver.contract import TASK_EVENTS

# in alphabetical order, as `changed_fields` lists them; what the API keeps for its own use is not among them
COMPARED = (
    "category",
    "completed_at",
    "deleted_at",
    "description",
    "due_date",
    "priority",
    "status",
    "title",
)
BACKFILL = "backfill-"
OPEN = ("pending", "in_progress")
CLOSED = ("completed", "cancelled")


def changes(lines: DataFrame) -> DataFrame:
    """One row per line: what happened, and `image`, the item as the change left it (a removed one: as it was).

    `reason` tells what rule of the contract the line breaks; if it breaks one, no column may be relied on but those of
    `rejects`.
    """
    removed = sf.col("event_name") == "REMOVE"
    image = sf.coalesce("new_image", "old_image")
    return lines.select(
        *rejects.columns(envelope.reason(), envelope.telling()),
        "entity_type",
        "event_id",
        is_backfill().alias("is_backfill"),
        event_type().alias("event_type"),
        # nothing writes an item between its last version and its removal, so the removal is the next version
        (image["version"] + removed.cast("bigint")).alias("version"),
        "sequence_number",
        sf.col("event_time").cast("timestamp").alias("occurred_at"),
        sf.col("ingested_at").cast("timestamp").alias("ingested_at"),
        sf.col("old_image.status").alias("previous_status"),
        changed_fields().alias("changed_fields"),
        "request_id",
        removed.alias("is_removed"),
        image.dropFields("description").alias("image"),
    )


def is_backfill() -> Column:
    """Whether an envelope was made from the table itself, for an item whose changes nobody had captured."""
    return sf.col("event_id").startswith(BACKFILL) & (sf.col("sequence_number") == "0")


def event_type() -> Column:
    """What an envelope's change means to the task's owner."""
    old, new = sf.col("old_image"), sf.col("new_image")
    moved = ~old["status"].eqNullSafe(new["status"])
    return (
        sf.when(sf.col("event_name") == "INSERT", "created")
        .when(sf.col("event_name") == "REMOVE", "purged")
        .when(old["deleted_at"].isNull() & new["deleted_at"].isNotNull(), "deleted")
        .when(old["deleted_at"].isNotNull() & new["deleted_at"].isNull(), "restored")
        .when(moved & new["status"].isin(*CLOSED), new["status"])
        .when(moved & old["status"].isin(*CLOSED) & new["status"].isin(*OPEN), "reopened")
        .otherwise("updated")
    )


def changed_fields() -> Column:
    """The names of the compared fields whose value differs between an envelope's two images."""
    old, new = sf.col("old_image"), sf.col("new_image")
    names = sf.filter(
        sf.array(*(sf.when(~old[name].eqNullSafe(new[name]), name) for name in COMPARED)), lambda name: name.isNotNull()
    )
    none = sf.array().cast("array<string>")
    return sf.when(sf.col("event_name") == "MODIFY", names).otherwise(none)


def task_events(changes: DataFrame) -> DataFrame:
    """Rows of `task_events`, one per event; of an event that was delivered more than once, the first capture."""
    rows = changes.where("reason is null and entity_type = 'TASK' and not is_backfill").select(*_row())
    # grouping by everything else is a hash aggregation; dropDuplicates would sort, and keep any one of them
    rest = [name for name in TASK_EVENTS.column_names() if name != "ingested_at"]
    return rows.groupBy(*rest).agg(sf.min("ingested_at").alias("ingested_at")).select(*TASK_EVENTS.column_names())


def _row() -> list[Column | str]:
    image = sf.col("image")
    return [
        "event_id",
        image["id"].alias("task_id"),
        image["user_id"].alias("user_id"),
        "event_type",
        "version",
        "sequence_number",
        "occurred_at",
        "ingested_at",
        image["status"].alias("status"),
        "previous_status",
        image["priority"].alias("priority"),
        image["category"].alias("category"),
        image["due_date"].cast("date").alias("due_date"),
        "changed_fields",
        "request_id",
    ]
