"""Lines to a Firehose delivery stream, in order, in as few calls as its limits allow.

PutRecordBatch takes up to 500 records and 4 MiB a call, and answers 200 even if it refused some of them
(https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html): only the refused ones are sent
again.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_firehose import FirehoseClient

MAX_RECORDS = 500
MAX_BYTES = 4 * 1024 * 1024
ATTEMPTS = 5
# a call that the service was too busy for refuses all of its records
BUSY = frozenset({"ServiceUnavailableException", "ThrottlingException"})
FIRST_PAUSE_SECONDS = 0.1


def deliver(
    client: "FirehoseClient", stream: str, lines: Sequence[bytes], sleep: Callable[[float], None] = time.sleep
) -> int:
    """Put `lines` into a delivery stream.

    Args:
        client: a Firehose client.
        stream: the delivery stream's name.
        lines: what to put; each no longer than the service takes.
        sleep: waits so many seconds.

    Returns:
        how many lines, counted from the first, were accepted without a gap: the length of `lines` if all were. After
        a refusal that outlasted every attempt, later lines are not tried, since the caller repeats them anyway.

    Raises:
        botocore.exceptions.ClientError: a call failed as a whole, and not because the service was busy.
    """
    for start, end in chunks(lines):
        refused = _put(client, stream, lines[start:end], sleep)
        if refused:
            return start + refused[0]
    return len(lines)


def chunks(lines: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Consecutive (start, end) sections of `lines`, each within the limits of one call."""
    start = size = 0
    for index, line in enumerate(lines):
        if index - start == MAX_RECORDS or size + len(line) > MAX_BYTES:
            yield start, index
            start, size = index, 0
        size += len(line)
    if lines:
        yield start, len(lines)


def _put(client: "FirehoseClient", stream: str, lines: Sequence[bytes], sleep: Callable[[float], None]) -> list[int]:
    """Put one chunk; the indexes of the lines that were still refused at the last attempt, in order."""
    pending = list(range(len(lines)))
    for attempt in range(ATTEMPTS):
        if attempt:
            # full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
            sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - nobody gains by guessing it
        try:
            reply = client.put_record_batch(DeliveryStreamName=stream, Records=[{"Data": lines[i]} for i in pending])
        except ClientError as error:
            if error.response["Error"]["Code"] not in BUSY:
                raise
            continue
        if not reply["FailedPutCount"]:
            return []
        outcomes = zip(pending, reply["RequestResponses"], strict=True)
        pending = [index for index, outcome in outcomes if outcome.get("ErrorCode")]
    return pending
