"""A table of tasks and users that streams every change: histories for the silver job, in bronze's own format.

The stream records go through the real capture code, so that what silver reads is what ingestion writes.
"""

import copy
import datetime as dt
import json
import random
from typing import Any

from ingestion.backfill.envelope import make_backfill_envelope, make_removal_envelope
from ingestion.cdc.attributes import plain
from ingestion.cdc.transform import encode_line, make_envelope
from tests.unit.ingestion.stream import EXPIRY, record

START = 1795600000.0  # 2026-11-25T09:46:40Z


def at(seconds: float) -> str:
    """So many seconds after the history's start, as the API writes times."""
    moment = dt.datetime.fromtimestamp(START + seconds, dt.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def strings(values: list[str] | None) -> dict[str, Any] | None:
    """An attribute that is a list of texts; None without any."""
    return {"L": [{"S": one} for one in values]} if values else None


class History:
    """Applies changes to items and keeps the line of bronze that each one becomes, in `lines`."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.lines: list[bytes] = []
        self.now = 0.0

    def write(self, key: str, **changes: object) -> None:
        """Write an item as the API does: a value of None removes the attribute, `version` and `updated_at` go on."""
        old = self.items.get(key)
        new = copy.deepcopy(old) if old else {}
        self.now += 1.25
        written = {**changes, "updated_at": at(self.now), "version": new.get("version", {"N": "0"})}
        for name, value in written.items():
            if value is None:
                new.pop(name, None)
            else:
                new[name] = value if isinstance(value, dict) else {"S": value}
        new["version"] = {"N": str(int(new["version"]["N"]) + 1)}
        new["last_request_id"] = {"S": f"request-{len(self.lines)}"}
        self.items[key] = new
        self._stream(new, old)

    def create_task(self, key: str, user: str = "u-1", **attributes: object) -> None:
        defaults = {"title": f"Title of {key}", "status": "pending", "priority": "medium"}
        names = {"PK": f"TASK#{user}", "SK": f"TASK#{key}", "entity_type": "TASK", "id": key, "user_id": user}
        self.write(key, **names, **{**defaults, **attributes}, created_at=at(self.now + 1.25))

    def complete_task(self, key: str) -> None:
        self.write(key, status="completed", completed_at=at(self.now + 1.25))

    def delete_task(self, key: str) -> None:
        self.write(key, deleted_at=at(self.now + 1.25), expiration_timestamp={"N": "1798192000"})

    def restore_task(self, key: str) -> None:
        self.write(key, deleted_at=None, expiration_timestamp=None)

    def sign_up(self, user: str, email: str | None, name: str | None) -> None:
        names = {"PK": f"USER#{user}", "SK": "METADATA", "entity_type": "USER", "user_id": user}
        self.write(user, **names, email=email, name=name, created_at=at(self.now + 1.25))

    def remove(self, key: str, *, expired: bool = False) -> None:
        self.now += 1.25
        self._stream(None, self.items.pop(key), EXPIRY if expired else None)

    def backfill(self, key: str) -> bytes:
        """An item as a backfill tells of it: what it is now, as if it had just come into being."""
        return encode_line(make_backfill_envelope(self.items[key], "todo-app-data", at(self.now)))

    def backfill_removal(self, key: str) -> bytes:
        """An item as a backfill tells that it is gone, although it is not captured that it is."""
        return encode_line(make_removal_envelope(plain(self.items.pop(key)), "todo-app-data", at(self.now)))

    def _stream(
        self, new: dict[str, Any] | None, old: dict[str, Any] | None, identity: dict[str, str] | None = None
    ) -> None:
        # lengths of sequence numbers differ on AWS: as text, "9" would come after "10"
        change = record(new, old, userIdentity=identity)
        change["eventID"] = f"event-{len(self.lines)}"
        change["dynamodb"]["SequenceNumber"] = str(99_999_999_999_999_999_990 + len(self.lines) * 7)
        change["dynamodb"]["ApproximateCreationDateTime"] = float(int(START + self.now))
        self.lines.append(encode_line(make_envelope(change, at(self.now + 0.5))))


def random_history(seed: int, changes: int) -> History:
    """`changes` changes of a dozen tasks and a few users, of every kind."""
    chance, history = random.Random(seed), History()
    serial = 0
    while len(history.lines) < changes:
        history.now += chance.choice([0, 0, 0.5, 60, 4000])
        users = [key for key in history.items if key.startswith("u-")]
        tasks = [key for key in history.items if key.startswith("t-")]
        if len(tasks) < 3 or chance.random() < 0.1:
            serial += 1
            category = chance.choice([None, "home", "work"])
            due = chance.choice([None, "2026-12-01", "2024-02-29"])
            labels = chance.choice([None, ["errand"], ["b", "a, with a comma"]])
            history.create_task(
                *(f"t-{serial}", f"u-{chance.randrange(3)}"),
                category=category,
                due_at=f"{due}T12:00:00.000000Z" if due and serial % 2 else None,
                due_date=due,
                labels=strings(labels),
                parent_id=chance.choice([None, None, "t-1"]),
                recurrence=chance.choice([None, "FREQ=DAILY;COUNT=3"]),
                previous_id=chance.choice([None, "t-1"]),
                next_id=chance.choice([None, "t-2"]),
            )
        elif chance.random() < 0.15:
            user = f"u-{chance.randrange(3)}"
            if user not in users:
                history.sign_up(
                    user, chance.choice([None, "Ada@Example.com", "no-at-sign"]), chance.choice([None, "Ada L."])
                )
            elif chance.random() < 0.5:
                history.remove(user)
            else:
                history.write(user, name=f"Grace {serial}", time_zone=("Asia/Tokyo", None)[serial % 2])
        else:
            key = chance.choice(tasks)
            deleted = "deleted_at" in history.items[key]
            match chance.randrange(8):
                case 0:
                    history.remove(key, expired=deleted)
                case 1 | 2 if not deleted:
                    history.delete_task(key)
                case 1 | 2:
                    history.restore_task(key)
                case 3:
                    other = strings(chance.choice([None, ["errand"]]))
                    history.write(
                        key,
                        title=f"Other title {serial}",
                        description="Anything",
                        due_at=None,
                        due_date=None,
                        labels=other,
                    )
                case 4:
                    history.complete_task(key)
                case _:
                    status = chance.choice(["pending", "in_progress", "cancelled"])
                    history.write(key, status=status, completed_at=None, priority=chance.choice(["low", "urgent"]))
    return history


def request_log(number: int, **fields: object) -> bytes:
    """One line of a request log, of its own for each number."""
    logged = {
        "schema_version": 1,
        "request_id": f"request-{number}",
        "occurred_at": at(number),
        "method": "GET",
        "route": "/api/v1/tasks/{task_id}",
        "status_code": 200,
        "duration_ms": 1.5 * number,
        "user_hash": f"{number % 3:08x}" if number % 4 else None,
        "cold_start": number == 0,
        "idempotent_replay": number % 5 == 0,
    }
    return json.dumps({**logged, **fields}).encode() + b"\n"


def captured_later(line: bytes) -> bytes:
    """A change that was captured once more, later."""
    return json.dumps({**json.loads(line), "ingested_at": at(9_000_000)}).encode() + b"\n"
