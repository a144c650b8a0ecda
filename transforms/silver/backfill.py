"""Synthetic events: for changes that nobody captured, of which bronze has a snapshot of the item instead.

- A task without any captured event gets `created`, dated to its creation, from its earliest snapshot. Deleted tasks get
  none: they would count as open for ever.
- A task whose newest snapshot is newer than all of its events gets one transition, from the state of its last event to
  the state that it has in `tasks`. What happened in between is not known, and is not made up.

A synthetic event lasts only while nothing newer was captured, so the order in which objects are merged does not matter.
`tasks` has to be merged before: it holds the newest snapshot of each task.
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from api.contract import CLOSED_STATUSES, OPEN_STATUSES
from transforms.silver.contract import TASK_EVENTS, TASKS
from transforms.silver.tables import Tables

# a table that never held a synthetic event is not searched for one
SYNTHETIC_PROPERTY = "silver.backfilled"
SNAPSHOT_SEQUENCE = "0"  # the sequence number of envelopes that were made from the table's items
REMOVED = ("deleted", "purged")
# in alphabetical order, as `changed_fields` lists them
COMPARED = ("category", "due_date", "priority", "status")


def reconcile(tables: Tables, events: DataFrame, changes: DataFrame, has_snapshots: bool) -> DataFrame:
    """The rows to merge into `task_events`; deletes synthetic events that are no longer true.

    Args:
        tables: silver's; `tasks` is merged.
        events: rows of `task_events`, of changes that were captured.
        changes: as `events.changes` gives them, snapshots included.
        has_snapshots: whether there is a snapshot of a task among them.

    Returns:
        `events` themselves when no synthetic event is concerned; else they and the synthetic events of their tasks.
    """
    spark, name = tables.spark, tables.name(TASK_EVENTS)
    if not _has_synthetic_events(spark, name):
        if not has_snapshots:
            return events
        spark.sql(f"alter table {name} set tblproperties ('{SYNTHETIC_PROPERTY}' = 'true')")
    snapshots = changes.where("reason is null and entity_type = 'TASK' and is_backfill")
    touched = events.select("task_id").union(snapshots.select("id")).distinct().persist()
    known = spark.table(name).select(*TASK_EVENTS.content_names()).join(touched, "task_id", "left_semi").persist()
    last = _last_captured(known.where("not is_synthetic").unionByName(events))
    created = _first_created(known.where("is_synthetic and event_type = 'created'").unionByName(_created(snapshots)))
    created = created.join(last, "task_id", "left_anti")
    latest = spark.table(tables.name(TASKS)).where(f"sequence_number = '{SNAPSHOT_SEQUENCE}'")
    latest = latest.join(touched, "task_id", "left_semi")
    synthetic = created.unionByName(_transitions(latest, last.unionByName(created.select(*last.columns)))).persist()
    untrue = known.where("is_synthetic").join(synthetic.select("event_id"), "event_id", "left_anti")
    gone = [(row.event_id,) for row in untrue.select("event_id").distinct().collect()]
    if gone:
        spark.createDataFrame(gone, "event_id string").createOrReplaceTempView("untrue")
        spark.sql(f"merge into {name} t using untrue s on t.event_id = s.event_id when matched then delete")
    return events.unionByName(synthetic)


def _created(snapshots: DataFrame) -> DataFrame:
    """One `created` per snapshot of a task that is there, dated to the task's creation."""
    made_of = {
        "task_id": sf.col("id"),
        "is_synthetic": sf.lit(True),
        "event_type": sf.lit("created"),
        "occurred_at": sf.col("created_at"),
        "previous_status": sf.lit(None).cast("string"),
        "was_deleted": sf.lit(False),
        "previous_due_date": sf.lit(None).cast("date"),
        "changed_fields": sf.array().cast("array<string>"),
    }
    rows = [made_of.get(name, sf.col(name)).alias(name) for name in TASK_EVENTS.content_names()]
    return snapshots.where("deleted_at is null and not is_removed").select(*rows)


def _first_created(rows: DataFrame) -> DataFrame:
    """Of each task's rows the one of the earliest version."""
    others = [name for name in TASK_EVENTS.content_names() if name != "task_id"]
    first = sf.min_by(sf.struct(*others), sf.struct("version", "event_id", "ingested_at"))
    return rows.groupBy("task_id").agg(first.alias("row")).select("task_id", "row.*")


def _last_captured(rows: DataFrame) -> DataFrame:
    """The state after the last captured event of each task."""
    state = ("version", "event_type", "status", "priority", "category", "due_date", "occurred_at")
    last = sf.max_by(sf.struct(*state), sf.struct("version", "event_id"))
    return rows.groupBy("task_id").agg(last.alias("row")).select("task_id", "row.*")


def _transitions(latest: DataFrame, before: DataFrame) -> DataFrame:
    """One event for each task whose latest state is newer than the one before.

    Args:
        latest: rows of `tasks` that come from snapshots.
        before: one row per task, as `_last_captured` gives it.
    """
    joined = latest.alias("latest").join(before.alias("before"), "task_id").where("latest.version > before.version")
    fields = sf.concat_ws(
        ",", *(sf.when(~sf.col(f"latest.{name}").eqNullSafe(sf.col(f"before.{name}")), name) for name in COMPARED)
    )
    kind, none = _kind(), sf.array().cast("array<string>")
    # the time of a removal is that at which it was noticed
    moment = sf.greatest("latest.updated_at", sf.when(_is_purged(), sf.col("latest.deleted_at")), "before.occurred_at")
    made_of = {
        "task_id": sf.col("task_id"),
        # the state before is part of it: it changes when an event of a version in between arrives
        "event_id": sf.concat_ws("-", sf.lit("transition"), "task_id", "before.version", "latest.version"),
        "is_synthetic": sf.lit(True),
        "event_type": kind,
        "occurred_at": moment,
        "ingested_at": moment,
        "previous_status": sf.col("before.status"),
        "was_deleted": sf.col("before.event_type").isin(*REMOVED),
        "previous_due_date": sf.col("before.due_date"),
        "changed_fields": sf.when((kind != "purged") & (fields != ""), sf.split(fields, ",")).otherwise(none),
        "request_id": sf.lit(None).cast("string"),
    }
    return joined.select(
        *(made_of.get(name, sf.col(f"latest.{name}")).alias(name) for name in TASK_EVENTS.content_names())
    )


def _kind() -> Column:
    """What the transition meant to the task's owner, from the states on its two sides."""
    was_removed = sf.col("before.event_type").isin(*REMOVED)
    is_removed, status, before = sf.col("latest.is_deleted"), sf.col("latest.status"), sf.col("before.status")
    moved = status != before
    return (
        sf.when(_is_purged(), "purged")
        .when(is_removed & ~was_removed, "deleted")
        .when(~is_removed & was_removed, "restored")
        .when(moved & status.isin(*CLOSED_STATUSES), status)
        .when(moved & before.isin(*CLOSED_STATUSES) & status.isin(*OPEN_STATUSES), "reopened")
        .otherwise("updated")
    )


def _is_purged() -> Column:
    """Whether a task's item is gone: then nothing of what it said is left."""
    return sf.col("latest.title").isNull()


def _has_synthetic_events(spark: SparkSession, name: str) -> bool:
    properties = {row.key: row.value for row in spark.sql(f"show tblproperties {name}").collect()}
    return properties.get(SYNTHETIC_PROPERTY) == "true"
