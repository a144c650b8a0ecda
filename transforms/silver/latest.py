"""The latest state of each task and user that a window's changes touch."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from transforms.silver.contract import TASKS, USERS, Table
from transforms.silver.merge import order_expression


def tasks(changes: DataFrame) -> DataFrame:
    """Rows of `tasks`: one per task in `changes`, as its newest change left it.

    A removed task stays as a deleted one, without its title: the figures must not count it, and nobody asked to keep
    what it said.
    """
    return keep_newest(changes.where("reason is null and entity_type = 'TASK'").select(*task_columns()), TASKS)


def task_columns() -> list[Column]:
    """What each column of `tasks` is made of."""
    removed, deleted_at = sf.col("is_removed"), sf.col("deleted_at")
    made_of = {
        "task_id": sf.col("id"),
        "title": _unless(removed, sf.col("title")),
        "deleted_at": sf.coalesce(deleted_at, sf.when(removed, sf.col("occurred_at"))),
        "is_deleted": removed | deleted_at.isNotNull(),
    }
    return [made_of.get(name, sf.col(name)).alias(name) for name in TASKS.content_names()]


def users(changes: DataFrame) -> DataFrame:
    """Rows of `users` but for privacy: one per user in `changes`, with `email` and `name` as their owner wrote them.

    An erased user stays as an identifier and nothing else.
    """
    removed = sf.col("is_removed")
    rows = changes.where("reason is null and entity_type = 'USER'").select(
        "user_id",
        _unless(removed, sf.col("email")).alias("email"),
        _unless(removed, sf.col("name")).alias("name"),
        _unless(removed, sf.col("time_zone")).alias("time_zone"),
        "created_at",
        "updated_at",
        removed.alias("is_deleted"),
        "version",
        "sequence_number",
    )
    return keep_newest(rows, USERS)


def keep_newest(rows: DataFrame, table: Table) -> DataFrame:
    """Of the rows with the same key, the one that the table's order puts last."""
    others = [name for name in rows.columns if name not in table.key]
    chosen = sf.max_by(sf.struct(*others), sf.expr(order_expression(table)))
    return rows.groupBy(*table.key).agg(chosen.alias("row")).select(*table.key, "row.*")


def _unless(condition: Column, value: Column) -> Column:
    return sf.when(~condition, value)
