"""Request logs that the delivery stream could not transform, transformed again and written to bronze.

Firehose keeps such a record as it came, base64-encoded in a line of JSON below the error prefix
(https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html).
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable

from ingestion.bronze import Bronze
from ingestion.contract import REQUESTS, UNDELIVERED_REQUESTS
from ingestion.logs.transform import BadDocumentError, extract
from ingestion.replay.run import SOURCE, Summary

GZIP_MAGIC = b"\x1f\x8b"


def replay_logs(bronze: Bronze, seen: Callable[[int], None], *, dry_run: bool) -> Summary:
    """Deliver the request logs below `errors/logs/`.

    An object goes when all of its records are in bronze; one with records that cannot be transformed keeps those.
    A replay that is killed repeats an object, whose requests silver merges by their id.

    Args:
        bronze: the bucket.
        seen: called with how many objects more have been looked at.
        dry_run: write and delete nothing.

    Returns:
        objects as `messages`, lines as `records`; `unresolved` by the object's key.

    Raises:
        botocore.exceptions.ClientError: a call failed; the object is still there.
    """
    summary = Summary()
    pages = bronze.client.get_paginator("list_objects_v2").paginate(Bucket=bronze.bucket, Prefix=UNDELIVERED_REQUESTS)
    for key in [one["Key"] for page in pages for one in page.get("Contents", [])]:
        summary.messages += 1
        lines, left, reason = _transform(bronze.client.get_object(Bucket=bronze.bucket, Key=key)["Body"].read())
        summary.records += sum(line.count(b"\n") for line in lines)
        if left:
            summary.unresolved[key] = reason
        else:
            summary.replayed += 1
        if not dry_run:
            if lines:
                bronze.write(SOURCE, lines, REQUESTS)
            if not left:
                bronze.client.delete_object(Bucket=bronze.bucket, Key=key)
            elif lines:
                bronze.client.put_object(Bucket=bronze.bucket, Key=key, Body=gzip.compress(b"\n".join(left)))
        seen(1)
    return summary


def _transform(body: bytes) -> tuple[list[bytes], list[bytes], str]:
    """The lines for bronze, the records that have none, and why."""
    lines: list[bytes] = []
    left: list[bytes] = []
    reason = ""
    try:
        text = gzip.decompress(body) if body.startswith(GZIP_MAGIC) else body
    except (OSError, EOFError, zlib.error):
        return [], [body], "not a whole gzip file"
    for record in filter(None, text.splitlines()):
        try:
            lines.append(extract(base64.b64decode(json.loads(record)["rawData"], validate=True)).lines)
        except (ValueError, KeyError, TypeError) as error:
            left.append(record)
            reason = str(error) if isinstance(error, BadDocumentError) else "no record of a delivery stream"
    return [one for one in lines if one], left, reason
