"""A lake, and a table, that know a user who is to go, and others; and the maintenance that erases."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from pyspark.sql import SparkSession

from api.repositories.erasures import ErasureRepository
from api.services.erasure import erase_for_operator
from infra.cli.residues import find_names, read_bucket
from ingestion.cdc import quarantine
from ingestion.contract import DISCARDED
from ingestion.discarded import DiscardedBatch
from tests.conftest import Account
from tests.integration.transforms.conftest import SECRET, Lake
from tests.integration.transforms.history import random_history
from tests.unit.ingestion.stream import record
from tests.unit.ingestion.test_replay import discarded
from transforms.silver import maintenance
from transforms.silver.erasures import Erasures
from transforms.silver.tables import Tables

USER = "4bd1a3c2-1111-4222-8333-0123456789ab"
WORDS = ["zelda.quux@private.example", "Zelda Quuxington", "Zebra surprise party", "Wombat plan B", "Meet Xanthippe"]
JOB = "erasure-tests-silver"


class Household:
    """A lake with versions of its own, and a table, both of which know a user who is to go, and others."""

    def __init__(self, account: Account, spark: SparkSession, name: str, role: str) -> None:
        self.account, self.name = account, f"household-{name}"
        self.s3, self.dynamodb = account.session.client("s3"), account.session.client("dynamodb")
        self.silver, self.gold = f"{self.name}-silver", f"{self.name}-gold"
        for bucket in (self.name, self.silver, self.gold):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.lake = Lake(account, spark, name, bucket=self.name, warehouse=self.silver)
        self.sqs, self.machines = account.session.client("sqs"), account.session.client("stepfunctions")
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.failures = self.sqs.create_queue(QueueName=f"{self.name}-webhooks")["QueueUrl"]
        waits = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}
        self.machine = self.machines.create_state_machine(name=self.name, definition=json.dumps(waits), roleArn=role)[
            "stateMachineArn"
        ]
        self.dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
            BillingMode="PAY_PER_REQUEST",
        )
        self.history = random_history(21, 40)
        self.others = list(self.history.lines)
        self.history.sign_up(USER, WORDS[0], WORDS[1])
        self.history.create_task("t-zebra", USER, description=WORDS[4], title=WORDS[2])
        self.history.write("t-zebra", title=WORDS[3])
        self.history.create_task("t-wombat", USER, title=WORDS[2], category="secret")
        self.history.complete_task("t-wombat")
        for key in self.history.items:
            self.put(key)

    def put(self, key: str) -> None:
        self.dynamodb.put_item(TableName=self.name, Item=self.history.items[key])

    def leave(self) -> list[bytes]:
        """The user's items go, with a request for the lake; the changes of it."""
        gone = [key for key, item in self.history.items.items() if item["user_id"]["S"] == USER]
        assert erase_for_operator(ErasureRepository(self.dynamodb, self.name), USER, "r") == len(gone) == 3
        before = len(self.history.lines)
        for key in gone:
            self.history.remove(key)
        return self.history.lines[before:]

    def requested(self, moment: str) -> None:
        """Date the request."""
        self.dynamodb.update_item(
            TableName=self.name,
            Key={"PK": {"S": "ERASURE"}, "SK": {"S": USER}},
            UpdateExpression="SET requested_at = :moment",
            ExpressionAttributeValues={":moment": {"S": moment}},
        )

    def maintain(self, *arguments: str) -> dict[str, Any]:
        maintenance.main(
            [
                *("--bronze", f"s3://{self.name}/", "--warehouse", f"s3://{self.silver}/"),
                *("--database", self.lake.database, "--table", self.name, "--silver-job", JOB),
                *("--gold", f"s3://{self.gold}/", "--state-machine", self.machine),
                *("--queues", f"{self.name},{self.name}-webhooks"),
                *("--report", f"s3://{self.name}/maintenance.json", "--email-key-secret-id", SECRET),
                *arguments,
            ]
        )
        body = self.s3.get_object(Bucket=self.name, Key="maintenance.json")["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def has_failed(self) -> bool:
        """Whether a run of maintenance was measured as failed, for operators to hear of it."""
        now = dt.datetime.now(dt.UTC)
        points = self.account.session.client("cloudwatch").get_metric_statistics(
            Namespace="TodoInsights",
            MetricName="MaintenanceFailed",
            StartTime=now - dt.timedelta(minutes=5),
            EndTime=now + dt.timedelta(minutes=1),
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        return any(point["Maximum"] == 1 for point in points)

    def found(self, *words: str) -> set[str]:
        """The versions of objects that hold any of some words."""
        return {
            place
            for bucket in (self.name, self.silver, self.gold)
            for place, body in read_bucket(self.s3, bucket)
            if find_names(place, body, [word.encode() for word in words])
        }

    def discard(self) -> str:
        """Lambda has discarded a batch about the user and somebody else; the key of the object."""
        theirs = next(key for key, item in self.history.items.items() if item["user_id"]["S"] != USER)
        batch = discarded(*(record(self.history.items[key]) for key in ("t-zebra", theirs)))
        self.s3.put_object(Bucket=self.name, Key=f"{DISCARDED}mapping/shard/1", Body=batch.encode())
        return f"{DISCARDED}mapping/shard/1"

    def discarded(self, key: str) -> set[str]:
        """Whose records an object of a discarded batch holds."""
        body = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return {one["dynamodb"]["NewImage"]["user_id"]["S"] for one in DiscardedBatch.parse(body).records}

    def quarantines(self, key: str) -> str:
        """Change capture has set a change of an item aside; the body of the message."""
        body = quarantine.format_message(record(self.history.items[key]), "too long")
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        return body

    def fails_to_hear(self, key: str) -> str:
        """A webhook's delivery about an item has failed; the body of the message."""
        item = self.history.items[key]
        body = json.dumps({"user_id": item["user_id"]["S"], "task_id": key, "payload": item["title"]["S"]})
        self.sqs.send_message(QueueUrl=self.failures, MessageBody=body)
        return body

    def quarantined(self) -> list[str]:
        """The bodies of the messages that wait, in both queues."""
        found = [
            self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            for url in (self.queue, self.failures)
        ]
        return [message["Body"] for one in found for message in one.get("Messages", [])]

    def put_in_gold(self, name: str, *words: str) -> None:
        """Put an object into the bucket of gold, where results of queries lie too."""
        self.s3.put_object(Bucket=self.gold, Key=name, Body="\n".join(words).encode())

    def executions(self) -> list[dict[str, Any]]:
        """What the pipeline was started with."""
        found = self.machines.list_executions(stateMachineArn=self.machine)["executions"]
        return [
            json.loads(self.machines.describe_execution(executionArn=one["executionArn"])["input"]) for one in found
        ]

    def files(self) -> int:
        """How many objects silver's bucket holds."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.silver)
        return sum(page["KeyCount"] for page in pages)

    def unreachable_files(self, before: dt.datetime) -> set[str]:
        """The objects in the tables' folder that no table leads to and that were written before a time."""
        prefix = f"{self.lake.database}.db/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.silver, Prefix=prefix)
        found = [one for page in pages for one in page.get("Contents", [])]
        written = {f"s3://{self.silver}/{one['Key']}" for one in found if one["LastModified"] < before}
        return written - Tables(self.lake.spark, self.lake.database).find_reachable_files()

    def pending(self) -> list[str]:
        return [erasure.user_id for erasure in Erasures(self.dynamodb, self.name).list_due()]


@contextlib.contextmanager
def household_of(account: Account, spark: SparkSession, name: str, role: str) -> Iterator[Household]:
    """A household that is gone after the block.

    Args:
        account: where.
        spark: the session.
        name: of everything in it.
        role: of its state machine.
    """
    glue = account.session.client("glue")
    glue.create_job(Name=JOB, Role="arn:aws:iam::000000000000:role/none", Command={"Name": "glueetl"})
    made = Household(account, spark, name, role)
    try:
        yield made
    finally:
        made.dynamodb.delete_table(TableName=made.name)
        made.sqs.delete_queue(QueueUrl=made.queue)
        made.sqs.delete_queue(QueueUrl=made.failures)
        made.machines.delete_state_machine(stateMachineArn=made.machine)
        glue.delete_job(JobName=JOB)
