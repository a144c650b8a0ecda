"""Which objects of bronze a run reads: those of a window of arrival time, or those that no run has read yet.

Bronze lies in folders by the hour of arrival (UTC): `dt=YYYY-MM-DD/hour=HH/`. What there is is asked of S3, so that the
cost of a run does not grow with the history, and a folder that is missing is empty and not an error.

An hour's folder still gets objects after the hour: delivery is buffered, and repeated for a day when S3 does not
answer (https://docs.aws.amazon.com/firehose/latest/dev/retry.html). So what is new is told by when S3 took an object
and not by its folder. A run's commit keeps that time (`Mark`), and the names of what was taken shortly before: an
object becomes visible after the time that S3 notes for it, a large one minutes after, and must not fall between two
runs.
"""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR_SECONDS = 3600
# longer than S3 takes to show an object that it has dated
SETTLING = timedelta(hours=1)
# longer than capture (12 h) and delivery (24 h) go on trying, together
LATEST_DELIVERY = timedelta(days=3)
# of names in a commit; beyond, objects are read twice rather than a table's metadata grow: merging again is harmless
NAMES_MOST = 2000


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

    @property
    def is_bounded(self) -> bool:
        """Whether anything may lie outside."""
        return bool(self.start or self.end)

    def holds(self, hour: str) -> bool:
        """Whether an hour, as `YYYY-MM-DDTHH`, is in the window."""
        return (self.start is None or self.start <= hour) and (self.end is None or hour < self.end)

    def holds_part_of(self, day: str) -> bool:
        """Whether any hour of `day` (YYYY-MM-DD) may be in the window."""
        return (self.start is None or self.start[:10] <= day) and (self.end is None or f"{day}T00" < self.end)

    def holds_all_of(self, day: str) -> bool:
        """Whether every hour of `day` (YYYY-MM-DD) is in the window."""
        return self.holds(f"{day}T00") and self.holds(f"{day}T23")


@dataclasses.dataclass(frozen=True)
class Mark:
    """How far bronze has been read.

    Args:
        until: S3's time before the objects were listed.
        names: of the objects that were read and that S3 dates to less than `SETTLING` before `until`, hashed.
    """

    until: datetime
    names: frozenset[str] = frozenset()

    def properties(self) -> dict[str, str]:
        """The mark as properties of a snapshot."""
        return {"silver.read-until": rfc3339(self.until), "silver.read-objects": ",".join(sorted(self.names))}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Self | None:
        """The mark in a snapshot's properties; None if there is none."""
        until = properties.get("silver.read-until")
        names = properties.get("silver.read-objects") or ""
        return cls(datetime.fromisoformat(until), frozenset(filter(None, names.split(",")))) if until else None


@dataclasses.dataclass(frozen=True)
class Arrivals:
    """What a run reads.

    Args:
        paths: for each folder of bronze that was asked for, objects, and folders to be read whole, as `s3://…`.
        start: of the window, RFC 3339; None: no bound.
        end: likewise.
        mark: for the run's commit; None if the run says nothing of what other runs have still to read.
    """

    paths: Mapping[str, list[str]]
    start: str | None
    end: str | None
    mark: Mark | None


def of_window(s3: "S3Client", folders: Sequence[str], window: Window) -> Arrivals:
    """What arrived in whole hours.

    Args:
        s3: asks which days there are.
        folders: `s3://bucket/prefix/`, each holding `dt=` folders.
        window: the hours.
    """
    paths = {folder: list(_folders(s3, folder, window)) for folder in folders}
    start, end = (f"{hour}:00:00Z" if hour else None for hour in (window.start, window.end))
    return Arrivals(paths, start, end, mark=None)


def since(s3: "S3Client", folders: Sequence[str], mark: Mark | None) -> Arrivals:
    """What no run has read.

    Args:
        s3: lists the objects.
        folders: `s3://bucket/prefix/`, each holding `dt=` folders.
        mark: of the last run; None: nothing has been read.
    """
    until = _now(s3, folders[0])
    settled = until - SETTLING
    earliest = mark.until - SETTLING if mark else settled
    paths: dict[str, list[str]] = {}
    names: set[str] = set()
    for folder in folders:
        # listed before whole folders are: what is named must have been read
        taken = list(_taken_since(s3, folder, earliest))
        names.update(name for name, _, moment in taken if moment >= settled)
        if mark:
            paths[folder] = [path for name, path, _ in taken if name not in mark.names]
        else:
            paths[folder] = list(_folders(s3, folder, Window()))
    start = rfc3339(mark.until) if mark else None
    kept = frozenset(names) if len(names) <= NAMES_MOST else frozenset()
    return Arrivals(paths, start, rfc3339(until), Mark(until, kept))


def rfc3339(moment: datetime) -> str:
    """A point in time in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _taken_since(s3: "S3Client", folder: str, earliest: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Objects that S3 dates to `earliest` or later: a hash of name and content, the path, the date."""
    bucket, prefix = _split(folder)
    day = (earliest - LATEST_DELIVERY).strftime("%Y-%m-%d")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{prefix}dt=", StartAfter=f"{prefix}dt={day}"
    )
    for page in pages:
        for found in page.get("Contents", []):
            if found["LastModified"] >= earliest:
                name = hashlib.sha256(f"{bucket}/{found['Key']} {found['ETag']}".encode()).hexdigest()[:16]
                yield name, f"s3://{bucket}/{found['Key']}", found["LastModified"]


def _folders(s3: "S3Client", folder: str, window: Window) -> Iterator[str]:
    """The folders that hold a window's hours, days as a whole where all their hours are in it."""
    for day in _children(s3, f"{folder}dt="):
        if window.holds_all_of(day):
            yield f"{folder}dt={day}/"
        elif window.holds_part_of(day):
            path = f"{folder}dt={day}/hour="
            yield from (f"{path}{hour}/" for hour in _children(s3, path) if window.holds(f"{day}T{hour}"))


def _children(s3: "S3Client", start: str) -> list[str]:
    """What follows `start` in the names of folders, up to their slash."""
    bucket, prefix = _split(start)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    found = [folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", [])]
    return [name.removeprefix(prefix).rstrip("/") for name in found]


def _now(s3: "S3Client", folder: str) -> datetime:
    # S3's own clock: it dates the objects
    bucket, prefix = _split(folder)
    answer = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    date: str = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    return parsedate_to_datetime(date)


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _hour(text: str, rounded: Callable[[float], int]) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = rounded(moment.timestamp() / HOUR_SECONDS) * HOUR_SECONDS
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H")
