"""Whatever fails on the way, every change is in bronze or in a failure queue, and after a replay silver is the table.

The faults hit the deployed function, with its own role, queues and event source mapping; only one Spark run follows.
"""

import functools
import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra import bundling
from ingestion.replay.messages import Gap, parse
from ingestion.replay.shard import lambda_record
from tests.conftest import until
from tests.e2e.conftest import Platform, User

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

FUNCTION = "todo-cdc"
QUEUES = ("todo-cdc-failures", "todo-cdc-quarantine")
HIDDEN_SECONDS = 2
INSIGHTS = pathlib.Path(sys.executable).with_name("insights")


def package(folder: pathlib.Path, *more: pathlib.Path) -> bytes:
    """A deployment package of a bundle's folder and some modules."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                made.write(path, path.relative_to(folder))
        for path in more:
            made.write(path, path.name)
    return archive.getvalue()


class Capture:
    """The deployed function, and how far each change of one user's tasks has come."""

    def __init__(self, platform: Platform, state: pathlib.Path) -> None:
        self.platform, self.user, self.state = platform, platform.user(), state
        self.functions, self.sqs, self.s3 = boto3.client("lambda"), boto3.client("sqs"), boto3.client("s3")
        self.streams = boto3.client("dynamodbstreams")
        self.original = self.functions.get_function_configuration(FunctionName=FUNCTION)
        self.messages: dict[str, str] = {}
        self.ids: dict[str, list[str]] = {}

    def install(self, fault: str | None) -> None:
        """Run the function with a fault from now on; None: as it was deployed."""
        folder = bundling.build(FUNCTION, "local")
        faulty = pathlib.Path(__file__).with_name("faulty_capture.py")
        variables = dict(self.original["Environment"]["Variables"])
        if fault:
            variables |= {"FAULT": fault, "FAULT_STATE": str(self.state)}
        self.functions.update_function_code(
            FunctionName=FUNCTION, ZipFile=package(folder, *([faulty] if fault else []))
        )
        self.functions.update_function_configuration(
            FunctionName=FUNCTION,
            Handler="faulty_capture.handler" if fault else self.original["Handler"],
            Environment={"Variables": variables},
        )

    def committed(self) -> dict[str, str]:
        """Event id to sequence number of every change of the user's tasks, from the table's stream itself."""
        stream = self.streams.list_streams(TableName=self.platform.outputs["TableName"])["Streams"][0]["StreamArn"]
        shard = self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator: str | None = self.streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: dict[str, str] = {}
        while iterator:
            page = self.streams.get_records(ShardIterator=iterator)
            if not page["Records"]:
                break
            for record in (lambda_record(one, stream) for one in page["Records"]):
                if record["dynamodb"]["Keys"]["PK"]["S"] == f"TASK#{self.user.id}":
                    found[record["eventID"]] = record["dynamodb"]["SequenceNumber"]
            iterator = page.get("NextShardIterator")
        return found

    def in_bronze(self) -> list[str]:
        """The event ids of bronze, each as often as it is there."""
        bucket = self.platform.outputs["BronzeBucket"]
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="cdc/")
        for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
            if key not in self.ids:
                body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                self.ids[key] = [json.loads(line)["event_id"] for line in gzip.decompress(body).splitlines()]
        return [event_id for ids in self.ids.values() for event_id in ids]

    def in_queues(self, committed: dict[str, str]) -> set[str]:
        """The event ids that messages of the failure queues are about."""
        for name in QUEUES:
            url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
            while found := self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS
            ).get("Messages", []):
                self.messages |= {message["MessageId"]: message["Body"] for message in found}
        waiting: set[str] = set()
        for about in map(parse, self.messages.values()):
            if isinstance(about, Gap):
                waiting |= {
                    one for one, number in committed.items() if int(about.start) <= int(number) <= int(about.end)
                }
            else:
                waiting.add(str(about["event_id"]))
        return waiting

    def let_go(self) -> None:
        """Wait until the messages that were looked at can be received again, by whoever drains the queues."""
        for url in [self.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in QUEUES]:
            until("no message to be hidden", functools.partial(self._all_visible, url), 10 * HIDDEN_SECONDS, every=0.2)

    def _all_visible(self, url: str) -> bool:
        hidden = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
        return hidden["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"

    def settle(self, what: str) -> tuple[set[str], set[str]]:
        """Wait until every change is in bronze or in a queue; the event ids there, and those here."""

        def settled() -> tuple[set[str], set[str]] | None:
            committed = self.committed()
            bronze, waiting = set(self.in_bronze()), self.in_queues(committed)
            return (bronze & set(committed), waiting & set(committed)) if set(committed) <= bronze | waiting else None

        return until(f"every change to be somewhere after: {what}", settled, 120, every=0.5)


@pytest.fixture
def capture(platform: Platform, tmp_path: pathlib.Path) -> Iterator[Capture]:
    made = Capture(platform, tmp_path)
    yield made
    made.install(None)


def write(user: User, *titles: str) -> list[dict[str, Any]]:
    """Create a task for each title and change each once."""
    tasks = [user.create(title=title, category="faults") for title in titles]
    for task in tasks:
        assert user.send("PUT", f"/tasks/{task['id']}", {"status": "in_progress"}).status_code == 200
    return tasks


def run(*words: str) -> dict[str, Any]:
    """What a command tells as JSON; it has to exit with 0."""
    done = subprocess.run([INSIGHTS, *words, "--json"], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_no_fault_loses_a_change(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    user, account = capture.user, capture.platform.account
    for name, value in account.settings.environment().items():
        monkeypatch.setenv(name, value)

    capture.install("throttle_some")
    write(user, "some", "are", "refused")
    _, waiting = capture.settle("Firehose refuses some records")
    assert waiting == set()

    capture.install("crash")
    write(user, "the", "function", "crashes")
    _, waiting = capture.settle("the function crashes in mid-batch")
    assert (capture.state / "crashed").exists()
    assert waiting == set()

    capture.install("poison")
    write(user, "one", "is", "poison")
    bronze, waiting = capture.settle("a poison record in mid-batch")
    assert len(waiting) == 1
    assert not waiting & bronze

    capture.install("twice")
    write(user, "delivered", "twice")
    capture.settle("the same batch twice")
    assert len(capture.in_bronze()) > len(set(capture.in_bronze()))

    capture.install("out_of_order")
    tasks = write(user, "the", "last", "first")
    user.send("DELETE", f"/tasks/{tasks[0]['id']}")
    capture.settle("a batch out of order")

    capture.install(None)
    huge = user.create(title="A large image")
    key = {"PK": {"S": f"TASK#{user.id}"}, "SK": {"S": f"TASK#{huge['id']}"}}
    boto3.client("dynamodb").update_item(
        TableName=capture.platform.outputs["TableName"],
        Key=key,
        UpdateExpression="SET description = :d, version = version + :one",
        # 1.2 MB as JSON, since each of them is written as \u0001
        ExpressionAttributeValues={":d": {"S": "\x01" * 200_000}, ":one": {"N": "1"}},
    )
    _, waiting = capture.settle("an image of 1.2 MB")
    assert len(waiting) == 2

    write(user, "before", "the", "restart")
    account.stop()
    account.start()
    capture.settle("a restart between write and delivery")

    capture.install("throttle_all")
    user.create(title="All are refused")
    bronze, waiting = capture.settle("Firehose refuses everything")
    assert len(waiting) == 3
    assert not waiting & bronze
    capture.install(None)

    capture.let_go()
    foreseen = run("replay", "--dry-run")["queues"]
    assert {name: told["messages"] for name, told in foreseen.items()} == {QUEUES[0]: 1, QUEUES[1]: 2}
    done = run("replay")["queues"]
    assert {name: told["replayed"] for name, told in done.items()} == {QUEUES[0]: 1, QUEUES[1]: 2}
    assert set(capture.committed()) <= set(capture.in_bronze())
    assert {name: told["messages"] for name, told in run("replay")["queues"].items()} == dict.fromkeys(QUEUES, 0)

    assert_silver_is_the_table()


def assert_silver_is_the_table() -> None:
    """Run the silver job once and compare every row."""
    jobs = boto3.client("glue")
    run_id = jobs.start_job_run(JobName="todo-silver")["JobRunId"]

    def ended() -> Any:
        job = jobs.get_job_run(JobName="todo-silver", RunId=run_id)["JobRun"]
        return job if job["JobRunState"] in ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR") else None

    job = until("the silver job", ended, 300, every=1)
    assert job["JobRunState"] == "SUCCEEDED", job.get("ErrorMessage")
    found = run("reconcile")
    assert found["tasks"]["table"] > 15
    assert found["differences"] == 0
