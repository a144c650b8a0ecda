"""Insights into the table: the rows that gold worked out since the last time, page by page.

How far publishing has come is one small object beside gold, written after each page. A run that stops halfway is
resumed there; a page that is written twice does no harm. Rows that could not be published are in it, too, so that every
run tries them again until they can be.
"""

import contextlib
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from orchestration.publish.insights import Item, item, key
from orchestration.publish_progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

PAGE = 500
logger = Logger(child=True)


def publish(
    table: "Table", s3: "S3Client", bucket: str, rows: Iterable[Mapping[str, str]], since: Progress
) -> dict[str, int]:
    """Write an item for each row.

    Users whose erasure is asked for get none. An erasure that begins during the writes is noticed after them: whoever
    erases puts its mark before deleting anything, so either the mark is seen here or the item is deleted there.
    A row that cannot become an item is logged and skipped: its user keeps the figures of the run before, and the next
    run tries it again.

    Args:
        table: of the application.
        s3: keeps the progress.
        bucket: of gold.
        rows: of `user_insights`, ordered by `as_of` and `user_id`.
        since: whose condition the rows meet.

    Returns:
        how many items were written (`written`), how many rows were skipped (`skipped`), and for how many users under
        erasure the item was deleted (`deleted`).
    """
    erased = set(_erased(table))
    written, progress, failed = 0, since, set[str]()
    for page in _pages(rows):
        due = [row for row in page if row["user_id"] not in erased]
        items = {row["user_id"]: one for row in due if (one := _item(row))}
        _put(table, items.values())
        written += len(items)
        failed |= {row["user_id"] for row in due} - items.keys()
        # those of the run before come first; should this one end here, none of them is forgotten
        progress = progress.after(page[-1], {*progress.skipped, *failed} - items.keys())
        progress.save(s3, bucket)
    if list(progress.skipped) != sorted(failed):  # a row that is gone is not waited for
        progress.waiting_for(failed).save(s3, bucket)
    deleted = 0
    with table.batch_writer() as batch:
        for user in _erased(table):
            batch.delete_item(Key=dict(key(user)))
            deleted += 1
    return {"written": written, "skipped": len(failed), "deleted": deleted}


def save_watermark(table: "Table", seen: Mapping[str, Any]) -> None:
    """Keep how far bronze had been seen when this run was planned, unless a run that was planned later has published.

    A run that failed may be redriven days later; `orchestration.window` reads what is kept.
    """
    with contextlib.suppress(table.meta.client.exceptions.ConditionalCheckFailedException):
        table.put_item(
            Item={"PK": "PIPELINE", "SK": "WATERMARK", "entity_type": "WATERMARK", **seen},
            ConditionExpression="attribute_not_exists(checked_at) OR checked_at <= :checked_at",
            ExpressionAttributeValues={":checked_at": seen["checked_at"]},
        )


def _pages(rows: Iterable[Mapping[str, str]]) -> Iterator[list[Mapping[str, str]]]:
    remaining = iter(rows)
    while page := list(itertools.islice(remaining, PAGE)):
        yield page


def _item(row: Mapping[str, str]) -> Item | None:
    try:
        return item(row)
    except (ValueError, TypeError, KeyError) as error:
        user_hash = hashlib.sha256(row["user_id"].encode()).hexdigest()[:16]  # as in the API's logs
        logger.error(
            "insights_row_skipped", extra={"user_hash": user_hash, "reason": f"{type(error).__name__}: {error}"}
        )
        return None


def _put(table: "Table", items: Iterable[Item]) -> None:
    with table.batch_writer() as batch:
        for one in items:
            batch.put_item(Item=dict(one))


def _erased(table: "Table") -> Iterator[str]:
    from boto3.dynamodb.conditions import Key

    request: dict[str, Any] = {"KeyConditionExpression": Key("PK").eq("ERASURE"), "ProjectionExpression": "SK"}
    while True:
        page = table.query(**request, ConsistentRead=True)
        yield from (str(found["SK"]) for found in page["Items"])
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
