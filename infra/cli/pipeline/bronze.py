"""Whether bronze has objects of a window of arrival times, by the hour folders that delivery writes."""

import datetime as dt
from collections.abc import Iterator

import boto3

from infra.resource_names import bucket_name
from ingestion.contract import FOLDERS

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def has_objects(start: dt.datetime, end: dt.datetime) -> bool:
    """Whether an object arrived in the hours from `start` up to `end`; True when there is no bucket to look into.

    Args:
        start: UTC, first arrival.
        end: UTC, not included.

    Raises:
        botocore.exceptions.ClientError: S3 refused to list the bucket.
    """
    account = boto3.client("sts").get_caller_identity()["Account"]
    s3 = boto3.client("s3")
    bucket = bucket_name("bronze", account, s3.meta.region_name)
    try:
        return any(
            s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"] for prefix in folders(start, end)
        )
    except s3.exceptions.NoSuchBucket:
        return True


def folders(start: dt.datetime, end: dt.datetime) -> Iterator[str]:
    """The folders of a window: of whole days where it has them, else of hours."""
    moment = start.replace(minute=0, second=0, microsecond=0)
    while moment < end:
        whole_day = moment.hour == 0 and moment + DAY <= end
        for folder in FOLDERS:
            day = f"{folder}/dt={moment:%Y-%m-%d}/"
            yield day if whole_day else f"{day}hour={moment:%H}/"
        moment += DAY if whole_day else HOUR
