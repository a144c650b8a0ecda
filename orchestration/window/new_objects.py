"""Which objects of bronze no successful run has read, and whether the catalog knows their partitions.

Nothing in bronze is overwritten by a delivery, so new objects are detected by listing the folders that can still
receive some, and once a day all the others. S3 dates an object to the start of its upload and lists it after the end:
the watermark names the objects of the last hour, and others that turn up with a date of that hour are new.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.bronze_objects import LATEST_DELIVERY, BronzeObject, list_days, list_objects
from orchestration.window.watermark import NEVER, Watermark

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

# longer than any upload takes
SETTLING = timedelta(hours=1)
# a delivery stream names a folder after the arrival of a buffer's oldest record, at most 15 minutes before it delivers
# https://docs.aws.amazon.com/firehose/latest/dev/create-configure-backup.html#buffering-hints
LONGEST_BUFFER = timedelta(minutes=15)
# a watermark carries the names and has to fit into a state's 256 KiB; without them objects are read twice: harmless
MAX_NAMES = 2000


def list_recent(s3: "S3Client", bronze: str, watermark: Watermark) -> list[BronzeObject]:
    """The objects in the folders that could have received any since the watermark.

    Args:
        s3: lists.
        bronze: `s3://bucket/`.
        watermark: of the last successful run.
    """
    return list(list_objects(s3, bronze, watermark.until - LATEST_DELIVERY))


def list_late(s3: "S3Client", bronze: str, watermark: Watermark, now: datetime) -> list[BronzeObject]:
    """The objects that have come since the last inventory to folders that should receive nothing any more.

    A copy by hand, a restored backup: all of bronze is listed for them, a thousand objects by each call, so this is
    done once a day.

    Args:
        s3: lists.
        bronze: `s3://bucket/`.
        watermark: of the last successful run.
        now: this instant.
    """
    if watermark.inventoried_at.date() == now.date():
        return []
    since, end = watermark.inventoried_at - SETTLING, watermark.until - LATEST_DELIVERY
    older = list_objects(s3, bronze, end=end.replace(minute=0, second=0, microsecond=0))
    return [item for item in older if item.modified_at >= since]


def is_new(item: BronzeObject, watermark: Watermark) -> bool:
    """Whether an object has come since the watermark."""
    return item.modified_at >= watermark.until - SETTLING and item.fingerprint not in watermark.names


def first_unread_folder(listed_at: datetime | None) -> str:
    """Day and hour (`YYYY-MM-DD HH`) of the first folder that may hold changes which silver does not.

    An hour more than a buffer lasts is left for clocks and retries. What a delivery stream retries for longer is not in
    live figures until the next run.

    Args:
        listed_at: when bronze was listed for the run that filled silver; None: before anything had come.
    """
    return f"{listed_at - LONGEST_BUFFER - SETTLING:%Y-%m-%d %H}" if listed_at else "1970-01-01 00"


def list_all(s3: "S3Client", bronze: str, now: datetime) -> tuple[list[tuple[str, str]], list[BronzeObject]]:
    """All of bronze: the folders of days that can receive nothing any more, and the objects of those that can.

    Args:
        s3: lists.
        bronze: `s3://bucket/`.
        now: this instant.
    """
    recent = (now - LATEST_DELIVERY).replace(hour=0, minute=0, second=0, microsecond=0)
    return list(list_days(s3, bronze, before=recent)), list(list_objects(s3, bronze, recent))


def advance(before: Watermark | None, listed: Iterable[BronzeObject], now: datetime, built_at: datetime) -> Watermark:
    """The watermark of a run that has read everything listed; the first one of a day has listed all folders.

    Args:
        before: the watermark of the run before; None: there was none.
        listed: the objects in the folders that can still receive any, new or not.
        now: when they were listed.
        built_at: when all of gold was last built.
    """
    objects = list(listed)
    until = max((item.modified_at for item in objects), default=before.until if before else NEVER)
    names = frozenset(item.fingerprint for item in objects if item.modified_at >= until - SETTLING)
    inventoried_at = before.inventoried_at if before and before.inventoried_at.date() == now.date() else now
    return Watermark(until, names if len(names) <= MAX_NAMES else frozenset(), now, built_at, inventoried_at)


def needs_crawl(
    glue: "GlueClient", crawler: str, objects: Iterable[BronzeObject], least_interval: timedelta, now: datetime
) -> bool:
    """Whether `objects` lie in a partition that a crawl would add, and the last good crawl is long enough ago.

    Args:
        glue: knows what the crawler crawls and what the catalog has.
        crawler: the crawler of bronze; its tables are named after the folders that it crawls.
        objects: of bronze.
        least_interval: between the starts of two crawls.
        now: this instant.
    """
    described = glue.get_crawler(Name=crawler)["Crawler"]
    last = described.get("LastCrawl") or {}
    if last.get("Status") == "SUCCEEDED" and now - last["StartTime"] < least_interval:
        return False
    crawled = {target["Path"].rstrip("/").rsplit("/", 1)[-1] for target in described["Targets"]["S3Targets"]}
    partitions: dict[str, set[tuple[str, str]]] = {}
    for item in objects:
        if item.folder in crawled:
            partitions.setdefault(item.folder, set()).add(item.partition)
    return any(
        bool(found - _catalogued(glue, described["DatabaseName"], table, min(found)[0]))
        for table, found in partitions.items()
    )


def _catalogued(glue: "GlueClient", database: str, table: str, first_day: str) -> set[tuple[str, str]]:
    pages: Any = glue.get_paginator("get_partitions")
    try:
        return {
            tuple(partition["Values"])
            for page in pages.paginate(DatabaseName=database, TableName=table, Expression=f"dt >= '{first_day}'")
            for partition in page["Partitions"]
        }
    except glue.exceptions.EntityNotFoundException:
        return set()
