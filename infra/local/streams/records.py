"""The records of a table's stream: how they are read, and how they survive a restart."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
State = dict[str, Any]

# Lambda's synchronous payload limit, less room for the event around the records
PAYLOAD_BYTES = 6 * 1024 * 1024 - 64 * 1024
DAY_SECONDS = 24 * 60 * 60


class Pause:
    """The last time the account was down: it must age nothing, neither for retention nor for a mapping's record age.

    Args:
        began: when the account was stopped, seconds since the epoch.
        seconds: for how long.
    """

    began: float = 0.0
    seconds: float = 0.0


def created(record: Record) -> float:
    """Seconds since the epoch at which the change was committed; a whole second, as DynamoDB gives it."""
    return float(record["dynamodb"].get("ApproximateCreationDateTime") or time.time())


def age(record: Record) -> float:
    """Seconds for which the record has been waiting while the account was up."""
    return max(0.0, time.time() - created(record) - (Pause.seconds if created(record) <= Pause.began else 0.0))


def read(table_name: str, position: int, limit: int) -> tuple[int, list[Record]]:
    """Up to `limit` records from `position` on, no more than one invocation's payload takes.

    Returns:
        The position of the first record (later than `position` when records expired, earlier when the stream is shorter
        than that, which means that it was lost in a kill) and the records.
    """
    from ministack.services import dynamodb

    start, end = dynamodb.stream_start_position(table_name), dynamodb.stream_end_position(table_name)
    position = position if start <= position <= end else start
    found: list[Record] = []
    size = 0
    for record in dynamodb.stream_records_since(table_name, position, limit):
        size += len(json.dumps(record))
        if found and size > PAYLOAD_BYTES:
            break
        found.append(record)
    return position, found


def starting_position(table_name: str, mapping: dict[str, Any]) -> int:
    """Where a new mapping begins: TRIM_HORIZON or LATEST."""
    from ministack.services import dynamodb

    if mapping.get("StartingPosition") == "TRIM_HORIZON":
        return int(dynamodb.stream_start_position(table_name))
    return int(dynamodb.stream_end_position(table_name))


def saved(original: Callable[[], State]) -> State:
    """DynamoDB's state with the records of its streams."""
    from ministack.services import dynamodb

    return {
        **original(),
        "stream_records": copy.deepcopy(dynamodb._stream_records),
        "stream_trimmed": copy.deepcopy(dynamodb._stream_trimmed),
        "stopped_at": time.time(),
    }


def loaded(original: Callable[[State], None], data: State) -> None:
    """Restore what `saved` wrote."""
    from ministack.services import dynamodb

    original(data)
    dynamodb._stream_records.update(data.get("stream_records", {}))
    dynamodb._stream_trimmed.update(data.get("stream_trimmed", {}))
    Pause.began = float(data.get("stopped_at", 0.0))
    Pause.seconds = time.time() - Pause.began if Pause.began else 0.0
    dynamodb._STREAM_RETENTION_SECONDS = DAY_SECONDS + Pause.seconds
