"""Items that silver still has and the table has no more: their removal was lost, and is written to bronze.

What silver knows of the item is all that is left of it; the envelope holds no more than that.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from api import contract
from ingestion.backfill.envelope import make_removal_envelope
from ingestion.backfill.export import SOURCE, Pace
from ingestion.bronze import Bronze
from ingestion.cdc.transform import encode_line_of_any_length

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Row = Mapping[str, Any]
# "up to 100 items": https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
KEYS_PER_CALL = 100
# what silver's rows of live tasks and users have to be read with
TASK_COLUMNS = tuple(
    {"id": "task_id"}.get(one.name, one.name) for one in contract.TASK_ATTRIBUTES if one.name != "description"
)
USER_COLUMNS = ("user_id", "created_at", "updated_at", "version")


def export_removals(
    client: "DynamoDBClient",
    table_name: str,
    bronze: Bronze,
    pace: Pace,
    tasks: Iterable[Row],
    users: Iterable[Row],
    noticed_at: str,
) -> int:
    """Write a synthetic removal for each row of silver whose item is gone; how many.

    Args:
        client: looks for the items, with consistent reads.
        table_name: the table.
        bronze: where to.
        pace: how fast the table may be read, in read capacity units.
        tasks: silver's rows of tasks that are not deleted, with `TASK_COLUMNS`.
        users: silver's rows of users that are not deleted, with `USER_COLUMNS`.
        noticed_at: this instant, RFC 3339.

    Raises:
        botocore.exceptions.ClientError: a call failed; what was written until then stays, and does no harm.
    """
    images = itertools.chain(map(_task_image, tasks), map(_user_image, users))
    found = 0
    while batch := list(itertools.islice(images, KEYS_PER_CALL)):
        there = set(_existing(client, table_name, [{name: one[name] for name in ("PK", "SK")} for one in batch], pace))
        gone = [one for one in batch if (one["PK"], one["SK"]) not in there]
        if gone:
            removals = (make_removal_envelope(one, table_name, noticed_at) for one in gone)
            bronze.write(SOURCE, [encode_line_of_any_length(one) for one in removals])
        found += len(gone)
    return found


def _existing(
    client: "DynamoDBClient", table_name: str, keys: list[dict[str, Any]], pace: Pace
) -> Iterator[tuple[str, str]]:
    requested: Any = {
        table_name: {
            "Keys": [{name: {"S": value} for name, value in key.items()} for key in keys],
            "ProjectionExpression": "PK, SK",
            "ConsistentRead": True,
        }
    }
    while requested:
        result = client.batch_get_item(RequestItems=requested, ReturnConsumedCapacity="TOTAL")
        for item in result["Responses"].get(table_name, []):
            yield item["PK"]["S"], item["SK"]["S"]
        pace.spend(sum(one.get("CapacityUnits", 0) for one in result.get("ConsumedCapacity", [])) or 1)
        requested = result.get("UnprocessedKeys")


def _task_image(row: Row) -> dict[str, Any]:
    key = contract.task_key(row["user_id"], row["task_id"])
    named = {"id" if name == "task_id" else name: row[name] for name in TASK_COLUMNS}
    return {**key.plain(), "entity_type": contract.EntityType.TASK.value, **_plain(named)}


def _user_image(row: Row) -> dict[str, Any]:
    key = contract.user_key(row["user_id"])
    return {**key.plain(), "entity_type": contract.EntityType.USER.value, **_plain({n: row[n] for n in USER_COLUMNS})}


def _plain(row: Row) -> dict[str, Any]:
    """A row as an item's image has it: no nulls, times and dates as text."""
    return {name: _text(value) for name, value in row.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value
