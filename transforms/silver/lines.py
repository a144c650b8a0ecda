"""Lines of bronze as rows: read with a fixed schema, each with the object that holds it.

A line is read as text first, so that one that is no JSON at all is seen too, and can be found again.
"""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import StringType, StructField, StructType

MALFORMED = "not JSON, or a value of another type than the schema's"
_MALFORMED_LINE = "_malformed_line"
# of a time in UTC by RFC 3339, in bytes: to the second, the millisecond, the microsecond
_SIZES_IN_UTC = (20, 24, 27)


def read(spark: SparkSession, paths: Sequence[str], schema: StructType) -> DataFrame:
    """Every line of some objects: `line` itself, `bronze_file`, `is_well_formed`, and the columns of `schema`.

    Args:
        spark: the session to read with.
        paths: objects, and folders that are read with all that is below them.
        schema: of one line; a column whose value is of another type is null, and the line not well formed.
    """
    # without partition discovery, which would want all paths to be of one depth
    text = spark.read.option("recursiveFileLookup", "true").text(list(paths))
    found = text.select(sf.col("value").alias("line"), sf.col("_metadata.file_path").alias("bronze_file"))
    checked = StructType([*schema, StructField(_MALFORMED_LINE, StringType())])
    parsed = sf.from_json("line", checked, {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _MALFORMED_LINE})
    return (
        found.where("trim(line) != ''")
        .select("line", "bronze_file", parsed.alias("parsed"))
        .select(
            "line",
            "bronze_file",
            sf.col(f"parsed.{_MALFORMED_LINE}").isNull().alias("is_well_formed"),
            *(f"parsed.{field.name}" for field in schema),
        )
    )


def instant(text: Column) -> Column:
    """A time in a text, UTC unless the text says otherwise; null if it is none.

    A cast takes a zone apart with regular expressions that it compiles for each value anew, which costs more than all
    the rest of it. So what nearly all texts end with, Z for UTC, is cut off before.
    """
    size = sf.octet_length(text)
    is_plain = size.isin(*_SIZES_IN_UTC) & text.endswith("Z")
    return sf.when(is_plain, sf.left(text, size - 1)).otherwise(text).cast("timestamp")


def first_broken(rules: Mapping[str, Column]) -> Column:
    """The name of the first rule whose condition does not hold; null if all do.

    Args:
        rules: what each rule's breach is called, and the condition that keeps it; one that is null is broken.
    """
    (name, kept), *others = rules.items()
    broken = sf.when(~sf.coalesce(kept, sf.lit(False)), name)
    for name, kept in others:
        broken = broken.when(~sf.coalesce(kept, sf.lit(False)), name)
    return broken
