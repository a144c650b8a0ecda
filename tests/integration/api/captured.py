"""What change capture makes of a user's writes: the stream of the test's table, through the real capture code."""

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from ingestion.cdc.transform import encode_line, make_envelope
from ingestion.replay.shard import lambda_record
from tests.conftest import Account

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


@dataclasses.dataclass
class Stream:
    """The stream of one table.

    Args:
        account: where it is.
        table: its name.
    """

    account: Account
    table: str

    @functools.cached_property
    def client(self) -> "DynamoDBStreamsClient":
        """A client of its API."""
        return self.account.session.client("dynamodbstreams", endpoint_url=self.account.settings.endpoint)

    @functools.cached_property
    def arn(self) -> str:
        """Its ARN."""
        dynamodb = self.account.session.client("dynamodb", endpoint_url=self.account.settings.endpoint)
        return dynamodb.describe_table(TableName=self.table)["Table"]["LatestStreamArn"]

    @functools.cached_property
    def shard_id(self) -> str:
        """Its only shard."""
        (shard,) = self.client.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        return shard["ShardId"]

    def records(self) -> list[dict[str, Any]]:
        """All records, oldest first, as Lambda hands them over."""
        position: str | None = self.client.get_shard_iterator(
            StreamArn=self.arn, ShardId=self.shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[dict[str, Any]] = []
        while position:
            page = self.client.get_records(ShardIterator=position)
            position = page.get("NextShardIterator") if page["Records"] else None
            found += [lambda_record(one, self.arn) for one in page["Records"]]
        return found

    def lines(self, user_id: str) -> list[bytes]:
        """The lines of bronze about a user, oldest first."""
        owned = (f"TASK#{user_id}", f"USER#{user_id}")
        mine = [one for one in self.records() if one["dynamodb"]["Keys"]["PK"]["S"] in owned]
        return [encode_line(make_envelope(one, "2026-11-29T12:00:00.000000Z")) for one in mine]
