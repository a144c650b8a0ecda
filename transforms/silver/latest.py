"""The latest state of each task and user that a window's changes touch."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from transforms.silver.contract import TASKS, USERS, Table
from transforms.silver.merge import rank


def tasks(changes: DataFrame) -> DataFrame:
    """Rows of `tasks`: one per task in `changes`, as its newest change left it.

    A removed task stays as a deleted one, without its title: the figures must not count it, and nobody asked to keep
    what it said.
    """
    return newest(changes.where("reason is null and entity_type = 'TASK'").select(*task_columns()), TASKS)


def task_columns() -> list[Column]:
    """What each column of `tasks` is made of."""
    image, removed = sf.col("image"), sf.col("is_removed")
    deleted_at = image["deleted_at"].cast("timestamp")
    return [
        image["id"].alias("task_id"),
        image["user_id"].alias("user_id"),
        _unless(removed, image["title"]).alias("title"),
        image["status"].alias("status"),
        image["priority"].alias("priority"),
        image["category"].alias("category"),
        image["due_date"].cast("date").alias("due_date"),
        image["created_at"].cast("timestamp").alias("created_at"),
        image["updated_at"].cast("timestamp").alias("updated_at"),
        image["completed_at"].cast("timestamp").alias("completed_at"),
        sf.coalesce(deleted_at, sf.when(removed, sf.col("occurred_at"))).alias("deleted_at"),
        (removed | deleted_at.isNotNull()).alias("is_deleted"),
        sf.col("version"),
        sf.col("sequence_number"),
    ]


def users(changes: DataFrame) -> DataFrame:
    """Rows of `users` but for privacy: one per user in `changes`, with `email` and `name` as their owner wrote them.

    An erased user stays as an identifier and nothing else.
    """
    image, removed = sf.col("image"), sf.col("is_removed")
    rows = changes.where("reason is null and entity_type = 'USER'").select(
        image["user_id"].alias("user_id"),
        _unless(removed, image["email"]).alias("email"),
        _unless(removed, image["name"]).alias("name"),
        image["created_at"].cast("timestamp").alias("created_at"),
        image["updated_at"].cast("timestamp").alias("updated_at"),
        removed.alias("is_deleted"),
        "version",
        "sequence_number",
    )
    return newest(rows, USERS)


def newest(rows: DataFrame, table: Table) -> DataFrame:
    """Of the rows with the same key, the one that the table's order puts last."""
    others = [name for name in rows.columns if name not in table.key]
    chosen = sf.max_by(sf.struct(*others), sf.expr(rank(table)))
    return rows.groupBy(*table.key).agg(chosen.alias("row")).select(*table.key, "row.*")


def _unless(condition: Column, value: Column) -> Column:
    return sf.when(~condition, value)
