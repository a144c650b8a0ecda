"""Rows into an Iceberg table, so that the order in which they come does not matter.

Of two rows with the same key the table's order decides which one stays, never which one came last: merging a window
again, or an older window after a newer one, gives the same table as one full rebuild.
"""

from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from transforms.silver.contract import MERGED_AT, Table, quoted
from transforms.silver.envelope import SEQUENCE_DIGITS

# a ULID's first four characters change every twelve days: rows of about the same age share them
PREFIX = 4
MAX_RANGES = 200


def order_expression(table: Table, alias: str = "") -> str:
    """A SQL expression that orders the rows of one key.

    Args:
        table: says by which columns.
        alias: of the rows in the query, if it has several sources.
    """
    prefix = f"{alias}." if alias else ""
    parts = [
        f"lpad({prefix}{name}, {SEQUENCE_DIGITS}, '0')" if name == "sequence_number" else f"{prefix}{name}"
        for name in table.order
    ]
    return f"struct({', '.join(parts)})"


def replaces(table: Table) -> str:
    """A SQL condition: the source's row `s` is to replace the target's row `t`; of a table that corrects, it may."""
    if table.corrects:
        return f"{order_expression(table, 's')} != {order_expression(table, 't')}"
    return f"{order_expression(table, 's')} {'<' if table.earliest else '>'} {order_expression(table, 't')}"


def merge(
    spark: SparkSession,
    name: str,
    table: Table,
    rows: DataFrame,
    merged_at: datetime,
    where: str | None = None,
) -> int:
    """Merge `rows` into the table, in one commit, or in none if they bring nothing new.

    Args:
        spark: the session of `rows`.
        name: of the table, with catalog and database.
        table: its contract.
        rows: at most one per key, with the table's columns that are derived from bronze.
        merged_at: the run's instant, an aware time; every row that is inserted or replaced carries it.
        where: a condition on the target's row `t` that holds for every row whose key is in `rows`; it spares reading
            the rest of a large table. None: it is made of the keys in `rows`, if the key is one column.

    Returns:
        how many rows were inserted or replaced.
    """
    if spark.table(f"{name}.snapshots").isEmpty():
        # a full build has nothing to compare its rows with, and they are not kept twice for it
        rows.select(*table.content_names(), sf.lit(merged_at).alias(MERGED_AT.name)).writeTo(name).append()
        return spark.table(name).count()
    if where is None:
        rows = rows.persist()
        where = key_ranges(rows, table)
    same = " and ".join(f"s.{key} = t.{key}" for key in table.key)
    known = spark.table(name).alias("t").where(where).select(*(f"t.{column}" for column in (*table.key, *table.order)))
    # what brings nothing new is left out first: MERGE would write every matching row anew, changed or not
    fresh = (
        rows.alias("s")
        .join(known.alias("t"), sf.expr(same), "left")
        .where(f"t.{table.key[0]} is null or {replaces(table)}")
        .select(
            *(f"s.{column}" for column in table.content_names()),
            sf.lit(merged_at).alias(MERGED_AT.name),
            sf.expr(f"t.{table.key[0]} is null").alias("is_new"),
        )
        .persist()
    )
    total, inserts = fresh.agg(sf.count("*"), sf.count_if("is_new")).collect()[0]
    chosen = fresh
    if table.corrects and total > inserts:
        chosen = without_repetitions(fresh, spark.table(name).alias("t").where(where), table)
        total = chosen.count()
    incoming = chosen.drop("is_new")
    if total == inserts > 0:
        incoming.writeTo(name).append()
    elif total:
        incoming.createOrReplaceTempView(f"incoming_{table.name}")
        spark.sql(f"""
            merge into {name} t using incoming_{table.name} s on {same} and {where}
            when matched and {replaces(table)} then update set *
            when not matched then insert *""")
    for kept in (chosen, fresh, rows):
        kept.unpersist()
    return int(total)


def without_repetitions(fresh: DataFrame, known: DataFrame, table: Table) -> DataFrame:
    """The rows of `fresh` without those that only repeat what the table holds.

    A row of the same content replaces the known one when it comes first in the table's order, one of other content when
    it comes last. The content is read for rows that may replace another only, which are few.

    Args:
        fresh: rows with the table's columns, and `is_new`.
        known: rows of the table, among them all with the keys of `fresh`.
        table: its contract.
    """
    content = [name for name in table.content_names() if name not in table.order]
    is_same = " and ".join(f"s.{column} <=> t.{column}" for column in content)
    is_later = f"{order_expression(table, 's')} > {order_expression(table, 't')}"
    same_key = " and ".join(f"s.{key} = t.{key}" for key in table.key)
    kept = fresh.alias("s").join(known.alias("t"), sf.expr(same_key), "left")
    return kept.where(f"s.is_new or ({is_later}) != ({is_same})").select("s.*").persist()


def key_ranges(rows: DataFrame, table: Table) -> str:
    """A condition on the target's row `t` that holds for every row whose key is in `rows`.

    Iceberg leaves out the files whose bounds meet none of the ranges; maintenance sorts files by key.

    Args:
        rows: have the table's key.
        table: its contract.
    """
    if len(table.key) > 1:
        return "true"
    (key,) = table.key
    ends = (sf.min(key).alias("low"), sf.max(key).alias("high"))
    found = rows.groupBy(sf.left(key, sf.lit(PREFIX)).alias("prefix")).agg(*ends).limit(MAX_RANGES + 1).collect()
    if len(found) > MAX_RANGES:
        found = rows.agg(*ends).collect()
    ranges = [f"t.{key} between {quoted(row.low)} and {quoted(row.high)}" for row in found if row.low is not None]
    return f"({' or '.join(ranges)})" if ranges else "false"
