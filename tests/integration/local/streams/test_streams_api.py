"""Conformance of the DynamoDB Streams API: a shard read again from a sequence number on."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.integration.local.conftest import FunctionFactory
from tests.integration.local.streams.test_streams import Capture

pytestmark = pytest.mark.account


@pytest.fixture
def capture(account: Account, unique: str) -> Capture:
    made = Capture(account, unique)
    made.put("a", "b", "c", "d")
    return made


class Shard:
    """The only shard of a capture's stream."""

    def __init__(self, capture: Capture) -> None:
        self.client, self.stream = capture.account.session.client("dynamodbstreams"), capture.stream
        (self.shard,) = self.client.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"]

    def read(self, where: Any, **position: Any) -> list[tuple[str, str]]:
        """Key and sequence number of every record."""
        iterator = self.client.get_shard_iterator(
            StreamArn=self.stream, ShardId=self.shard["ShardId"], ShardIteratorType=where, **position
        )["ShardIterator"]
        records = self.client.get_records(ShardIterator=iterator)["Records"]
        return [(one["dynamodb"]["Keys"]["id"]["S"], one["dynamodb"]["SequenceNumber"]) for one in records]


def test_a_shard_is_read_at_or_after_a_sequence_number(capture: Capture) -> None:
    shard = Shard(capture)
    everything = shard.read("TRIM_HORIZON")
    numbers = dict(everything)

    assert [key for key, _ in everything] == ["a", "b", "c", "d"]
    assert [key for key, _ in shard.read("AT_SEQUENCE_NUMBER", SequenceNumber=numbers["b"])] == ["b", "c", "d"]
    assert [key for key, _ in shard.read("AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers["b"])] == ["c", "d"]
    assert shard.read("LATEST") == []
    assert shard.shard["SequenceNumberRange"]["StartingSequenceNumber"] == numbers["a"]
    assert sorted(numbers.values(), key=int) == list(numbers.values())


def test_records_that_have_aged_out_and_shards_that_are_gone_say_so(capture: Capture) -> None:
    shard = Shard(capture)
    with pytest.raises(ClientError) as trimmed:
        shard.read("AT_SEQUENCE_NUMBER", SequenceNumber="1".zfill(21))
    assert trimmed.value.response["Error"]["Code"] == "TrimmedDataAccessException"

    shard.shard["ShardId"] = "shardId-00000000000000000001-00000001"
    with pytest.raises(ClientError) as gone:
        shard.read("TRIM_HORIZON")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_lambda_gave_up_is_found_in_its_shard(capture: Capture, function: FunctionFactory, unique: str) -> None:
    source = "def handler(event, context):\n    raise ValueError('no')\n"
    function(f"fails-{unique}", source, *capture.statements)
    capture.map(f"fails-{unique}", MaximumRetryAttempts=0, DestinationConfig=capture.on_failure())

    batch = capture.failure()["DDBStreamBatchInfo"]
    shard = Shard(capture)

    assert (batch["streamArn"], batch["shardId"]) == (capture.stream, shard.shard["ShardId"])
    found = shard.read("AT_SEQUENCE_NUMBER", SequenceNumber=batch["startSequenceNumber"])
    assert [key for key, _ in found[: batch["batchSize"]]] == ["a", "b", "c", "d"]
    assert found[batch["batchSize"] - 1][1] == batch["endSequenceNumber"]
