"""Bronze's envelopes of a window of arrival time.

Bronze lies in folders by the hour of arrival (UTC): `dt=YYYY-MM-DD/hour=HH/`. Which days exist is asked of S3, so that
the cost of a window does not grow with the history, and an empty bronze is an empty window and not an error.
"""

import dataclasses
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from transforms.silver.envelope import ENVELOPE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR_SECONDS = 3600


@dataclasses.dataclass(frozen=True)
class Window:
    """Whole hours of arrival, each as `YYYY-MM-DDTHH`, from `start` up to but without `end`; None: no bound."""

    start: str | None = None
    end: str | None = None

    @classmethod
    def between(cls, start: str | None, end: str | None) -> Self:
        """The smallest window of whole hours that holds all arrivals from `start` until before `end`.

        Args:
            start: ISO 8601 date or time, UTC unless it says otherwise; None or empty: no bound.
            end: likewise.

        Raises:
            ValueError: not ISO 8601.
        """
        return cls(_hour(start, math.floor) if start else None, _hour(end, math.ceil) if end else None)

    def holds_part_of(self, day: str) -> bool:
        """Whether any hour of `day` (YYYY-MM-DD) may be in the window."""
        return (self.start is None or self.start[:10] <= day) and (self.end is None or f"{day}T00" < self.end)


def envelopes(spark: SparkSession, s3: "S3Client", bronze: str, window: Window) -> DataFrame:
    """The envelopes that arrived in `window`.

    Args:
        spark: the session to read with.
        s3: asks which days there are.
        bronze: `s3://bucket/prefix/`, the folder that holds the `dt=` folders.
    """
    days = [day for day in _days(s3, bronze) if window.holds_part_of(day)]
    if not days:
        return spark.range(0).select(*(sf.lit(None).cast(f.dataType).alias(f.name) for f in ENVELOPE))
    folders = [f"{bronze}dt={day}/" for day in days]
    read = spark.read.schema(ENVELOPE).option("basePath", bronze).json(folders)
    arrival = sf.concat_ws("T", "dt", "hour")
    if window.start:
        read = read.where(arrival >= window.start)
    if window.end:
        read = read.where(arrival < window.end)
    return read


def _days(s3: "S3Client", bronze: str) -> list[str]:
    bucket, _, prefix = bronze.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}dt=", Delimiter="/")
    folders = [folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", [])]
    return [folder.removeprefix(f"{prefix}dt=").rstrip("/") for folder in folders]


def _hour(text: str, rounded: Callable[[float], int]) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = rounded(moment.timestamp() / HOUR_SECONDS) * HOUR_SECONDS
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H")
