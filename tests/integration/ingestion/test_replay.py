"""Replay and backfill against a table, its stream and queues of the local account."""

import datetime as dt
import gzip
import json
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

import ingestion.cdc
from ingestion.backfill.export import Exported, Pace, export
from ingestion.backfill.removed import TASK_COLUMNS, export_removals
from ingestion.bronze import Bronze
from ingestion.cdc.quarantine import format_message
from ingestion.contract import DISCARDED
from ingestion.errors import RefusedError
from ingestion.replay import run
from ingestion.replay.changes import Changes, QuarantineResolver, Resolved, resolve_batch
from ingestion.replay.discarded_batches import DiscardedBatches
from ingestion.replay.erased import Erased
from ingestion.replay.executions import Executions
from ingestion.replay.queues import Queue
from ingestion.replay.shard import lambda_record
from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory
from transforms.silver.erasures import Erasures

pytestmark = pytest.mark.account


class Lake:
    """A table with its stream, a bronze bucket and a failure queue, all a test's own."""

    function = "todo-cdc"

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

    def discard(self, start: int, end: int) -> str:
        """What Lambda writes about a batch that it discarded, of the stream's records `start` to `end`."""
        document = {
            "version": "1.0",
            "requestContext": {"functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{self.function}"},
            "DDBStreamBatchInfo": {"streamArn": self.stream, "batchSize": end - start + 1},
            "payload": json.dumps({"Records": self.records()[start : end + 1]}),
        }
        key = f"{DISCARDED}mapping-1/shardId-0/2026/11/24/2026-11-24T10.00.00-{uuid.uuid4()}"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(document).encode())
        return key

    def quarantine(self, **changed: Any) -> None:
        """Send what change capture sends about the newest record, without the record."""
        message = json.loads(format_message(self.records()[-1], "why"))
        self.send(json.dumps({**message, "record": None, **changed}))

    def records(self) -> list[dict[str, Any]]:
        """The stream's, as a function gets them."""
        shard = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = self.streams.get_shard_iterator(
            StreamArn=self.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = self.streams.get_records(ShardIterator=iterator)["Records"]
        return [lambda_record(record, self.stream) for record in records]

    def discarded(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=DISCARDED).get("Contents", [])
        return [one["Key"] for one in found]

    def lines(self) -> list[dict[str, Any]]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="cdc/dt=").get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in found]
        return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]

    def export(self, segments: int = 2) -> Exported:
        return export(self.dynamodb, self.name, self.bronze, Pace(10_000), segments=segments, seen=lambda _more: None)

    def changes(self, resolve: Callable[[str], Resolved]) -> Changes:
        return Changes(resolve, Erased(self.dynamodb), self.bronze, lambda: self.export().envelopes)

    def replay(self, *, dry_run: bool = False) -> run.Summary:
        """Of what Lambda discarded."""
        source = DiscardedBatches(Bronze(self.s3, self.bucket), self.function)
        return run.replay(source, self.changes(resolve_batch), lambda _more: None, dry_run=dry_run)

    def replay_quarantine(self) -> run.Summary:
        to = self.changes(QuarantineResolver(self.streams, self.dynamodb).resolve)
        return run.replay(Queue(self.sqs, self.queue_name), to, lambda _more: None, dry_run=False)


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
        return {**dict.fromkeys(TASK_COLUMNS), **texts, **times, "due_date": dt.date(2026, 12, 1), "version": 2}

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


def test_a_replay_deletes_objects_once_their_records_are_in_bronze(lake: Lake) -> None:
    for version in range(1, 6):
        lake.put("TASK#1", version)
    lake.put("IDEMPOTENCY#1")
    lake.put("TASK#2")
    lake.discard(1, 3)
    lake.discard(4, 6)
    foreign = f"{DISCARDED}mapping-1/shardId-0/nonsense"
    lake.s3.put_object(Bucket=lake.bucket, Key=foreign, Body=b"nonsense")
    # another function's are not touched
    lake.function = "todo-other"
    key = lake.discard(0, 6)
    moved = key.replace("mapping-1", "mapping-2")
    lake.s3.copy_object(Bucket=lake.bucket, Key=moved, CopySource={"Bucket": lake.bucket, "Key": key})
    lake.s3.delete_object(Bucket=lake.bucket, Key=key)
    lake.function = "todo-cdc"

    foreseen = lake.replay(dry_run=True)
    assert (foreseen.messages, foreseen.replayed, foreseen.records, len(foreseen.unresolved)) == (3, 2, 5, 1)
    assert lake.lines() == []
    assert len(lake.discarded()) == 4

    done = lake.replay()
    assert (done.messages, done.replayed, done.records, done.exported) == (3, 2, 5, 0)
    assert done.unresolved == {foreign: "no invocation record of a batch that Lambda discarded"}
    changes = sorted((line["keys"]["PK"], line["new_image"]["version"]) for line in lake.lines())
    assert changes == [("TASK#1", 2), ("TASK#1", 3), ("TASK#1", 4), ("TASK#1", 5), ("TASK#2", 1)]
    assert lake.discarded() == [foreign, moved]

    again = lake.replay()
    assert (again.messages, again.replayed) == (1, 0)
    assert len(lake.lines()) == 5


