"""The deployed cdc function with a fault of choice, and how far each change of one user has come."""

import functools
import gzip
import io
import json
import pathlib
import zipfile

import boto3

from infra import bundling
from ingestion.discarded import DiscardedBatch, list_discarded
from ingestion.replay.messages import parse
from ingestion.replay.shard import lambda_record
from tests.conftest import until
from tests.e2e.conftest import Platform

FUNCTION = "todo-cdc"
DISCARDED_BATCHES, QUARANTINE = "todo-cdc-discarded", "todo-cdc-quarantine"
HIDDEN_SECONDS = 2
FAULTY_CAPTURE = pathlib.Path(__file__).with_name("faulty_capture.py")
# as deployed
MAX_AGE_SECONDS = 12 * 60 * 60


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


class FaultyFunction:
    """The deployed function, with a fault of choice.

    Args:
        state: a folder for what a fault has to remember.
        name: of the function.
        faulty: the module that wraps its handler; its variable `FAULT` names the fault.
    """

    def __init__(self, state: pathlib.Path, name: str = FUNCTION, faulty: pathlib.Path = FAULTY_CAPTURE) -> None:
        self.state, self.name, self.faulty, self.functions = state, name, faulty, boto3.client("lambda")
        self.original = self.functions.get_function_configuration(FunctionName=name)

    def install(self, fault: str | None) -> None:
        """Run the function with a fault from now on; None: as it was deployed."""
        folder = bundling.build(self.name, "local")
        variables = dict(self.original["Environment"]["Variables"])
        if fault:
            variables |= {"FAULT": fault, "FAULT_STATE": str(self.state)}
        self.functions.update_function_code(
            FunctionName=self.name, ZipFile=package(folder, *([self.faulty] if fault else []))
        )
        self.functions.update_function_configuration(
            FunctionName=self.name,
            Handler=f"{self.faulty.stem}.handler" if fault else self.original["Handler"],
            Environment={"Variables": variables},
        )

    def discard_after(self, seconds: int) -> None:
        """Let Lambda discard records of the stream when they are so old, from now on."""
        (mapping,) = self.functions.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]
        self.functions.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=seconds)


class Capture(FaultyFunction):
    """The deployed function, and how far each change of one user's tasks has come."""

    def __init__(self, platform: Platform, state: pathlib.Path) -> None:
        super().__init__(state)
        self.platform, self.user = platform, platform.user()
        self.sqs, self.s3 = boto3.client("sqs"), boto3.client("s3")
        self.streams = boto3.client("dynamodbstreams")
        self.messages: dict[str, str] = {}
        self.ids: dict[str, list[str]] = {}

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

    def undelivered(self) -> set[str]:
        """The event ids that messages in quarantine are about, and those of batches that Lambda discarded."""
        url = self.sqs.get_queue_url(QueueName=QUARANTINE)["QueueUrl"]
        while found := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS
        ).get("Messages", []):
            self.messages |= {message["MessageId"]: message["Body"] for message in found}
        bucket = self.platform.outputs["BronzeBucket"]
        keys = list_discarded(self.s3, bucket).get(FUNCTION, [])
        bodies = [self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
        return {str(parse(body)["event_id"]) for body in self.messages.values()} | {
            record["eventID"] for body in bodies for record in DiscardedBatch.parse(body).records
        }

    def let_go(self) -> None:
        """Wait until the messages that were looked at can be received again, by whoever drains the queue."""
        url = self.sqs.get_queue_url(QueueName=QUARANTINE)["QueueUrl"]
        until("no message to be hidden", functools.partial(self._all_visible, url), 10 * HIDDEN_SECONDS, every=0.2)

    def _all_visible(self, url: str) -> bool:
        hidden = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
        return hidden["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"

    def settle(self, what: str) -> tuple[set[str], set[str]]:
        """Wait until every change is in bronze or undelivered; the event ids there, and those here."""

        def settled() -> tuple[set[str], set[str]] | None:
            committed = self.committed()
            bronze, queued = set(self.in_bronze()), self.undelivered()
            return (bronze & set(committed), queued & set(committed)) if set(committed) <= bronze | queued else None

        return until(f"every change to be somewhere after: {what}", settled, 120, every=0.2)
