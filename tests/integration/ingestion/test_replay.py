"""Replay and backfill against a table, its stream and queues of the local account."""

import datetime as dt
import gzip
import json
import pathlib
import uuid
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

import ingestion.cdc
from ingestion.backfill.export import Exported, Pace, export
from ingestion.backfill.removed import export_removals
from ingestion.bronze import Bronze
from ingestion.errors import RefusedError
from ingestion.replay import run
from ingestion.replay.changes import Resolver
from ingestion.replay.erased import Erased
from ingestion.replay.queues import Queue
from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory
from transforms.silver.erasures import Erasures

pytestmark = pytest.mark.account


class Lake:
    """A table with its stream, a bronze bucket and a failure queue, all a test's own."""

    def __init__(self, account: Account, unique: str) -> None:
        session = account.session
        self.name, self.bucket, self.queue_name = f"table-{unique}", f"bronze-{unique}", f"failures-{unique}"
        self.dynamodb, self.s3, self.sqs = session.client("dynamodb"), session.client("s3"), session.client("sqs")
        self.streams = session.client("dynamodbstreams")
        self.s3.create_bucket(Bucket=self.bucket)
        self.url = self.sqs.create_queue(QueueName=self.queue_name)["QueueUrl"]
        self.stream = self.dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]["LatestStreamArn"]
        self.bronze = Bronze(self.s3, self.bucket)

    def put(self, key: str, version: int = 1, **attributes: Any) -> None:
        item: dict[str, Any] = {
            "PK": {"S": key},
            "SK": {"S": "METADATA"},
            "version": {"N": str(version)},
            "updated_at": {"S": "2026-11-24T10:00:00.000000Z"},
            **attributes,
        }
        self.dynamodb.put_item(TableName=self.name, Item=item)

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def gap(self, start: str, end: str) -> None:
        """Send what Lambda sends about a batch that it gave up."""
        shard = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"][0]["ShardId"]
        batch = {"streamArn": self.stream, "shardId": shard, "startSequenceNumber": start, "endSequenceNumber": end}
        self.send(json.dumps({"version": "1.0", "DDBStreamBatchInfo": batch}))

    def sequence_numbers(self) -> list[str]:
        shard = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = self.streams.get_shard_iterator(
            StreamArn=self.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = self.streams.get_records(ShardIterator=iterator)["Records"]
        return [record["dynamodb"]["SequenceNumber"] for record in records]

    def lines(self) -> list[dict[str, Any]]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="cdc/dt=").get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in found]
        return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]

    def export(self, segments: int = 2) -> Exported:
        return export(self.dynamodb, self.name, self.bronze, Pace(10_000), segments=segments, seen=lambda _more: None)

    def replay(self, *, dry_run: bool = False) -> run.Summary:
        return run.replay_changes(
            Queue(self.sqs, self.queue_name),
            Resolver(self.streams, self.dynamodb),
            Erased(self.dynamodb),
            self.bronze,
            lambda: self.export().envelopes,
            lambda _more: None,
            dry_run=dry_run,
        )


@pytest.fixture
def lake(account: Account, unique: str) -> Iterator[Lake]:
    made = Lake(account, unique)
    yield made
    made.dynamodb.delete_table(TableName=made.name)
    made.sqs.delete_queue(QueueUrl=made.url)


def test_what_silver_has_and_the_table_has_no_more_is_removed_in_bronze(lake: Lake) -> None:
    moment = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)

    def task(number: int) -> dict[str, Any]:
        key = {"PK": {"S": "TASK#u-1"}, "SK": {"S": f"TASK#t-{number}"}}
        if number % 3:
            lake.dynamodb.put_item(TableName=lake.name, Item=key)
        texts = {"task_id": f"t-{number}", "user_id": "u-1", "title": "T", "status": "pending", "priority": "low"}
        times = {"created_at": moment, "updated_at": moment, "completed_at": None, "deleted_at": None}
        return {**texts, **times, "category": None, "due_date": dt.date(2026, 12, 1), "version": 2}

    users = [{"user_id": "u-1", "created_at": moment, "updated_at": moment, "version": 1}]
    rows = [task(number) for number in range(150)]
    exported = export_removals(
        lake.dynamodb, lake.name, lake.bronze, Pace(10_000), rows, users, "2026-11-25T00:00:00.000000Z"
    )
    removals = [line for line in lake.lines() if line["event_name"] == "REMOVE"]
    assert (exported, len(removals)) == (51, 51)
    assert {line["keys"]["SK"] for line in removals} == {
        "METADATA",
        *(f"TASK#t-{number}" for number in range(0, 150, 3)),
    }
    schema = json.loads((pathlib.Path(ingestion.cdc.__path__[0]) / "envelope.schema.json").read_text())
    for line in removals:
        jsonschema.Draft202012Validator(schema).validate(line)


