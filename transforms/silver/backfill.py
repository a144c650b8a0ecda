"""Events for tasks whose changes nobody captured, of which bronze has a snapshot taken from the table instead.

Such a task gets one event, `created`, dated to its creation, and only while it has no event of its own: what happened
to it in between is not known, and is not made up. A captured event that arrives later replaces the backfilled one, so
the order in which windows are merged does not matter. A deleted task gets none: it would count as open for ever.
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from ingestion.contract import BACKFILL_EVENT_PREFIX
from transforms.silver.contract import TASK_EVENTS

# a table that never held a backfilled event is not searched for one
BACKFILLED_PROPERTY = "silver.backfilled"


def backfilled_events(changes: DataFrame) -> DataFrame:
    """Rows of `task_events`, at most one per task: its creation, as its earliest snapshot has it."""
    made_of = {
        "task_id": sf.col("id"),
        "event_type": sf.lit("created"),
        "occurred_at": sf.col("created_at"),
        "previous_status": sf.lit(None).cast("string"),
        "was_deleted": sf.lit(False),
        "previous_due_date": sf.lit(None).cast("date"),
        "changed_fields": sf.array().cast("array<string>"),
    }
    rows = [made_of.get(name, sf.col(name)).alias(name) for name in TASK_EVENTS.content_names()]
    of_live_tasks = "reason is null and entity_type = 'TASK' and is_backfill and deleted_at is null"
    item_snapshots = changes.where(of_live_tasks).select(*rows)
    others = [name for name in TASK_EVENTS.content_names() if name != "task_id"]
    first = sf.min_by(sf.struct(*others), sf.struct("version", "event_id", "ingested_at"))
    return item_snapshots.groupBy("task_id").agg(first.alias("row")).select("task_id", "row.*")


def reconcile(spark: SparkSession, name: str, events: DataFrame, backfilled: DataFrame | None) -> DataFrame:
    """What of `events` and `backfilled` is to be merged; deletes backfilled events that are no longer true.

    Args:
        spark: the session of the rows.
        name: of the table of events.
        events: rows of `task_events`, of changes that were captured.
        backfilled: as `backfilled_events` gives them; None: there are none.

    Returns:
        rows of `task_events`, one per event.
    """
    if backfilled is None and not _has_backfilled_events(spark, name):
        return events
    if backfilled is not None and not _has_backfilled_events(spark, name):
        spark.sql(f"alter table {name} set tblproperties ('{BACKFILLED_PROPERTY}' = 'true')")
    names = ("task_id", "event_id", "version")
    incoming = (
        events.select(*names) if backfilled is None else events.select(*names).unionByName(backfilled.select(*names))
    )
    known = spark.table(name).select(*names).join(incoming.select("task_id").distinct(), "task_id", "left_semi")
    place = sf.struct("version", "event_id")
    verdicts = known.unionByName(incoming).groupBy("task_id")
    is_captured, first = sf.bool_or(~_is_backfilled()), sf.min(sf.when(_is_backfilled(), place))
    verdict = verdicts.agg(is_captured.alias("is_captured"), first.alias("first")).persist()
    is_true = ~sf.col("is_captured") & (place == sf.col("first"))
    untrue = known.where(_is_backfilled()).join(verdict, "task_id").where(~is_true).select("event_id")
    gone = [row.event_id for row in untrue.distinct().collect()]
    if gone:
        spark.createDataFrame([(event_id,) for event_id in gone], "event_id string").createOrReplaceTempView("untrue")
        spark.sql(f"merge into {name} t using untrue s on t.event_id = s.event_id when matched then delete")
    if backfilled is None:
        return events
    return events.unionByName(backfilled.join(verdict, "task_id").where(is_true).select(*TASK_EVENTS.content_names()))


def _is_backfilled() -> Column:
    return sf.col("event_id").startswith(BACKFILL_EVENT_PREFIX)


def _has_backfilled_events(spark: SparkSession, name: str) -> bool:
    properties = {row.key: row.value for row in spark.sql(f"show tblproperties {name}").collect()}
    return properties.get(BACKFILLED_PROPERTY) == "true"
