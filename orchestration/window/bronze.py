"""What has arrived in bronze, and whether the catalog knows its partitions.

Bronze lies in folders by the hour of arrival (UTC), `<prefix>/dt=YYYY-MM-DD/hour=HH/`, and nothing there is ever
overwritten by a delivery: what is new can be told from S3's listing alone.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

PREFIXES = ("cdc/", "logs/")
# Firehose names a folder after the arrival of a buffer's oldest record, and tries for up to a day to deliver it:
# https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html#retry
LATEST_DELIVERY = timedelta(days=2)


@dataclasses.dataclass(frozen=True)
class Seen:
    """How far bronze has been looked at.

    Args:
        until: last modification of the newest object.
        keys: the objects that have exactly this time, because another one may still come with it.
        at: when it was looked at.
    """

    until: datetime
    keys: tuple[str, ...]
    at: datetime

    def has(self, found: "Arrived") -> bool:
        """Whether this object was there already."""
        return found.at < self.until or (found.at == self.until and found.key in self.keys)


@dataclasses.dataclass(frozen=True)
class Arrived:
    """One object of bronze."""

    key: str
    at: datetime

    @property
    def prefix(self) -> str:
        """`cdc/` or `logs/`."""
        return self.key.split("/", 1)[0] + "/"

    @property
    def partition(self) -> tuple[str, str]:
        """Day and hour of arrival, as in the object's key."""
        _, day, hour, *_ = self.key.split("/")
        return day.removeprefix("dt="), hour.removeprefix("hour=")


def arrived(
    s3: "S3Client", bucket: str, start: datetime | None = None, end: datetime | None = None
) -> Iterator[Arrived]:
    """The objects in the folders of a window's hours, none of the others.

    Args:
        s3: asks for the listing; its cost grows with the window, not with the history.
        bucket: of bronze.
        start: the hour of this instant is the first; None: no bound.
        end: the hour before or of this instant is the last; None: no bound.
    """
    first = start.strftime("%Y-%m-%d/%H") if start else ""
    last = (end - timedelta(microseconds=1)).strftime("%Y-%m-%d/%H") if end else "9999"
    for prefix in PREFIXES:
        after = f"{prefix}dt={first.replace('/', '/hour=')}" if first else prefix
        yield from itertools.takewhile(
            lambda found: "/".join(found.partition) <= last, _listed(s3, bucket, prefix, after)
        )


def _listed(s3: "S3Client", bucket: str, prefix: str, after: str) -> Iterator[Arrived]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}dt=", StartAfter=after)
    for page in pages:
        for item in page.get("Contents", []):
            yield Arrived(item["Key"], item["LastModified"])


def since(s3: "S3Client", bucket: str, seen: Seen | None) -> list[Arrived]:
    """The objects that have come since bronze was `seen`; all of them when it never was."""
    found = arrived(s3, bucket, seen.until - LATEST_DELIVERY if seen else None)
    return [item for item in found if seen is None or not seen.has(item)]


def look(before: Seen | None, new: Iterable[Arrived], now: datetime) -> Seen:
    """How far bronze has been seen, once `new` has been."""
    objects = list(new)
    until = max(
        [item.at for item in objects] + ([before.until] if before else []), default=datetime(1970, 1, 1, tzinfo=UTC)
    )
    keys = {item.key for item in objects if item.at == until}
    if before and before.until == until:
        keys |= set(before.keys)
    return Seen(until, tuple(sorted(keys)), now)


def uncatalogued(glue: "GlueClient", crawler: str, objects: Iterable[Arrived]) -> bool:
    """Whether `objects` lie in a partition that a crawl would add.

    Args:
        glue: asks what the crawler crawls and what the catalog has.
        crawler: the crawler of bronze; its tables are named after the folders that it crawls.
        objects: of bronze.
    """
    described = glue.get_crawler(Name=crawler)["Crawler"]
    crawled = {target["Path"].rstrip("/").rsplit("/", 1)[-1] + "/" for target in described["Targets"]["S3Targets"]}
    wanted: dict[str, set[tuple[str, str]]] = {}
    for item in objects:
        if item.prefix in crawled:
            wanted.setdefault(item.prefix.rstrip("/"), set()).add(item.partition)
    return any(
        bool(partitions - _known(glue, described["DatabaseName"], table, min(partitions)[0]))
        for table, partitions in wanted.items()
    )


def _known(glue: "GlueClient", database: str, table: str, first_day: str) -> set[tuple[str, str]]:
    pages: Any = glue.get_paginator("get_partitions")
    try:
        return {
            tuple(partition["Values"])
            for page in pages.paginate(DatabaseName=database, TableName=table, Expression=f"dt >= '{first_day}'")
            for partition in page["Partitions"]
        }
    except glue.exceptions.EntityNotFoundException:
        return set()
