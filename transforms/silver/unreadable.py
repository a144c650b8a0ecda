"""Objects of bronze that cannot be read: found by name, and taken out of the way of every later run.

A truncated object would fail the job, each redrive of it, and the crawler. It is moved below `errors/unreadable/` with
the reason in its metadata; `insights replay --queue unreadable` takes it up again when it has been mended.
"""

import concurrent.futures
import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ingestion.bronze_objects import split
from ingestion.contract import UNREADABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 20
READERS = 16
GONE = "it was deleted after the run had listed it"


def find_unreadable(s3: "S3Client", uris: Iterable[str]) -> dict[str, str]:
    """Which of some objects cannot be read, and why.

    Args:
        s3: reads each of them.
        uris: of objects, and of folders (they end with a slash), of which all objects are read.

    Raises:
        botocore.exceptions.ClientError: the role may not read one, or S3 does not answer: the object is not at fault.
    """
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        objects = list(_objects(s3, uris))
        reasons = readers.map(lambda uri: _reason(s3, uri), objects)
        return {uri: reason for uri, reason in zip(objects, reasons, strict=True) if reason}


def quarantine(s3: "S3Client", uri: str, reason: str) -> None:
    """Move an object below `errors/unreadable/`, if it is there."""
    if reason == GONE:
        return
    bucket, key = split(uri)
    s3.copy_object(
        Bucket=bucket,
        Key=f"{UNREADABLE}{key}",
        CopySource={"Bucket": bucket, "Key": key},
        Metadata={"reason": reason},
        MetadataDirective="REPLACE",
    )
    s3.delete_object(Bucket=bucket, Key=key)


def readable_part(body: bytes) -> bytes:
    """What can be read of an object: of a truncated one all up to the place where it ends."""
    if not body.startswith(GZIP_MAGIC):
        return body
    found = b""
    while body.startswith(GZIP_MAGIC):
        reader = zlib.decompressobj(wbits=31)
        try:
            found += reader.decompress(body)
        except zlib.error:
            break
        body = reader.unused_data
    return found


def _objects(s3: "S3Client", uris: Iterable[str]) -> Iterator[str]:
    for uri in uris:
        if not uri.endswith("/"):
            yield uri
            continue
        bucket, prefix = split(uri)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (f"s3://{bucket}/{found['Key']}" for found in page.get("Contents", []))


def _reason(s3: "S3Client", uri: str) -> str:
    """Why an object cannot be read; empty if it can."""
    bucket, key = split(uri)
    try:
        body: Any = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except s3.exceptions.NoSuchKey:
        return GONE
    if not key.endswith(".gz"):
        return ""
    try:
        with gzip.GzipFile(fileobj=body) as unpacked:
            while unpacked.read(CHUNK):
                pass
    except EOFError:
        return "it is truncated"
    except (OSError, zlib.error) as error:
        return f"it is no whole gzip file: {error}"
    return ""
