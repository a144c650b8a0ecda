"""Where bronze keeps its objects, how they are listed, and the manifest that names the ones that a run is to read.

Bronze lies in folders by the hour of arrival (UTC): `cdc/dt=YYYY-MM-DD/hour=HH/` and `logs/dt=YYYY-MM-DD/hour=HH/`. The
pipeline decides which objects are new and names them in a manifest; the silver job reads what a manifest names. Both
import this module, which needs only Python and ingestion's contract, so that a window means the same objects to both.
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from ingestion.contract import FOLDERS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Firehose names a folder after the arrival of a buffer's oldest record, and tries for up to a day to deliver it:
# https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html#retry
LATEST_DELIVERY = timedelta(days=2)


@dataclasses.dataclass(frozen=True)
class BronzeObject:
    """One object of bronze.

    Args:
        bucket: its bucket.
        folder: `cdc` or `logs`.
        partition: day (`YYYY-MM-DD`) and hour (`HH`) of arrival, as in the key.
        key: its key.
        modified_at: when S3 took it.
    """

    bucket: str
    folder: str
    partition: tuple[str, str]
    key: str
    modified_at: datetime

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def fingerprint(self) -> str:
        """Key and date in 16 characters: an object that somebody has written anew is another one."""
        return hashlib.sha256(f"{self.key} {self.modified_at.isoformat()}".encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The objects that one run of the silver job reads.

    Args:
        paths: `cdc` and `logs` -> URIs of objects, and of folders (they end with a slash) that are read whole.
        start: first instant of arrival that was asked for, RFC 3339; None: no bound.
        end: first instant that was not; None: no bound.
    """

    paths: Mapping[str, list[str]]
    start: str | None = None
    end: str | None = None

    @classmethod
    def of(
        cls,
        objects: Iterable[BronzeObject],
        days: Iterable[tuple[str, str]] = (),
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Self:
        """The manifest of some objects, and of days that are read whole.

        Args:
            objects: single objects.
            days: `cdc` or `logs`, and the URI of a day's folder.
            start: of the window; None: no bound.
            end: of the window; None: no bound.
        """
        paths: dict[str, list[str]] = {folder: [] for folder in FOLDERS}
        for folder, uri in days:
            paths[folder].append(uri)
        for found in objects:
            paths[found.folder].append(found.uri)
        return cls(paths, rfc3339(start), rfc3339(end))

    @classmethod
    def read(cls, s3: "S3Client", uri: str) -> Self:
        """The manifest at `uri`, `s3://bucket/key`.

        Raises:
            botocore.exceptions.ClientError: there is none, or it may not be read.
        """
        bucket, key = split(uri)
        document: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return cls({folder: document[folder] for folder in FOLDERS}, document["from"], document["to"])

    def write(self, s3: "S3Client", uri: str) -> None:
        """Write the manifest to `uri`, `s3://bucket/key`; one that is there is replaced."""
        bucket, key = split(uri)
        body = json.dumps({"from": self.start, "to": self.end, **self.paths}).encode()
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    def __len__(self) -> int:
        """How many objects and folders it names."""
        return sum(map(len, self.paths.values()))


def list_objects(
    s3: "S3Client", bronze: str, start: datetime | None = None, end: datetime | None = None
) -> Iterator[BronzeObject]:
    """The objects in the folders of a window's hours; the cost grows with the window, not with the history.

    Args:
        s3: lists.
        bronze: `s3://bucket/` or `s3://bucket/prefix/`.
        start: the hour of this instant is the first; None: no bound.
        end: the hour before or of this instant is the last; None: no bound.
    """
    bucket, root = split(bronze)
    first = start.astimezone(UTC).strftime("dt=%Y-%m-%d/hour=%H") if start else "dt="
    last = (end - timedelta(microseconds=1)).astimezone(UTC).strftime("%Y-%m-%d %H") if end else "9999"
    for folder in FOLDERS:
        prefix = f"{root}{folder}/"
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=f"{prefix}dt=", StartAfter=f"{prefix}{first}"
        )
        found = (_object(bucket, folder, prefix, item) for page in pages for item in page.get("Contents", []))
        yield from itertools.takewhile(lambda one: " ".join(one.partition) <= last, found)


def list_days(s3: "S3Client", bronze: str, before: datetime | None = None) -> Iterator[tuple[str, str]]:
    """`cdc` or `logs`, and the URI of each day's folder.

    Args:
        s3: lists.
        bronze: as for `list_objects`.
        before: days from this instant's day on are left out; None: none is.
    """
    bucket, root = split(bronze)
    last = before.astimezone(UTC).strftime("%Y-%m-%d") if before else "9999"
    for folder in FOLDERS:
        prefix = f"{root}{folder}/dt="
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        for found in (found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])):
            if found.removeprefix(prefix).rstrip("/") < last:
                yield folder, f"s3://{bucket}/{found}"


def split(uri: str) -> tuple[str, str]:
    """Bucket, and key or prefix, of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def rfc3339(moment: datetime | None) -> str | None:
    """A point in time in UTC, to the second; None for None."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _object(bucket: str, folder: str, prefix: str, item: Any) -> BronzeObject:
    day, hour, *_ = item["Key"].removeprefix(prefix).split("/")
    partition = (day.removeprefix("dt="), hour.removeprefix("hour="))
    return BronzeObject(bucket, folder, partition, item["Key"], item["LastModified"])