def test_a_backfill_writes_what_change_capture_wants_and_the_same_again(lake: Lake) -> None:
    for number in range(40):
        lake.put(f"TASK#{number}", version=number + 1, data={"B": b"\x00\xff"}, amount={"N": "0.1"})
    lake.put("USER#1")
    lake.put("IDEMPOTENCY#1")

    done = lake.export(segments=3)
    first = lake.lines()
    lake.export(segments=1)

    assert (done.scanned, done.envelopes, done.unusable) == (42, 41, 0)
    assert done.read_units > 0
    assert {line["keys"]["PK"] for line in first} == {*(f"TASK#{number}" for number in range(40)), "USER#1"}
    assert {line["new_image"].get("data") for line in first} == {"AP8=", None}
    assert len(lake.lines()) == 82
    assert {line["event_id"] for line in lake.lines()} == {line["event_id"] for line in first}


def test_a_replay_empties_the_queue_once_everything_is_in_bronze(lake: Lake) -> None:
    for version in range(1, 6):
        lake.put("TASK#1", version)
    lake.put("IDEMPOTENCY#1")
    lake.put("TASK#2")
    numbers = lake.sequence_numbers()
    lake.gap(numbers[1], numbers[3])
    lake.gap(numbers[4], numbers[6])
    lake.send("nonsense")

    foreseen = lake.replay(dry_run=True)
    assert (foreseen.messages, foreseen.replayed, foreseen.records, len(foreseen.unresolved)) == (3, 2, 5, 1)
    assert lake.lines() == []

    done = lake.replay()
    assert (done.messages, done.replayed, done.records, done.exported) == (3, 2, 5, 0)
    assert list(done.unresolved.values()) == ["neither a quarantined record nor a batch that Lambda gave up"]
    changes = sorted((line["keys"]["PK"], line["new_image"]["version"]) for line in lake.lines())
    assert changes == [("TASK#1", 2), ("TASK#1", 3), ("TASK#1", 4), ("TASK#1", 5), ("TASK#2", 1)]

    again = lake.replay()
    assert (again.messages, again.replayed) == (1, 0)
    assert len(lake.lines()) == 5


