"""Lines that broke their contract, kept without what users wrote in them."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from transforms.silver.contract import REJECTS

ARRIVAL = r"/dt=(\d{4}-\d{2}-\d{2})/hour=(\d{2})/"


def columns(reason: Column, payload: Column) -> list[Column]:
    """What to select of lines, so that `rejects` can do without the lines themselves.

    Args:
        reason: the rule that a line breaks; null if it breaks none.
        payload: the line without what users wrote in it.
    """
    broken = reason.isNotNull()
    # only of broken lines: the others are many, and their words are not to be kept in memory
    return [
        reason.alias("reason"),
        sf.when(broken, payload).alias("payload"),
        sf.when(broken, sf.sha2("line", 256)).alias("digest"),
        sf.when(broken, sf.col("bronze_file")).alias("bronze_file"),
    ]


def rejects(source: str, lines: DataFrame) -> DataFrame:
    """Rows of `rejects`, one per broken line; a line that an object holds twice is one.

    Args:
        source: the folder of bronze.
        lines: has the columns of `columns`.
    """
    day, hour = (sf.regexp_extract("bronze_file", ARRIVAL, group) for group in (1, 2))
    arrived = sf.to_timestamp(sf.concat_ws(" ", day, hour), "yyyy-MM-dd HH")
    found = lines.where("reason is not null").select(
        "reason",
        "payload",
        # S3A names the scheme by which it reads
        sf.regexp_replace("bronze_file", "^s3a:", "s3:").alias("bronze_file"),
        "digest",
        sf.coalesce(arrived, sf.lit("1970-01-01").cast("timestamp")).alias("seen_at"),
    )
    # a constant below the deduplication would turn nullable in it, unnoticed by what checks required columns
    counted_at = sf.lit(None).cast("timestamp").alias("counted_at")
    return found.dropDuplicates([*REJECTS.key]).select(sf.lit(source).alias("source"), "*", counted_at)
