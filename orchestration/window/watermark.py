"""How far the last successful run had seen bronze: one item of the table, written when a run has published.

`orchestration.publish` writes it, from the document that the plan carries; only this module reads it.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from api import contract
from orchestration.window.bronze import Seen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KEY = contract.watermark_key().typed()


def read(table: "DynamoDBClient", name: str) -> Seen | None:
    """The last successful run's; None when there was none."""
    item = table.get_item(TableName=name, Key=KEY, ConsistentRead=True).get("Item")
    if item is None:
        return None
    names = frozenset(name["S"] for name in item["names"]["L"])
    return Seen(_instant(item["until"]["S"]), names, _instant(item["at"]["S"]))


def document(seen: Seen) -> dict[str, Any]:
    """What a plan carries, and the item holds."""
    return {"until": seen.until.isoformat(), "names": sorted(seen.names), "at": seen.at.isoformat()}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
