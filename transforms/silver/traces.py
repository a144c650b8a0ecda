"""Which lines of bronze are about a user who is to be erased, and whether all that was to come of them has come."""

import base64
import binascii
import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

# what identifies an item of the table, and when that was created
Item = tuple[str, str]


def hash_of(user_id: str) -> str:
    """The pseudonym by which request logs name a user: the API's `user_hash`."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Trace:
    """A line that is to go.

    Args:
        user_id: whom it is about.
        item: the item that the line is about; None if it is about none.
        version: of the item after the change.
        is_removal: whether the line says that the item is gone.
        requested_at: when the user sent the request that the line is about; None if it is about none.
    """

    user_id: str
    item: Item | None = None
    version: int = 0
    is_removal: bool = False
    requested_at: datetime | None = None

    def is_kept(self, live_items: Collection[Item]) -> bool:
        """Whether the line is kept, because it is of the time since the user came back.

        Args:
            live_items: the items that the user has now.
        """
        if self.item:
            return self.item in live_items
        since = find_return(live_items)
        return since is not None and self.requested_at is not None and self.requested_at >= since


def find_return(live_items: Iterable[Item]) -> datetime | None:
    """When a user who has these items, and who was erased before, came back; None: they did not."""
    return min((datetime.fromisoformat(created_at) for _, created_at in live_items), default=None)


def find_trace(line: str, users: Iterable[str]) -> Trace | None:
    """Which of some users a line is about, and what it says; None if it is about none of them.

    Change events, request logs, and what delivery could not deliver (`rawData`, Base64) are understood; in any other
    line, a damaged one as well, a user's identifier as a word is enough.

    Args:
        line: as bronze has it.
        users: their identifiers.
    """
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if isinstance(record, dict):
        if isinstance(record.get("rawData"), str):
            return _undelivered(record["rawData"], users)
        if "user_hash" in record:
            named = {hash_of(user_id): user_id for user_id in users}.get(str(record["user_hash"]))
            return Trace(named, requested_at=_instant(record.get("occurred_at"))) if named else None
        if "new_image" in record or "old_image" in record:
            return _change(record, users)
    named = next((user_id for user_id in users if mentions(user_id, line)), None)
    return Trace(named) if named else None


def count_missing_removals(traces: Iterable[Trace]) -> dict[str, int]:
    """How many items have no removal yet, by user: their removals are still on the way."""
    latest: dict[Item, Trace] = {}
    for found in traces:
        if found.item and (found.item not in latest or latest[found.item].version < found.version):
            latest[found.item] = found
    counts: dict[str, int] = {}
    for found in latest.values():
        if not found.is_removal:
            counts[found.user_id] = counts.get(found.user_id, 0) + 1
    return counts


def _change(record: dict[str, Any], users: Iterable[str]) -> Trace | None:
    new, old = record.get("new_image"), record.get("old_image")
    image = new or old
    if not isinstance(image, dict):
        return next((Trace(user_id) for user_id in users if mentions(user_id, json.dumps(record))), None)
    user_id = image.get("user_id")
    keys = record.get("keys")
    owner = str(keys.get("PK", "")).partition("#")[2] if isinstance(keys, dict) else ""
    named = next((one for one in users if one in (user_id, owner)), None)
    if named is None:
        return None
    version = image.get("version")
    removed = not isinstance(new, dict)
    item = (str(image.get("id") or user_id), str(image.get("created_at")))
    return Trace(named, item, (version if isinstance(version, int) else 0) + removed, removed)


def _undelivered(data: str, users: Iterable[str]) -> Trace | None:
    try:
        inner = base64.b64decode(data, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return None
    found = next((one for one in (find_trace(line, users) for line in inner.splitlines()) if one), None)
    # it may never be delivered, so nothing is to be waited for
    return Trace(found.user_id) if found else None


def _instant(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def mentions(user_id: str, text: str) -> bool:
    """Whether a text names a user, and not one whose identifier begins or ends with theirs."""
    before, found, after = text.partition(user_id)
    while found:
        if not (before[-1:].isalnum() or after[:1].isalnum()):
            return True
        before, found, after = after.partition(user_id)
    return False
