"""Which records of a batch that Lambda discarded are about a user who is to be erased.

The batch is one line of bronze about many users: what goes is the record, not the line.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ingestion.discarded import DiscardedBatch, digest_record
from transforms.silver.traces import Trace, mentions

# less than that of any change
NO_VERSION = -1


def read(line: str) -> DiscardedBatch | None:
    """The batch that a line of bronze is; None if it is none."""
    if '"DDBStreamBatchInfo"' not in line:
        return None
    try:
        return DiscardedBatch.parse(line)
    except ValueError:
        return None


def find_traces(batch: DiscardedBatch, users: Iterable[str]) -> Iterator[tuple[str, Trace]]:
    """The digests of the records that name users, and what they say.

    A removal has arrived if it is here. Nothing is to be waited for because of another record: a replay leaves out
    whoever was erased.

    Args:
        batch: it.
        users: their identifiers.
    """
    names = list(users)
    for record in batch.records:
        trace = _trace(record, names)
        if trace:
            yield digest_record(record), trace


def _trace(record: dict[str, Any], users: Collection[str]) -> Trace | None:
    try:
        change = record["dynamodb"]
        removed = "NewImage" not in change
        image = change["OldImage" if removed else "NewImage"]
        owners = {change["Keys"]["PK"]["S"].partition("#")[2], image.get("user_id", {}).get("S")}
        user_id = next((one for one in users if one in owners), None)
        if user_id is None:
            return None
        item = str(image.get("id", {"S": user_id})["S"]), str(image["created_at"]["S"])
        version = int(image.get("version", {"N": "0"})["N"]) + 1 if removed else NO_VERSION
    except (KeyError, TypeError, ValueError, AttributeError):  # no record of the table's: its words have to do
        text = json.dumps(record)
        return next((Trace(one) for one in users if mentions(one, text)), None)
    return Trace(user_id, item, version, is_removal=True)
