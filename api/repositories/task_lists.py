"""A user's tasks in order: by creation (the table), by due date and by change (two local indexes).

All reads are strongly consistent, so that users find in a list what they wrote.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.contract import OPEN_STATUSES, TASK_SORT_PREFIX, task_key, task_partition
from api.models.task import StoredTask
from api.models.task_query import Selection
from api.repositories import task_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BY_DUE_DATE, _BY_CHANGE = "by_due_date", "by_change"
_OPEN = {f":{status}": status for status in OPEN_STATUSES}
_OVERDUE = f"(due_date < :today AND #status IN ({', '.join(_OPEN)}))"
# Sort keys are `{date}#{id}`: a bare date comes before all of that date's, a date with `$` after them.
_AFTER_ALL = "$"
# Filters are applied after DynamoDB has read, so a page may take several queries; the bound keeps one request's cost
# and time finite, and the cursor carries on from wherever it ended.
_QUERIES_PER_PAGE = 8
_FILTERED_READ = 500


@dataclasses.dataclass(frozen=True, slots=True)
class TaskPage:
    """Part of a list.

    Args:
        tasks: in order.
        position: the sort key after which the next page begins; None when there is nothing more.
    """

    tasks: list[StoredTask]
    position: str | None


class TaskLists:
    """Lists of one user's tasks."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(self, user_id: str, selection: Selection, after: str | None, limit: int) -> TaskPage:
        """Live tasks.

        Args:
            after: the position of the page before.
            limit: at most so many tasks; fewer, with a position, when the bound on queries is reached first.
        """
        lower, upper = _due_range(selection)
        if selection.by_due_date and lower > upper:
            return TaskPage([], None)
        request = self._query(user_id, selection, lower, upper)
        # one more than asked for tells whether there is a next page
        request["Limit"] = _FILTERED_READ if selection.filters else limit + 1
        sort = "due_sort" if selection.by_due_date else "SK"
        found: list[Mapping[str, Any]] = []
        start = after
        for _ in range(_QUERIES_PER_PAGE):
            if start:
                request["ExclusiveStartKey"] = _start(user_id, sort, start)
            answer = self._client.query(**request)
            found += [item for item in answer["Items"] if _tells(item, selection.text)]
            last = answer.get("LastEvaluatedKey")
            start = last[sort]["S"] if last else None
            if len(found) > limit:
                found, start = found[:limit], found[limit - 1][sort]["S"]
                break
            if start is None:
                break
        return TaskPage([task_items.stored(item) for item in found], start)

    def changed(self, user_id: str, after: str, limit: int) -> tuple[list[StoredTask], bool]:
        """Tasks, deleted ones too, in the order of their last change.

        Args:
            after: a sort key of `by_change`, or anything that is less than the first one wanted.
            limit: at most so many.

        Returns:
            the tasks, and whether there are more.
        """
        answer = self._client.query(
            TableName=self._table,
            IndexName=_BY_CHANGE,
            KeyConditionExpression="PK = :pk AND change_sort > :after",
            ExpressionAttributeValues={":pk": {"S": task_partition(user_id)}, ":after": {"S": after}},
            ConsistentRead=True,
            # one more than asked for tells whether there are more
            Limit=limit + 1,
        )
        found = [task_items.stored(item) for item in answer["Items"]]
        return found[:limit], len(found) > limit or "LastEvaluatedKey" in answer

    def _query(self, user_id: str, selection: Selection, lower: str, upper: str) -> dict[str, Any]:
        values = {":pk": task_partition(user_id)}
        filters = ["attribute_not_exists(deleted_at)"]
        for name, value in selection.equal.items():
            filters.append(f"#{name} = :{name}")
            values[f":{name}"] = value
        if selection.overdue is not None:
            filters.append(_OVERDUE if selection.overdue else f"NOT {_OVERDUE}")
            values |= {":today": selection.today, **_OPEN}
        if selection.by_due_date:
            keys = "PK = :pk AND due_sort BETWEEN :lower AND :upper"
            values |= {":lower": lower, ":upper": upper}
        else:
            keys = "PK = :pk AND begins_with(SK, :prefix)"
            values[":prefix"] = TASK_SORT_PREFIX
            for bound, comparison in (("due_before", "<"), ("due_after", ">")):
                if date := getattr(selection, bound):
                    filters.append(f"due_date {comparison} :{bound}")
                    values[f":{bound}"] = date
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": keys,
            "FilterExpression": " AND ".join(filters),
            "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
            "ConsistentRead": True,
            "ScanIndexForward": not selection.descending,
        }
        if selection.by_due_date:
            request["IndexName"] = _BY_DUE_DATE
        names = {*selection.equal, *(["status"] if selection.overdue is not None else [])}
        if names:
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        return request


def _due_range(selection: Selection) -> tuple[str, str]:
    """Between which sort keys of `by_due_date` the selection lies; empty when the first is greater."""
    before = [date for date in (selection.due_before, selection.today if selection.overdue else None) if date]
    lower = f"{selection.due_after}{_AFTER_ALL}" if selection.due_after else "0"
    return lower, min(before, default="9999-12-31" + _AFTER_ALL)


def _start(user_id: str, sort: str, position: str) -> dict[str, Any]:
    if sort == "SK":
        return {"PK": {"S": task_partition(user_id)}, "SK": {"S": position}}
    return {**task_key(user_id, position.partition("#")[2]).typed(), sort: {"S": position}}


def _tells(item: Mapping[str, Any], text: str | None) -> bool:
    """Whether title or description hold `text`; DynamoDB's own `contains` would tell upper from lower case."""
    if text is None:
        return True
    return any(text in item[name]["S"].casefold() for name in ("title", "description") if name in item)