def test_a_message_that_could_not_be_deleted_is_not_counted_as_done(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("TASK#1")
    (number,) = lake.sequence_numbers()
    lake.gap(number, number)

    def refuse(*, Entries: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        failed = [{"Id": one["Id"], "Code": "InternalError", "SenderFault": False} for one in Entries]
        return {"Successful": [], "Failed": failed}

    with monkeypatch.context() as fault:
        fault.setattr(lake.sqs, "delete_message_batch", refuse)
        done = lake.replay()
    assert (done.messages, done.replayed, done.records) == (1, 0, 1)
    assert "could not be deleted from the queue: InternalError" in next(iter(done.unresolved.values()))

    again = lake.replay()
    assert (again.messages, again.replayed, again.unresolved) == (1, 1, {})
    assert len({line["event_id"] for line in lake.lines()}) == 1


def test_a_replay_is_the_same_event_as_the_first_delivery(lake: Lake) -> None:
    lake.put("TASK#1")
    (number,) = lake.sequence_numbers()
    for _ in range(2):
        lake.gap(number, number)
        lake.replay()
    assert len({line["event_id"] for line in lake.lines()}) == 1
    assert {line["sequence_number"] for line in lake.lines()} == {number}
    assert {line["table_name"] for line in lake.lines()} == {lake.name}


def test_who_has_been_erased_is_not_brought_back_and_keeps_what_came_later(lake: Lake) -> None:
    def written(key: str, created_at: str, **more: Any) -> None:
        lake.put(key, created_at={"S": created_at}, **more)

    written("TASK#u-1", "2026-11-24T10:00:00.000000Z", title={"S": "before"})
    lake.dynamodb.delete_item(TableName=lake.name, Key={"PK": {"S": "TASK#u-1"}, "SK": {"S": "METADATA"}})
    written("TASK#u-1", "2026-11-24T11:00:00.000000Z", title={"S": "made while the lake was being erased"})
    written("USER#u-1", "2026-11-24T13:00:00.000000Z", name={"S": "came back and went"})
    lake.dynamodb.delete_item(TableName=lake.name, Key={"PK": {"S": "USER#u-1"}, "SK": {"S": "METADATA"}})
    written("TASK#u-10", "2026-11-24T10:00:00.000000Z", title={"S": "somebody else"})
    numbers = lake.sequence_numbers()
    Erasures(lake.dynamodb, lake.name).record_erased("u-1", dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC))
    lake.gap(numbers[0], numbers[-1])

    done = lake.replay()

    assert (done.replayed, done.records, done.erased) == (1, 4, 2)
    images = [line["new_image"] or line["old_image"] for line in lake.lines()]
    assert sorted(image.get("title") or image["name"] for image in images) == [
        "came back and went", "came back and went", "made while the lake was being erased", "somebody else",
    ]  # fmt: skip
    assert "u-1" not in str(lake.dynamodb.query(
        TableName=lake.name,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "ERASED"}},
    )["Items"])  # fmt: skip
    assert lake.replay().messages == 0


def test_what_has_aged_out_of_the_stream_is_exported_from_the_table_once(lake: Lake) -> None:
    for number in range(3):
        lake.put(f"TASK#{number}", version=7)
    lake.gap("1".zfill(21), "2".zfill(21))
    lake.gap("3".zfill(21), "3".zfill(21))
    lake.gap("4", "4")

    done = lake.replay()

    assert (done.replayed, done.exported, len(done.unresolved)) == (2, 3, 1)
    assert all(line["event_id"].startswith("backfill-") for line in lake.lines())
    assert sorted(line["keys"]["PK"] for line in lake.lines()) == ["TASK#0", "TASK#1", "TASK#2"]


def test_nothing_leaves_the_queue_when_bronze_does_not_take_it(lake: Lake) -> None:
    lake.put("TASK#1")
    (number,) = lake.sequence_numbers()
    lake.gap(number, number)
    lake.bronze = Bronze(lake.s3, f"nowhere-{lake.bucket}")
    with pytest.raises(lake.s3.exceptions.NoSuchBucket):
        lake.replay()
    assert Queue(lake.sqs, lake.queue_name).count_messages() == 1


def test_an_execution_is_started_once_for_each_message(account: Account, lake: Lake, role: RoleFactory) -> None:
    machines = account.session.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name=f"machine-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role("states")
    )["stateMachineArn"]
    lake.send('{"full_refresh": true}')
    lake.send("nonsense")
    queue = Queue(lake.sqs, lake.queue_name)

    foreseen = run.replay_executions(queue, machines, machine, lambda _more: None, dry_run=True)
    assert machines.list_executions(stateMachineArn=machine)["executions"] == []
    done = run.replay_executions(queue, machines, machine, lambda _more: None, dry_run=False)

    assert (foreseen.replayed, done.replayed, done.records, len(done.unresolved)) == (1, 1, 1, 1)
    (execution,) = machines.list_executions(stateMachineArn=machine)["executions"]
    until("its end", lambda: machines.describe_execution(executionArn=execution["executionArn"]).get("output"))
    assert machines.describe_execution(executionArn=execution["executionArn"])["input"] == '{"full_refresh": true}'
    assert queue.count_messages() == 1


def test_a_queue_that_is_not_there_is_said_so(lake: Lake) -> None:
    with pytest.raises(RefusedError, match="no queue todo-nowhere"):
        Queue(lake.sqs, "todo-nowhere")
