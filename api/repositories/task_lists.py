"""A user's tasks in order: live ones by creation and by due date, all by change; three local indexes.

All reads are strongly consistent, so that users find in a list what they wrote. Deleted tasks are in neither of the
indexes that lists read, so a list costs by the live tasks, however many were deleted.
"""

import dataclasses
import datetime as dt
import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.contract import INDEXES, OPEN_STATUSES, PRIORITIES, TTL_ATTRIBUTE, task_key, task_partition
from api.models.due import FURTHEST_EAST
from api.models.fields import moment
from api.models.task import StoredTask
from api.models.task_query import Order, Selection
from api.models.text import fold
from api.repositories import task_items
from api.repositories.items import Value, marshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BY_CREATION, _BY_DUE_DATE, _BY_CHANGE = INDEXES
_OPEN = {f":{status}": status for status in OPEN_STATUSES}
_PAST = "(due_at < :moment OR (attribute_not_exists(due_at) AND due_date < :today))"
_OVERDUE = f"({_PAST} AND #status IN ({', '.join(_OPEN)}))"
# Sort keys are `{date}#{id}`: a bare date comes before all of that date's, a date with `$` after them.
_AFTER_ALL = "$"
# Filters are applied to what has been read. The first query reads a few pages' worth, enough for most filters; each
# further one reads what a single call can (1 MB, some 2,000 tasks). The bound keeps a request's cost and time finite
# for any number of tasks; the cursor goes on from where it ended.
_FIRST_FILTERED_READ = 300
_MAX_QUERIES = 12


@dataclasses.dataclass(frozen=True, slots=True)
class TaskPage:
    """Part of a list.

    Args:
        documents: the tasks as clients see them, in order.
        position: the sort key after which the next page begins; None when there is nothing more.
    """

    documents: list[dict[str, Any]]
    position: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class ChangePage:
    """Part of a change feed.

    Args:
        tasks: in the order of their last change, deleted ones too.
        position: the sort key up to which the feed has been read.
        has_more: whether there may be changes after it.
    """

    tasks: list[StoredTask]
    position: str
    has_more: bool


