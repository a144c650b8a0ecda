"""What Firehose refuses to take.

Source: API reference, PutRecordBatch: at most 500 records, each at most 1,000 KiB, all together at most 4 MiB, before
base64 encoding.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

Request = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
Refusal = tuple[str, str]

RECORD_BYTES = 1000 * 1024
BATCH_BYTES = 4 * 1024 * 1024
BATCH_RECORDS = 500


def guarded(handler: Callable[[Request], Response], check: Callable[[Request], Refusal | None]) -> Any:
    """`handler`, which is asked only when `check` finds nothing to refuse."""
    from ministack.core.responses import error_response_json

    def handle(data: Request) -> Response:
        refusal = check(data)
        return error_response_json(*refusal, 400) if refusal else handler(data)

    return handle


def too_large(data: Request) -> Refusal | None:
    """Error code and message when a PutRecord or PutRecordBatch request breaks a limit."""
    single = "Record" in data
    records = [data["Record"]] if single else data.get("Records", [])
    if len(records) > BATCH_RECORDS:
        return constraint("records", BATCH_RECORDS)
    try:
        sizes = [len(base64.b64decode(record.get("Data", ""))) for record in records]
    except binascii.Error:
        return None  # MiniStack says so itself
    for number, size in enumerate(sizes, 1):
        if size > RECORD_BYTES:
            return constraint("record.data" if single else f"records.{number}.member.data", RECORD_BYTES)
    if sum(sizes) > BATCH_BYTES:
        return "InvalidArgumentException", "Records size exceeds 4 MB limit"
    return None


def constraint(member: str, length: int) -> Refusal:
    """The error of a member that is longer than the service's model allows."""
    broken = f"Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {length}"
    return "ValidationException", f"1 validation error detected: {broken}"


def not_completed(data: Request) -> Refusal | None:
    """Error code and message when a delivery stream asks for what would silently not be done here."""
    for destination in ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"):
        compression = (data.get(destination) or {}).get("CompressionFormat", "UNCOMPRESSED")
        if compression not in ("UNCOMPRESSED", "GZIP"):
            return "InvalidArgumentException", f"The local account compresses with GZIP only, not {compression}."
    return None
