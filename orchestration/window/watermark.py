"""How far the last successful run has read bronze: one item of the table, written when a run has published.

`orchestration.publish` writes it, from the document that the plan carries; only this module reads it.
"""

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KEY = contract.watermark_key().typed()
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Watermark:
    """How far bronze has been read.

    Args:
        until: S3's date of the newest object.
        names: fingerprints of the objects that S3 dates to the hour before; others of that time may still turn up.
        checked_at: when bronze was listed.
        built_at: when a run last built all of gold.
        inventoried_at: when all folders were last listed, those that should receive nothing any more among them.
    """

    until: datetime
    names: frozenset[str]
    checked_at: datetime
    built_at: datetime
    inventoried_at: datetime

    def document(self) -> dict[str, Any]:
        """What a plan carries, and the item holds."""
        return {
            "until": self.until.isoformat(),
            "names": sorted(self.names),
            "checked_at": self.checked_at.isoformat(),
            "built_at": self.built_at.isoformat(),
            "inventoried_at": self.inventoried_at.isoformat(),
        }


def read(table: "DynamoDBClient", name: str) -> Watermark | None:
    """The last successful run's; None when there was none."""
    item = table.get_item(TableName=name, Key=KEY, ConsistentRead=True).get("Item")
    if item is None or "built_at" not in item:
        return None
    names = frozenset(name["S"] for name in item["names"]["L"])
    until, checked_at, built_at = (
        datetime.fromisoformat(item[field]["S"]) for field in ("until", "checked_at", "built_at")
    )
    # an earlier release kept none
    inventoried_at = datetime.fromisoformat(item["inventoried_at"]["S"]) if "inventoried_at" in item else checked_at
    return Watermark(until, names, checked_at, built_at, inventoried_at)
