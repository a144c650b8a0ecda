"""What the queues of change capture hold: records in quarantine, and what Lambda says about batches it gave up.

Lambda's messages name the shard and the sequence numbers of a batch and hold none of its records
(https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).
"""

import dataclasses
import json
from typing import Any

from ingestion.cdc.quarantine import MESSAGE_VERSION, Quarantined


class UnknownMessageError(ValueError):
    """The message is none that change capture sends."""


@dataclasses.dataclass(frozen=True)
class Gap:
    """Records of a stream that the function failed on.

    Args:
        stream_arn: the table's stream.
        shard_id: the shard.
        start: sequence number of the first record.
        end: sequence number of the last one.
    """

    stream_arn: str
    shard_id: str
    start: str
    end: str


def parse(body: str) -> Gap | Quarantined:
    """What a message is about.

    Raises:
        UnknownMessageError: it is of neither kind.
    """
    try:
        message: Any = json.loads(body)
        if message.get("quarantine_version") == MESSAGE_VERSION:
            missing = Quarantined.__annotations__.keys() - message.keys()
            if missing:
                raise UnknownMessageError(f"a quarantine message without {', '.join(sorted(missing))}")
            quarantined: Quarantined = message
            return quarantined
        batch = message["DDBStreamBatchInfo"]
        return Gap(
            stream_arn=str(batch["streamArn"]),
            shard_id=str(batch["shardId"]),
            start=str(batch["startSequenceNumber"]),
            end=str(batch["endSequenceNumber"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, UnknownMessageError):
            raise
        raise UnknownMessageError("neither a quarantined record nor a batch that Lambda gave up") from None
