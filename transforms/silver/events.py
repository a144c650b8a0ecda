"""What each envelope says happened: the change it made, and, for tasks, the row of `task_events`."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as sf

from api.contract import CLOSED_STATUSES, OPEN_STATUSES, TASK_ATTRIBUTES
from ingestion.contract import BACKFILL_EVENT_PREFIX, INSERT, MODIFY, REMOVE
from transforms.silver import envelope, rejects
from transforms.silver.contract import TASK_EVENTS
from transforms.silver.lines import instant

# in alphabetical order, as `changed_fields` lists them; what the API keeps for its own use is not among them
COMPARED = tuple(sorted(one.name for one in TASK_ATTRIBUTES if one.owned))


def changes(lines: DataFrame) -> DataFrame:
    """One row per line: what happened, and the item's attributes as the change left it (a removed one: as it was).

    `reason` says what rule of the contract the line breaks; if it breaks one, no column may be relied on but those of
    `rejects`.
    """
    return read(lines).select(
        *rejects.columns(envelope.reason(), envelope.redacted_payload()),
        *("entity_type", "event_id", "is_backfill", "event_type", "sequence_number", "occurred_at", "ingested_at"),
        *("previous_status", "was_deleted", "previous_due_date", "changed_fields", "request_id", "is_removed"),
        *(name for name in envelope.IMAGE.names if name not in ("description", "version")),
        # nothing writes an item between its last version and its removal, so the removal is the next version
        (sf.col("version") + sf.col("is_removed").cast("bigint")).alias("version"),
    )


def read(lines: DataFrame) -> DataFrame:
    """Lines of change events with the two images compared and taken apart, so that neither is copied any further."""
    return lines.select(
        *("line", "bronze_file", "is_well_formed", "schema_version", "event_id", "event_name", "entity_type"),
        *("sequence_number", "request_id"),
        instant(sf.col("event_time")).alias("occurred_at"),
        instant(sf.col("ingested_at")).alias("ingested_at"),
        sf.col("new_image").isNotNull().alias("has_new_image"),
        sf.col("old_image").isNotNull().alias("has_old_image"),
        is_backfill().alias("is_backfill"),
        (sf.col("event_name") == REMOVE).alias("is_removed"),
        event_type().alias("event_type"),
        sf.col("old_image.status").alias("previous_status"),
        sf.col("old_image.deleted_at").isNotNull().alias("was_deleted"),
        sf.col("old_image.due_date").cast("date").alias("previous_due_date"),
        changed_fields().alias("changed_fields"),
        *envelope.typed(),
    )


def is_backfill() -> Column:
    """Whether an envelope was made from the table itself, for an item whose changes nobody had captured."""
    return sf.col("event_id").startswith(BACKFILL_EVENT_PREFIX) & (sf.col("sequence_number") == "0")


def event_type() -> Column:
    """What an envelope's change means to the task's owner."""
    old, new = sf.col("old_image"), sf.col("new_image")
    moved = ~old["status"].eqNullSafe(new["status"])
    return (
        sf.when(sf.col("event_name") == INSERT, "created")
        .when(sf.col("event_name") == REMOVE, "purged")
        .when(old["deleted_at"].isNull() & new["deleted_at"].isNotNull(), "deleted")
        .when(old["deleted_at"].isNotNull() & new["deleted_at"].isNull(), "restored")
        .when(moved & new["status"].isin(*CLOSED_STATUSES), new["status"])
        .when(moved & old["status"].isin(*CLOSED_STATUSES) & new["status"].isin(*OPEN_STATUSES), "reopened")
        .otherwise("updated")
    )


def changed_fields() -> Column:
    """The names of the compared fields whose value differs between an envelope's two images."""
    old, new = sf.col("old_image"), sf.col("new_image")
    # joined and split again: a filter with a lambda is not compiled
    names = sf.concat_ws(",", *(sf.when(~old[name].eqNullSafe(new[name]), name) for name in COMPARED))
    none = sf.array().cast("array<string>")
    return sf.when((sf.col("event_name") == MODIFY) & (names != ""), sf.split(names, ",")).otherwise(none)


def task_events(changes: DataFrame) -> DataFrame:
    """Rows of `task_events`, one per event: the content that was captured last, with the time of its first capture."""
    rows = changes.where("reason is null and entity_type = 'TASK' and not is_backfill").select(*row())
    names = TASK_EVENTS.content_names()
    # grouping by everything else is a hash aggregation; dropDuplicates would sort, and keep any one of them
    rest = [name for name in names if name != "ingested_at"]
    captures = (sf.min("ingested_at").alias("ingested_at"), sf.max("ingested_at").alias("last"))
    found = rows.groupBy(*rest).agg(*captures)
    if _is_any_contested(rows, rest):
        latest = Window.partitionBy("event_id").orderBy(sf.desc("last"), *map(sf.desc, rest))
        found = found.withColumn("place", sf.row_number().over(latest)).where("place = 1")
    return found.select(*names)


def _is_any_contested(rows: DataFrame, content: list[str]) -> bool:
    """Whether two rows of one event differ in a column of `content`; by hashes, which aggregate without sorting."""
    hashed = rows.select(sf.xxhash64("event_id").alias("event"), sf.xxhash64(*content).alias("content"))
    ends = hashed.groupBy("event").agg(sf.min("content").alias("least"), sf.max("content").alias("greatest"))
    return not ends.where("least != greatest").isEmpty()


def row() -> list[Column]:
    """What each column of `task_events` is made of."""
    made_of = {"task_id": sf.col("id"), "is_synthetic": sf.lit(False)}
    return [made_of.get(name, sf.col(name)).alias(name) for name in TASK_EVENTS.content_names()]
