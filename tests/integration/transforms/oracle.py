"""What silver must hold after a history, in plain Python, written from the design and not from the job.

Rows are dicts; times are microseconds since 1970.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from api.contract import TASK_ATTRIBUTES
from transforms.silver.contract import TABLES, TASKS

Row = dict[str, Any]

FIELDS = sorted(one.name for one in TASK_ATTRIBUTES if one.owned)


def micros(text: str | None) -> int | None:
    if text is None:
        return None
    since = dt.datetime.fromisoformat(text) - dt.datetime.fromtimestamp(0, dt.UTC)
    return since // dt.timedelta(microseconds=1)


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def plain(kind: str, held: Any) -> Any:
    """An attribute as the column of its name holds it: what silver does not interpret, it takes over."""
    return {"timestamp": micros, "date": day}.get(kind, lambda value: value)(held)


def silver(lines: Iterable[bytes], key: bytes, requests: Iterable[bytes] = ()) -> dict[str, dict[Any, Row]]:
    """Each table's rows by key, after the changes of `lines` in the order in which they were committed."""
    events = sorted((json.loads(line) for line in lines), key=lambda e: (int(e["sequence_number"]), e["ingested_at"]))
    captured = [event for event in events if not is_backfill(event)]
    tables: dict[str, dict[Any, Row]] = {"task_events": {}, "tasks": {}, "users": {}, "api_requests": {}}
    for event in captured:
        if event["entity_type"] == "TASK":
            tables["task_events"].setdefault(event["event_id"], task_event(event))
            tables["tasks"][(event["new_image"] or event["old_image"])["id"]] = task(event)
        else:
            tables["users"][(event["new_image"] or event["old_image"])["user_id"]] = user(event, key)
    add_backfills(tables, [event for event in events if is_backfill(event)], key)
    for line in requests:
        row = request(json.loads(line))
        tables["api_requests"][row["request_id"], row["occurred_at"]] = row
    return tables


def is_backfill(event: Row) -> bool:
    return str(event["event_id"]).startswith("backfill-")


def add_backfills(tables: dict[str, dict[Any, Row]], item_snapshots: list[Row], key: bytes) -> None:
    """A snapshot counts for what it shows where nothing newer is known; where no event is known, as a creation, and
    where the known events end before it, as one transition."""
    last: dict[str, Row] = {}
    for event in sorted(tables["task_events"].values(), key=lambda one: one["version"]):
        last[event["task_id"]] = event
    made: dict[str, Row] = {}
    for event in sorted(item_snapshots, key=lambda one: (version(one), one["event_id"], one["ingested_at"])):
        image = event["new_image"] or event["old_image"]
        if event["entity_type"] == "USER":
            known = tables["users"].get(image["user_id"])
            if known is None or (known["created_at"], known["version"]) < (micros(image["created_at"]), version(event)):
                tables["users"][image["user_id"]] = user(event, key)
            continue
        known = tables["tasks"].get(image["id"])
        if known is None or known["version"] < version(event):
            tables["tasks"][image["id"]] = task(event)
        if image["id"] not in last and "deleted_at" not in image and event["new_image"]:
            occurred_at = micros(image["created_at"])
            creation = {"event_type": "created", "occurred_at": occurred_at, "is_synthetic": True}
            made.setdefault(image["id"], {**task_event(event), **creation})
    tables["task_events"].update({event["event_id"]: event for event in made.values()})
    for task_id, before in {**made, **last}.items():
        latest = tables["tasks"][task_id]
        if latest["sequence_number"] == "0" and latest["version"] > before["version"]:
            event = transition(before, latest)
            tables["task_events"][event["event_id"]] = event


def transition(before: Row, latest: Row) -> Row:
    """The one event that leads from the last known event of a task to its latest snapshot."""
    was_removed, moved = before["event_type"] in ("deleted", "purged"), before["status"] != latest["status"]
    if latest["title"] is None:
        kind = "purged"
    elif latest["is_deleted"] != was_removed:
        kind = "deleted" if latest["is_deleted"] else "restored"
    elif moved and latest["status"] in ("completed", "cancelled"):
        kind = latest["status"]
    else:
        kind = "reopened" if moved and before["status"] in ("completed", "cancelled") else "updated"
    removed_at = latest["deleted_at"] if kind == "purged" else 0
    moment = max(latest["updated_at"], before["occurred_at"], removed_at)
    shown = ("task_id", "user_id", "version", "sequence_number", "status", "priority", "category", "due_date")
    differ = [name for name in ("category", "due_date", "priority", "status") if before[name] != latest[name]]
    return {
        **{name: latest[name] for name in shown},
        "event_id": f"transition-{latest['task_id']}-{before['version']}-{latest['version']}",
        "is_synthetic": True,
        "event_type": kind,
        "occurred_at": moment,
        "ingested_at": moment,
        "previous_status": before["status"],
        "was_deleted": was_removed,
        "previous_due_date": before["due_date"],
        "changed_fields": [] if kind == "purged" else differ,
        "request_id": None,
    }


def request(logged: Row) -> Row:
    columns = ("request_id", "method", "route", "status_code", "duration_ms", "user_hash")
    return {
        **{name: logged[name] for name in columns},
        "occurred_at": micros(logged["occurred_at"]),
        "cold_start": logged["cold_start"],
        "idempotent_replay": logged["idempotent_replay"],
    }


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
        "is_synthetic": False,
        "task_id": image["id"],
        "user_id": image["user_id"],
        "event_type": kind(event),
        "version": version(event),
        "sequence_number": event["sequence_number"],
        "occurred_at": micros(event["event_time"]),
        "ingested_at": micros(event["ingested_at"]),
        "status": image["status"],
        "previous_status": old.get("status"),
        "was_deleted": "deleted_at" in old,
        "previous_due_date": day(old.get("due_date")),
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
        **{column.name: plain(column.type, image.get(column.name)) for column in TASKS.content_columns()},
        "task_id": image["id"],
        "title": None if purged else image["title"],
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
        "time_zone": (event["new_image"] or {}).get("time_zone"),
        "created_at": micros(image["created_at"]),
        "updated_at": micros(image["updated_at"]),
        "is_deleted": event["new_image"] is None,
        "version": version(event),
        "sequence_number": event["sequence_number"],
    }


def with_instants(rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Rows whose times are microseconds since 1970, with datetimes in their place."""
    times = {table.name: {one.name for one in table.columns if one.type == "timestamp"} for table in TABLES}
    return {
        name: [
            {
                column: dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=value)
                if column in times[name] and value is not None
                else value
                for column, value in row.items()
            }
            for row in found
        ]
        for name, found in rows.items()
    }
