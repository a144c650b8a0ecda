"""What silver must hold after a history, in plain Python, written from the design and not from the job.

Rows are dicts; times are microseconds since 1970.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

FIELDS = ["category", "completed_at", "deleted_at", "description", "due_date", "priority", "status", "title"]


def micros(text: str | None) -> int | None:
    if text is None:
        return None
    since = dt.datetime.fromisoformat(text) - dt.datetime.fromtimestamp(0, dt.UTC)
    return since // dt.timedelta(microseconds=1)


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def silver(lines: Iterable[bytes], key: bytes) -> dict[str, dict[str, Row]]:
    """Each table's rows by key, after the changes of `lines` in the order in which they were committed."""
    events = sorted((json.loads(line) for line in lines), key=lambda e: (int(e["sequence_number"]), e["ingested_at"]))
    tables: dict[str, dict[str, Row]] = {"task_events": {}, "tasks": {}, "users": {}}
    for event in events:
        if event["entity_type"] == "TASK":
            tables["task_events"].setdefault(event["event_id"], task_event(event))
            tables["tasks"][(event["new_image"] or event["old_image"])["id"]] = task(event)
        else:
            tables["users"][(event["new_image"] or event["old_image"])["user_id"]] = user(event, key)
    return tables


def kind(event: Row) -> str:
    if event["event_name"] != "MODIFY":
        return {"INSERT": "created", "REMOVE": "purged"}[event["event_name"]]
    old, new = event["old_image"], event["new_image"]
    if ("deleted_at" in old) != ("deleted_at" in new):
        return "deleted" if "deleted_at" in new else "restored"
    if old["status"] == new["status"]:
        return "updated"
    if new["status"] in ("completed", "cancelled"):
        return str(new["status"])
    return "reopened" if old["status"] in ("completed", "cancelled") else "updated"


def version(event: Row) -> int:
    return int(event["new_image"]["version"] if event["new_image"] else event["old_image"]["version"] + 1)


def task_event(event: Row) -> Row:
    old, new = event["old_image"] or {}, event["new_image"] or {}
    image = new or old
    return {
        "event_id": event["event_id"],
        "task_id": image["id"],
        "user_id": image["user_id"],
        "event_type": kind(event),
        "version": version(event),
        "sequence_number": event["sequence_number"],
        "occurred_at": micros(event["event_time"]),
        "ingested_at": micros(event["ingested_at"]),
        "status": image["status"],
        "previous_status": old.get("status"),
        "priority": image["priority"],
        "category": image.get("category"),
        "due_date": day(image.get("due_date")),
        "changed_fields": [name for name in FIELDS if old.get(name) != new.get(name)] if old and new else [],
        "request_id": event["request_id"],
    }


def task(event: Row) -> Row:
    purged = event["new_image"] is None
    image = event["old_image"] if purged else event["new_image"]
    deleted_at = micros(image.get("deleted_at"))
    return {
        "task_id": image["id"],
        "user_id": image["user_id"],
        "title": None if purged else image["title"],
        "status": image["status"],
        "priority": image["priority"],
        "category": image.get("category"),
        "due_date": day(image.get("due_date")),
        "created_at": micros(image["created_at"]),
        "updated_at": micros(image["updated_at"]),
        "completed_at": micros(image.get("completed_at")),
        "deleted_at": micros(event["event_time"]) if purged and deleted_at is None else deleted_at,
        "is_deleted": purged or deleted_at is not None,
        "version": version(event),
        "sequence_number": event["sequence_number"],
    }


def user(event: Row, key: bytes) -> Row:
    image = event["new_image"] or event["old_image"]
    email, name = (event["new_image"] or {}).get("email"), (event["new_image"] or {}).get("name")
    _, at_sign, domain = email.rpartition("@") if email else ("", "", "")
    return {
        "user_id": image["user_id"],
        "email_masked": f"{email[0]}***{at_sign}{domain.lower() if at_sign else ''}" if email else None,
        "email_domain": domain.lower() if at_sign else None,
        "email_hash": hmac.new(key, email.strip().lower().encode(), hashlib.sha256).hexdigest() if email else None,
        "name_masked": " ".join(f"{word[0]}***" for word in name.split()) if name else None,
        "created_at": micros(image["created_at"]),
        "updated_at": micros(image["updated_at"]),
        "is_deleted": event["new_image"] is None,
        "version": version(event),
        "sequence_number": event["sequence_number"],
    }
