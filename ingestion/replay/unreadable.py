"""Objects of bronze that the silver job could not read, put back among the new ones once they can be read.

The job moves such an object to `errors/unreadable/` and the key that it had. Whoever mends it writes the whole object
there again; this module then brings it to the folder of the current hour, where the next run of the pipeline finds it.
"""

import gzip
import pathlib
import time
import zlib
from collections.abc import Callable

from ingestion.bronze import Bronze
from ingestion.contract import FOLDERS, UNREADABLE
from ingestion.replay.run import SOURCE, Summary


def replay_unreadable(bronze: Bronze, seen: Callable[[int], None], *, dry_run: bool) -> Summary:
    """Take up the objects below `errors/unreadable/` that can be read.

    Args:
        bronze: the bucket.
        seen: called with how many objects more have been looked at.
        dry_run: move nothing.

    Returns:
        objects as `messages`, lines as `records`; `unresolved` by the object's key.

    Raises:
        botocore.exceptions.ClientError: a call failed; the object is still there.
    """
    summary = Summary()
    pages = bronze.client.get_paginator("list_objects_v2").paginate(Bucket=bronze.bucket, Prefix=UNREADABLE)
    for key in [one["Key"] for page in pages for one in page.get("Contents", [])]:
        summary.messages += 1
        body = bronze.client.get_object(Bucket=bronze.bucket, Key=key)["Body"].read()
        folder = next((one for one in FOLDERS if f"/{one}/dt=" in f"/{key.removeprefix(UNREADABLE)}"), None)
        try:
            lines = (gzip.decompress(body) if key.endswith(".gz") else body).count(b"\n")
            reason = "" if folder else "its key names no folder of bronze"
        except (OSError, EOFError, zlib.error):
            reason = "it still cannot be read: write the whole object to this key, or delete it to give it up"
        if reason:
            summary.unresolved[key] = reason
        else:
            summary.replayed += 1
            summary.records += lines
            if not dry_run:
                hour = time.strftime(f"{folder}/dt=%Y-%m-%d/hour=%H", time.gmtime())
                target = f"{hour}/{SOURCE}-{pathlib.PurePosixPath(key).name}"
                bronze.client.put_object(Bucket=bronze.bucket, Key=target, Body=body)
                bronze.client.delete_object(Bucket=bronze.bucket, Key=key)
        seen(1)
    return summary