class TaskLists:
    """Lists of one user's tasks."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(self, user_id: str, selection: Selection, after: str | None, limit: int) -> TaskPage:
        """Read tasks until the page is full, there are no more, or the bound on queries is reached.

        Args:
            user_id: whose.
            selection: which, in which order.
            after: the position of the page before.
            limit: at most so many tasks.
        """
        lower, upper = _due_range(selection)
        if selection.by_due_date and lower > upper:
            return TaskPage([], None)
        request = self._query(user_id, selection, lower, upper)
        if not selection.has_index:
            return self._sorted_page(request, selection, after, limit)
        # one more than the limit shows whether there is a next page
        request["Limit"] = max(_FIRST_FILTERED_READ, limit + 1) if selection.filters else limit + 1
        sort = INDEXES[request["IndexName"]]
        found: list[Mapping[str, Any]] = []
        start = after
        for _ in range(_MAX_QUERIES):
            if start:
                request["ExclusiveStartKey"] = _start_key(user_id, sort, start)
            answer = self._client.query(**request)
            found += [item for item in answer["Items"] if _matches_text(item, selection)]
            last = answer.get("LastEvaluatedKey")
            start = last[sort]["S"] if last else None
            if len(found) > limit:
                found, start = found[:limit], found[limit - 1][sort]["S"]
                break
            if start is None:
                break
            request.pop("Limit", None)
        return TaskPage(list(map(task_items.document, found)), start)

    def _sorted_page(self, request: dict[str, Any], selection: Selection, after: str | None, limit: int) -> TaskPage:
        """Read all live or deleted tasks and sort them here (ADR 0097); the quota bounds how many there can be."""
        keyed: list[tuple[str, Mapping[str, Any]]] = []
        while True:
            answer = self._client.query(**request)
            for item in answer["Items"]:
                key = _sort_key(item, selection.order)
                is_left = after is None or (key < after if selection.descending else key > after)
                if is_left and _matches_text(item, selection):
                    keyed.append((key, item))
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        keyed.sort(key=operator.itemgetter(0), reverse=selection.descending)
        position = keyed[limit - 1][0] if len(keyed) > limit else None
        return TaskPage([task_items.document(item) for _, item in keyed[:limit]], position)

    def count(self, user_id: str, limit: int) -> int:
        """Count live tasks, up to the first page that ends at `limit` or beyond; eventually consistent, at half price.

        Args:
            user_id: whose.
            limit: from which on the exact number does not matter.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _BY_CREATION,
            "KeyConditionExpression": "PK = :pk",
            "ExpressionAttributeValues": {":pk": {"S": task_partition(user_id)}},
            "Select": "COUNT",
        }
        found = 0
        while True:
            answer = self._client.query(**request)
            found += answer["Count"]
            if found >= limit or "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def changed(self, user_id: str, after: str, limit: int) -> ChangePage:
        """Read tasks in the order of their last change, deleted ones too.

        A task that was never changed is not in `by_change`, which spares its creation a write; its creation is its last
        change, and `by_creation` has it in the same order. Creations are read first: a task that is changed in between
        is then seen as created, as changed, or as both, but never as neither.

        Args:
            user_id: whose.
            after: a sort key, or anything that is less than the first one.
            limit: at most so many.
        """
        created, created_end = self._after(user_id, _BY_CREATION, after, limit)
        changed, changed_end = self._after(user_id, _BY_CHANGE, after, limit)
        # beyond the end of a reading that was cut off, what the other one has may not be next
        end = min((key for key in (created_end, changed_end) if key is not None), default=None)
        unchanged = (one for one in created if one.task.version == 1 and not one.imported_at)
        newest = {stored.task.id: stored for stored in (*unchanged, *changed)}
        ready = sorted(
            (task_items.change_sort(stored), stored)
            for stored in newest.values()
            if end is None or task_items.change_sort(stored) <= end
        )
        tasks = [stored for _, stored in ready[:limit]]
        if len(ready) > limit:
            return ChangePage(tasks, ready[limit - 1][0], has_more=True)
        if end is not None:
            return ChangePage(tasks, end, has_more=True)
        return ChangePage(tasks, ready[-1][0] if ready else after, has_more=False)

    def _after(self, user_id: str, index: str, after: str, limit: int) -> tuple[list[StoredTask], str | None]:
        """Tasks after a sort key of an index, and the last one's sort key when there are more."""
        sort = INDEXES[index]
        answer = self._client.query(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=f"PK = :pk AND {sort} > :after",
            ExpressionAttributeValues={":pk": {"S": task_partition(user_id)}, ":after": {"S": after}},
            ConsistentRead=True,
            # one more than the limit shows whether there are more
            Limit=limit + 1,
        )
        items: Sequence[Mapping[str, Any]] = answer["Items"]
        end = items[-1][sort]["S"] if items and "LastEvaluatedKey" in answer else None
        return [task_items.stored(item) for item in items], end

    def _query(self, user_id: str, selection: Selection, lower: str, upper: str) -> dict[str, Any]:
        values: dict[str, Value | None] = {":pk": task_partition(user_id), ":now": selection.deleted_and_kept_at}
        filters = []
        for name, among in selection.among.items():
            placeholders = {f":{name}{number}": value for number, value in enumerate(among)}
            filters.append(f"#{name} IN ({', '.join(placeholders)})")
            values |= placeholders
        if selection.overdue is not None:
            filters.append(_OVERDUE if selection.overdue else f"NOT {_OVERDUE}")
            values |= {":today": selection.today, ":moment": selection.now, **_OPEN}
        keys = "PK = :pk"
        if selection.deleted_and_kept_at is not None:
            # TTL purges late
            filters.append(f"attribute_exists(deleted_at) AND {TTL_ATTRIBUTE} > :now")
            if selection.order is Order.DUE_DATE:
                filters.append("attribute_exists(due_date)")
        if selection.by_due_date:
            keys += " AND due_sort BETWEEN :lower AND :upper"
            values |= {":lower": lower, ":upper": upper}
        else:
            for bound, comparison in (("due_before", "<"), ("due_after", ">")):
                if date := getattr(selection, bound):
                    filters.append(f"due_date {comparison} :{bound}")
                    values[f":{bound}"] = date
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _index(selection),
            "KeyConditionExpression": keys,
            "ExpressionAttributeValues": marshal(values),
            "ConsistentRead": True,
            "ScanIndexForward": not selection.descending,
        }
        if filters:
            request["FilterExpression"] = " AND ".join(filters)
        names = {*selection.among, *(["status"] if selection.overdue is not None else [])}
        if names:
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        return request


def _sort_key(item: Mapping[str, Any], order: Order) -> str:
    """Make a key that no other task of the user has."""
    creation = f"{item['created_at']['S']}#{item['id']['S']}"
    if order is Order.PRIORITY:
        return f"{PRIORITIES.index(item['priority']['S'])}#{creation}"
    return creation if order is Order.CREATED_AT else f"{item[order]['S']}#{item['id']['S']}"


def _index(selection: Selection) -> str:
    if selection.deleted_and_kept_at is not None:
        return _BY_CHANGE  # a task's deletion is its last change
    return _BY_DUE_DATE if selection.by_due_date else _BY_CREATION


def _due_range(selection: Selection) -> tuple[str, str]:
    """Between which sort keys of `by_due_date` the selection lies; empty when the first is greater."""
    before = [date for date in (selection.due_before, _day_after(selection.now) if selection.overdue else None) if date]
    lower = f"{selection.due_after}{_AFTER_ALL}" if selection.due_after else "0"
    return lower, min(before, default="9999-12-31" + _AFTER_ALL)


def _day_after(now: str) -> str:
    """The day that has not begun anywhere on Earth: no task of that day or later is overdue."""
    return (moment(now) + FURTHEST_EAST + dt.timedelta(days=1)).date().isoformat()


def _start_key(user_id: str, sort: str, position: str) -> dict[str, Any]:
    return {**task_key(user_id, position.partition("#")[2]).typed(), sort: {"S": position}}


def _matches_text(item: Mapping[str, Any], selection: Selection) -> bool:
    """Whether an item has one of the categories and labels, and the text; DynamoDB's comparisons distinguish case."""
    if selection.categories and fold(item.get("category", {}).get("S", "")) not in selection.categories:
        return False
    if selection.labels:
        labels = item.get("labels", {}).get("L", ())
        if selection.labels.isdisjoint(fold(label["S"]) for label in labels):
            return False
    if selection.text is None:
        return True
    return any(selection.text in fold(item[name]["S"]) for name in ("title", "description") if name in item)