def test_what_could_not_be_deleted_is_not_counted_as_done(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("TASK#1")
    key = lake.discard(0, 0)
    lake.quarantine()

    def refuse_objects(*, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Errors": [{"Key": one["Key"], "Code": "InternalError"} for one in Delete["Objects"]]}

    def refuse_messages(*, Entries: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        failed = [{"Id": one["Id"], "Code": "InternalError", "SenderFault": False} for one in Entries]
        return {"Successful": [], "Failed": failed}

    for replay in (lake.replay, lake.replay_quarantine):
        with monkeypatch.context() as fault:
            fault.setattr(lake.s3, "delete_objects", refuse_objects)
            fault.setattr(lake.sqs, "delete_message_batch", refuse_messages)
            done = replay()
        assert (done.messages, done.replayed, done.records) == (1, 0, 1)
        assert "could not be deleted: InternalError" in next(iter(done.unresolved.values()))
    assert lake.discarded() == [key]

    for replay in (lake.replay, lake.replay_quarantine):
        again = replay()
        assert (again.messages, again.replayed, again.unresolved) == (1, 1, {})
    assert len({line["event_id"] for line in lake.lines()}) == 1


def test_a_replay_is_the_same_event_as_the_first_delivery(lake: Lake) -> None:
    lake.put("TASK#1")
    for _ in range(2):
        lake.discard(0, 0)
        lake.replay()
    (number,) = [record["dynamodb"]["SequenceNumber"] for record in lake.records()]
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
    Erasures(lake.dynamodb, lake.name).record_erased("u-1", dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC))
    lake.discard(0, len(lake.records()) - 1)

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
    gone = {"sequence_number": "1".zfill(21), "event_name": "REMOVE", "keys": {"PK": "TASK#9", "SK": "METADATA"}}
    lake.quarantine(**gone)
    lake.quarantine(**gone)
    lake.quarantine(sequence_number=None, keys=None)

    done = lake.replay_quarantine()

    assert (done.replayed, done.exported, len(done.unresolved)) == (2, 3, 1)
    assert all(line["event_id"].startswith("backfill-") for line in lake.lines())
    assert sorted(line["keys"]["PK"] for line in lake.lines()) == ["TASK#0", "TASK#1", "TASK#2"]


def test_nothing_is_deleted_when_bronze_does_not_take_it(lake: Lake) -> None:
    lake.put("TASK#1")
    key = lake.discard(0, 0)
    lake.bronze = Bronze(lake.s3, f"nowhere-{lake.bucket}")
    with pytest.raises(lake.s3.exceptions.NoSuchBucket):
        lake.replay()
    assert lake.discarded() == [key]


def test_an_execution_is_started_once_for_each_message(account: Account, lake: Lake, role: RoleFactory) -> None:
    machines = account.session.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name=f"machine-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role("states")
    )["stateMachineArn"]
    lake.send('{"full_refresh": true}')
    lake.send("nonsense")
    queue = Queue(lake.sqs, lake.queue_name)

    to = Executions(machines, machine)
    foreseen = run.replay(queue, to, lambda _more: None, dry_run=True)
    assert machines.list_executions(stateMachineArn=machine)["executions"] == []
    done = run.replay(queue, to, lambda _more: None, dry_run=False)

    assert (foreseen.replayed, done.replayed, done.records, len(done.unresolved)) == (1, 1, 1, 1)
    (execution,) = machines.list_executions(stateMachineArn=machine)["executions"]
    until("its end", lambda: machines.describe_execution(executionArn=execution["executionArn"]).get("output"))
    assert machines.describe_execution(executionArn=execution["executionArn"])["input"] == '{"full_refresh": true}'
    assert queue.count_messages() == 1


def test_a_queue_that_is_not_there_is_said_so(lake: Lake) -> None:
    with pytest.raises(RefusedError, match="no queue todo-nowhere"):
        Queue(lake.sqs, "todo-nowhere")
