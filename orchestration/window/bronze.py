"""What has arrived in bronze, and whether the catalog knows its partitions.

Bronze lies in folders by the hour of arrival (UTC), `<prefix>/dt=YYYY-MM-DD/hour=HH/`, and nothing there is ever
overwritten by a delivery: what is new can be told from S3's listing alone.
"""

import dataclasses
import hashlib
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
# S3 dates an object to the start of its upload and lists it after the end: longer than any upload takes
SETTLING = timedelta(hours=1)
# a plan carries the names and has to fit into a state's 256 KiB; without them a run is made that may find nothing new
NAMES_MOST = 2000
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Seen:
    """How far bronze has been looked at.

    Args:
        until: S3's date of the newest object.
        names: of the objects that S3 dates to the last `SETTLING` before; others of that time may still turn up.
        at: when it was looked at.
    """

    until: datetime
    names: frozenset[str]
    at: datetime

    def has(self, found: "Arrived") -> bool:
        """Whether this object was there already."""
        return found.at < self.until - SETTLING or found.name in self.names


@dataclasses.dataclass(frozen=True)
class Arrived:
    """One object of bronze."""

    key: str
    at: datetime

    @property
    def name(self) -> str:
        """Key and date in 16 characters: an object that somebody has written anew is another one."""
        return hashlib.sha256(f"{self.key} {self.at.isoformat()}".encode()).hexdigest()[:16]

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


def since(s3: "S3Client", bucket: str, seen: Seen | None, now: datetime) -> tuple[list[Arrived], Seen]:
    """The objects that have come since bronze was `seen`, all of them when it never was; and how far it is seen now."""
    found = list(arrived(s3, bucket, seen.until - LATEST_DELIVERY if seen else None))
    until = max((item.at for item in found), default=seen.until if seen else NEVER)
    names = frozenset(item.name for item in found if item.at >= until - SETTLING)
    looked = Seen(until, names if len(names) <= NAMES_MOST else frozenset(), now)
    return [item for item in found if seen is None or not seen.has(item)], looked


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
