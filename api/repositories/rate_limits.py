"""Counts of requests: `RATE_LIMIT#{hash of the user's identifier}` / window, shared by all processes."""

import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed

from api import contract
from api.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RateLimitRepository:
    """Adds to counts in the table; TTL removes them."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def add(self, user_id: str, window: int, requests: int, ends_at: int) -> int | None:
        """Add to a user's count of a window.

        Args:
            user_id: who sends the requests.
            window: its number.
            requests: how many.
            ends_at: when the window ends, in seconds since 1970.

        Returns:
            the count with these; None when DynamoDB refused or did not answer, which a warning in the log names.
        """
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=contract.rate_limit_key(hashlib.sha256(user_id.encode()).hexdigest(), window).typed(),
                UpdateExpression="ADD #requests :requests SET entity_type = :type, #ttl = :ttl",
                ExpressionAttributeNames={"#requests": "requests", "#ttl": contract.TTL_ATTRIBUTE},
                ExpressionAttributeValues={
                    ":requests": {"N": str(requests)},
                    ":type": {"S": contract.EntityType.RATE_LIMIT.value},
                    ":ttl": {"N": str(ends_at)},
                },
                ReturnValues="UPDATED_NEW",
            )
        except (ClientError, HTTPClientError, ConnectionFailed) as error:
            logger.warning("rate limit not counted", extra={"reason": type(error).__name__})
            return None
        return int(answer["Attributes"]["requests"]["N"])
