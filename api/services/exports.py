"""Everything that the table knows of a caller, as lines of JSON, page by page."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from api.contract import EntityType, insights_key, task_partition, user_key
from api.identity import Caller
from api.models.fields import timestamp
from api.models.transfer import FORMAT, ExportQuery
from api.models.webhook import Delivery, Webhook
from api.repositories import task_items
from api.repositories.items import unmarshal
from api.repositories.transfers import Item, TransferRepository
from api.repositories.users import user_from_item
from api.repositories.webhooks import webhook_from_item
from api.services.cursors import Cursors
from api.services.imported_ids import ImportedIds
from api.services.task_lists import ListedTasks
from api.services.users import UserService, utc_now
from api.webhook_contract import DELIVERY_SORT_PREFIX, webhook_partition

# so much is worth a page of its own; a query adds 1 MB to it at most
_ENOUGH_BYTES = 500_000
_BINDING: dict[str, str | list[str]] = {"export": "1"}


class ExportService:
    """What a caller takes along.

    A page is what a few queries read, and ends with one that DynamoDB has bounded: at 1 MB, far below what Lambda can
    return (6 MB). Pages are read one after the other: what changes meanwhile is in none or in one of them.
    """

    def __init__(
        self,
        transfers: TransferRepository,
        users: UserService,
        cursors: Cursors,
        ids: ImportedIds,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._transfers = transfers
        self._users = users
        self._cursors = cursors
        self._ids = ids
        self._now = now

    def page(self, caller: Caller, query: ExportQuery, request_id: str) -> ListedTasks:
        """A page of the caller's data.

        Raises:
            CursorInvalid: the cursor was not issued for this user.
        """
        user_id = caller.user_id
        partitions = _partitions(user_id)
        section, after = 0, None
        lines: list[bytes] = []
        profile = self._users.find(user_id)
        life = profile.created_at if profile else ""
        if query.cursor is None:
            self._users.ensure_profile_unless_erased(caller, request_id)
            header = {"type": "export", "format": FORMAT, "user_id": user_id, "exported_at": timestamp(self._now())}
            lines.append(orjson.dumps(header))
        else:
            number, _, position = self._cursors.position(user_id, _BINDING, query.cursor).partition(" ")
            section, after = int(number), position or None
        while section < len(partitions):
            items, after = self._transfers.page(partitions[section], after)
            lines += [orjson.dumps(line) for item in items for line in self._lines(user_id, life, item)]
            if after is not None:
                break
            section += 1
            if sum(map(len, lines)) > _ENOUGH_BYTES:
                break
        cursor = None
        if section < len(partitions):
            cursor = self._cursors.issue(user_id, _BINDING, f"{section} {after or ''}")
        return ListedTasks(b"".join(line + b"\n" for line in lines), cursor)

    def _lines(self, user_id: str, life: str, item: Item) -> Iterator[dict[str, Any]]:
        kind = item["entity_type"]["S"] if "entity_type" in item else item["PK"]["S"].partition("#")[0]
        if kind == EntityType.USER:
            yield {"type": "profile", "profile": user_from_item(item).model_dump(mode="json")}
        elif kind == EntityType.TASK:
            task = task_items.document(item)
            signature = self._ids.sign(user_id, life, task["id"], task["parent_id"])
            due_local = {"due_local": item["due_local"]["S"]} if "due_local" in item else {}
            yield {"type": "task", "task": task, "signature": signature, **due_local}
        elif kind == EntityType.INSIGHTS:
            yield {"type": "insights", "insights": orjson.loads(item["figures"]["S"])}
        elif item["SK"]["S"].startswith(DELIVERY_SORT_PREFIX):
            values = unmarshal(item)
            delivery = {name: values.get(name) for name in Delivery.model_fields}
            yield {"type": "delivery", "webhook_id": values["webhook_id"], "delivery": delivery}
        elif kind == EntityType.WEBHOOK:
            yield {"type": "webhook", "webhook": Webhook.of(webhook_from_item(item)).model_dump(mode="json")}


def _partitions(user_id: str) -> tuple[str, ...]:
    """Where a user's data are, in the order of an export."""
    return user_key(user_id).PK, insights_key(user_id).PK, webhook_partition(user_id), task_partition(user_id)
