"""What the result of an invocation means for the batch that it was given.

Source: Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda" and "Retain discarded
records for a DynamoDB event source in Lambda".
"""

import dataclasses
import json
from typing import Any

from infra.local.streams.records import Record, age

Mapping = dict[str, Any]


@dataclasses.dataclass
class Batch:
    """Records that are delivered together.

    Args:
        records: what passed the mapping's filters, in order.
        end: position in the stream just after them, and after what was filtered out behind them.
        positions: the position in the stream of each record.
        failures: invocations that failed without any progress.
        invocations: how often the function was given these records, also as part of a larger batch.
    """

    records: list[Record]
    positions: list[int]
    end: int
    failures: int = 0
    invocations: int = 0

    def split(self, at: int) -> "tuple[Batch, Batch]":
        """The records before index `at`, and those from it on."""
        first = Batch(self.records[:at], self.positions[:at], self.positions[at], 0, self.invocations)
        return first, Batch(self.records[at:], self.positions[at:], self.end, 0, self.invocations)


def first_failure(mapping: Mapping, batch: Batch, result: dict[str, Any]) -> int | None:
    """Index of the first record that has to be delivered again; None when the whole batch is done.

    Args:
        result: what `lambda_svc._execute_function` returned.
    """
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return None
    body = result.get("body")
    if isinstance(body, str | bytes):
        try:
            body = json.loads(body)
        except ValueError:
            return 0
    if body is None:
        return None
    if not isinstance(body, dict):
        return 0
    named = body.get("batchItemFailures")
    if not named:
        return None
    indices = {str(record["dynamodb"]["SequenceNumber"]): index for index, record in enumerate(batch.records)}
    failed = [indices.get(str((item or {}).get("itemIdentifier"))) for item in named]
    # an identifier that is empty or not of this batch fails all of it
    return min((0 if index is None else index) for index in failed)


def expired(mapping: Mapping, batch: Batch) -> int:
    """How many records at the head of the batch are older than the mapping allows."""
    limit = int(mapping.get("MaximumRecordAgeInSeconds") or -1)
    if limit < 0:
        return 0
    return next((index for index, record in enumerate(batch.records) if age(record) <= limit), len(batch.records))


def exhausted(mapping: Mapping, batch: Batch) -> bool:
    """Whether the batch has failed as often as the mapping allows."""
    attempts = mapping.get("MaximumRetryAttempts")
    return attempts is not None and 0 <= int(attempts) < batch.failures
