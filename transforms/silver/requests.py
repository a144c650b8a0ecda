"""The API's request logs, log line v1 of bronze: which lines keep the contract, and the rows of `api_requests`."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.sql.types import BooleanType, DoubleType, LongType, StringType, StructField, StructType

from ingestion.contract import SCHEMA_VERSION
from transforms.silver import rejects
from transforms.silver.contract import API_REQUESTS
from transforms.silver.latest import keep_newest
from transforms.silver.lines import MALFORMED, first_broken, instant

REQUEST = StructType(
    [
        StructField("schema_version", LongType()),
        StructField("request_id", StringType()),
        StructField("occurred_at", StringType()),
        StructField("method", StringType()),
        StructField("route", StringType()),
        StructField("status_code", LongType()),
        StructField("duration_ms", DoubleType()),
        StructField("user_hash", StringType()),
        StructField("cold_start", BooleanType()),
        StructField("idempotent_replay", BooleanType()),
    ]
)


def reason() -> Column:
    """The first rule that a log line breaks; null if it breaks none."""
    required = [c.name for c in API_REQUESTS.content_columns() if not c.nullable and c.name != "occurred_at"]
    return first_broken(
        {
            MALFORMED: sf.col("is_well_formed"),
            f"schema_version is not {SCHEMA_VERSION}": sf.col("schema_version") == SCHEMA_VERSION,
            "occurred_at is no time": instant(sf.col("occurred_at")).isNotNull(),
            **{f"{name} is missing": sf.col(name).isNotNull() for name in required},
        }
    )


def redacted_payload() -> Column:
    """All that silver reads of a log line, JSON; users write nothing in it."""
    return sf.to_json(sf.struct(*REQUEST.names))


def checked(lines: DataFrame) -> DataFrame:
    """Lines of request logs, with what each breaks and what `rejects` says of it."""
    return lines.select(*REQUEST.names, *rejects.columns(reason(), redacted_payload()))


def api_requests(lines: DataFrame) -> DataFrame:
    """Rows of `api_requests`, one per request.

    Args:
        lines: as `checked` gives them.
    """
    others = [name for name in API_REQUESTS.content_names() if name != "occurred_at"]
    valid = lines.where("reason is null").select(*others, instant(sf.col("occurred_at")).alias("occurred_at"))
    return keep_newest(valid, API_REQUESTS).select(*API_REQUESTS.content_names())
