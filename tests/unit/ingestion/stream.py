"""Stream records as Lambda hands them over, for tests."""

from typing import Any

STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/todo-app-data/stream/2026-11-23T00:00:00.000"
EXPIRY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def task_image(**attributes: dict[str, Any]) -> dict[str, Any]:
    """A task as the API writes it, in wire format."""
    return {
        "PK": {"S": "TASK#u-1"},
        "SK": {"S": "TASK#01JDX"},
        "entity_type": {"S": "TASK"},
        "id": {"S": "01JDX"},
        "user_id": {"S": "u-1"},
        "title": {"S": "Water the plants"},
        "status": {"S": "pending"},
        "priority": {"S": "medium"},
        "created_at": {"S": "2026-11-23T10:00:00.123456Z"},
        "updated_at": {"S": "2026-11-23T10:00:00.123456Z"},
        "version": {"N": "1"},
        "last_request_id": {"S": "r-1"},
        **attributes,
    }


def record(
    new: dict[str, Any] | None, old: dict[str, Any] | None = None, sequence: int = 1, **extra: object
) -> dict[str, Any]:
    """The stream record of a change from `old` to `new`."""
    image = new or old or {}
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": 1795600000.0,
        "Keys": {name: image[name] for name in ("PK", "SK")},
        "SequenceNumber": f"{sequence:021d}",
        "SizeBytes": 100,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if new is not None:
        change["NewImage"] = new
    if old is not None:
        change["OldImage"] = old
    return {
        "eventID": f"event-{sequence}",
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change,
        "eventSourceARN": STREAM,
        **extra,
    }
