"""Objects in S3 as Iceberg leaves them: which ones a table still reaches, and deleting the others, old versions too."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# "The request can contain a list of up to 1,000 keys": https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
KEYS_PER_DELETE = 1000


def find_reachable_files(spark: SparkSession, table: str) -> set[str]:
    """The URIs of everything that any snapshot of a table leads to, its metadata included.

    Args:
        spark: the session.
        table: with catalog and database.
    """
    metadata = (
        ("all_files", "file_path"),
        ("all_manifests", "path"),
        ("snapshots", "manifest_list"),
        ("metadata_log_entries", "file"),
    )
    found: set[str] = set()
    for name, column in metadata:
        found.update(row[0] for row in spark.table(f"{table}.{name}").select(column).distinct().collect())
    return found


def list_objects(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Any]:
    """What lies below a prefix, as ListObjectsV2 describes it."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def list_noncurrent_versions(s3: "S3Client", bucket: str, prefix: str) -> Iterator[tuple[str, str, bool]]:
    """Versions below a prefix that are not an object any more: key, version, and whether there is content behind it.

    A bucket without versions has none.
    """
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for version in page.get("Versions", []):
            if not version["IsLatest"]:
                yield version["Key"], version["VersionId"], True
        for marker in page.get("DeleteMarkers", []):
            yield marker["Key"], marker["VersionId"], False


def delete_objects(s3: "S3Client", bucket: str, found: Iterable[tuple[str, str | None]]) -> int:
    """Delete objects, or versions of them; how many.

    Args:
        s3: the client.
        bucket: its name.
        found: keys, each with a version for good, or with None.

    Raises:
        RuntimeError: S3 refused some; it names the first one.
    """
    named: list[Any] = [{"Key": key, **({"VersionId": version} if version else {})} for key, version in found]
    for start in range(0, len(named), KEYS_PER_DELETE):
        batch = named[start : start + KEYS_PER_DELETE]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for error in answer.get("Errors", []):
            raise RuntimeError(f"S3 did not delete {error.get('Key')}: {error.get('Code')} {error.get('Message')}")
    return len(named)


def delete_orphan_files(s3: "S3Client", bucket: str, prefix: str, kept: set[str], before: datetime) -> int:
    """Delete what lies below a prefix, is not kept, and was written before a time; how many objects.

    Args:
        s3: the client.
        bucket: its name.
        prefix: a folder that holds tables' files and nothing else.
        kept: URIs.
        before: what is younger may belong to a commit that is being made.
    """
    return delete_objects(
        s3,
        bucket,
        [
            (found["Key"], None)
            for found in list_objects(s3, bucket, prefix)
            if f"s3://{bucket}/{found['Key']}" not in kept and found["LastModified"] < before
        ],
    )
