"""Events for tasks whose changes nobody captured, of which bronze has a picture taken from the table instead.

Such a task gets one event, `created`, dated to its creation, and only while it has no event of its own: what happened
to it in between is not known, and is not made up. An event that arrives later takes the place of the made one, so that
the order in which windows are merged does not matter. A deleted task gets none: it would count as open for ever.
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from transforms.silver.contract import TASK_EVENTS
from transforms.silver.events import BACKFILL

# a table that never held a made event is not searched for one
MARK = "silver.backfilled"


def made_events(changes: DataFrame) -> DataFrame:
    """Rows of `task_events`, at most one per task: its creation, as its earliest picture tells it."""
    made_of = {
        "task_id": sf.col("id"),
        "event_type": sf.lit("created"),
        "occurred_at": sf.col("created_at"),
        "previous_status": sf.lit(None).cast("string"),
        "changed_fields": sf.array().cast("array<string>"),
    }
    rows = [made_of.get(name, sf.col(name)).alias(name) for name in TASK_EVENTS.content_names()]
    of_live_tasks = "reason is null and entity_type = 'TASK' and is_backfill and deleted_at is null"
    pictures = changes.where(of_live_tasks).select(*rows)
    others = [name for name in TASK_EVENTS.content_names() if name != "task_id"]
    first = sf.min_by(sf.struct(*others), sf.struct("version", "event_id", "ingested_at"))
    return pictures.groupBy("task_id").agg(first.alias("row")).select("task_id", "row.*")


def reconcile(spark: SparkSession, name: str, events: DataFrame, made: DataFrame | None) -> DataFrame:
    """What of `events` and `made` is to be merged; made events in the table that have become untrue are deleted.

    Args:
        spark: the session of the rows.
        name: of the table of events.
        events: rows of `task_events`, of changes that were captured.
        made: as `made_events` gives them; None: there are none.

    Returns:
        rows of `task_events`, one per event.
    """
    if made is None and not _marked(spark, name):
        return events
    if made is not None and not _marked(spark, name):
        spark.sql(f"alter table {name} set tblproperties ('{MARK}' = 'true')")
    names = ("task_id", "event_id", "version")
    told = events.select(*names) if made is None else events.select(*names).unionByName(made.select(*names))
    known = spark.table(name).select(*names).join(told.select("task_id").distinct(), "task_id", "left_semi")
    place = sf.struct("version", "event_id")
    verdicts = known.unionByName(told).groupBy("task_id")
    is_captured, first = sf.bool_or(~_is_made()), sf.min(sf.when(_is_made(), place))
    verdict = verdicts.agg(is_captured.alias("is_captured"), first.alias("first")).persist()
    is_true = ~sf.col("is_captured") & (place == sf.col("first"))
    untrue = known.where(_is_made()).join(verdict, "task_id").where(~is_true).select("event_id")
    gone = [row.event_id for row in untrue.distinct().collect()]
    if gone:
        spark.createDataFrame([(event_id,) for event_id in gone], "event_id string").createOrReplaceTempView("untrue")
        spark.sql(f"merge into {name} t using untrue s on t.event_id = s.event_id when matched then delete")
    if made is None:
        return events
    return events.unionByName(made.join(verdict, "task_id").where(is_true).select(*TASK_EVENTS.content_names()))


def _is_made() -> Column:
    return sf.col("event_id").startswith(BACKFILL)


def _marked(spark: SparkSession, name: str) -> bool:
    properties = {row.key: row.value for row in spark.sql(f"show tblproperties {name}").collect()}
    return properties.get(MARK) == "true"
