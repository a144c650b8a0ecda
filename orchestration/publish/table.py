"""Insights into the table: only what changed, and nobody who is gone.

What was published last is remembered in one object beside gold, user -> digest, so that nothing has to be read from the
table. It is written last: a run that stops halfway writes the same items again, which does no harm.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from api import contract
from orchestration.publish.insights import Item, key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

PUBLISHED = "published/user_insights.json.gz"


def publish(table: "Table", s3: "S3Client", bucket: str, items: Iterable[Item], *, anew: bool) -> dict[str, int]:
    """Bring the table's insights to what `items` say.

    Users whose erasure is asked for get none. An erasure that begins during the writes is noticed after them: whoever
    erases puts its mark before deleting anything, so either the mark is seen here or the item is deleted there.

    Args:
        table: of the application.
        s3: keeps what was published.
        bucket: of gold.
        items: one per user.
        anew: write every item, changed or not.

    Returns:
        how many users have insights (`users`), and how many items were written and deleted.
    """
    before = _published(s3, bucket)
    erased = _erased(table)
    after: dict[str, str] = {}
    written = 0
    with table.batch_writer() as batch:
        for item in items:
            user = item["user_id"]
            if user in erased:
                continue
            after[user] = item["digest"]
            if anew or before.get(user) != item["digest"]:
                batch.put_item(Item=dict(item))
                written += 1
    late = _erased(table) & after.keys()
    gone = (before.keys() - after.keys()) | late
    with table.batch_writer() as batch:
        for user in sorted(gone):
            batch.delete_item(Key=dict(key(user)))
    kept = {user: digest for user, digest in after.items() if user not in late}
    s3.put_object(Bucket=bucket, Key=PUBLISHED, Body=gzip.compress(json.dumps(kept, sort_keys=True).encode()))
    return {"users": len(kept), "written": written, "deleted": len(gone)}


def remember(table: "Table", seen: Mapping[str, Any]) -> None:
    """Keep how far bronze had been seen when this run was planned; `orchestration.window` reads it."""
    table.put_item(
        Item={**contract.watermark_key().plain(), "entity_type": contract.EntityType.WATERMARK.value, **seen}
    )


def _erased(table: "Table") -> set[str]:
    from boto3.dynamodb.conditions import Key

    asked: dict[str, Any] = {
        "KeyConditionExpression": Key("PK").eq(contract.ERASURE_PARTITION),
        "ProjectionExpression": "SK",
    }
    found: set[str] = set()
    while True:
        page = table.query(**asked, ConsistentRead=True)
        found |= {str(item["SK"]) for item in page["Items"]}
        if "LastEvaluatedKey" not in page:
            return found
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _published(s3: "S3Client", bucket: str) -> dict[str, str]:
    try:
        stored = s3.get_object(Bucket=bucket, Key=PUBLISHED)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return {}
    known: dict[str, str] = json.loads(gzip.decompress(stored))
    return known
