"""Insights items: `INSIGHTS#{user_id}` / `METADATA`, which the pipeline writes and the API reads."""

from typing import TYPE_CHECKING

from api.contract import insights_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class InsightsRepository:
    """Published figures in the table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, user_id: str) -> str | None:
        """The user's figures as a JSON document, or None."""
        answer = self._client.get_item(
            TableName=self._table,
            Key=insights_key(user_id).typed(),
            ConsistentRead=True,
            ProjectionExpression="figures",
        )
        item = answer.get("Item")
        return item["figures"]["S"] if item else None
