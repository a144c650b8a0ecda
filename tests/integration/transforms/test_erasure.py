"""A user erased from the lake: no word of theirs is left in any version of any object, and everybody else's stay."""

import base64
import datetime as dt
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from infra.cli.residues import find_names, read_bucket
from ingestion.cdc import quarantine
from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.transforms.conftest import SECRET, YESTERDAY, Lake, assert_equals_oracle
from tests.integration.transforms.history import at, random_history, request_log
from tests.unit.ingestion.stream import record
from transforms.silver import maintenance
from transforms.silver.certificate import hash_subject, is_genuine
from transforms.silver.contract import TABLES
from transforms.silver.erase_user import delete_user_items
from transforms.silver.erasures import Erasures
from transforms.silver.traces import hash_of

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

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
        assert delete_user_items(self.dynamodb, self.name, USER) == len(gone) == 3
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
                *("--gold", f"s3://{self.gold}/", "--quarantine", self.name, "--state-machine", self.machine),
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

    def quarantines(self, key: str) -> str:
        """Change capture has set a change of an item aside; the body of the message."""
        body = quarantine.format_message(record(self.history.items[key]), "too long")
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        return body

    def quarantined(self) -> list[str]:
        """The bodies of the messages that wait."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in found.get("Messages", [])]

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

    def pending(self) -> list[str]:
        return [erasure.user_id for erasure in Erasures(self.dynamodb, self.name).list_due()]


@pytest.fixture
def household(account: Account, spark: SparkSession, unique: str, role: RoleFactory) -> Iterator[Household]:
    glue = account.session.client("glue")
    glue.create_job(Name=JOB, Role="arn:aws:iam::000000000000:role/none", Command={"Name": "glueetl"})
    made = Household(account, spark, unique, role("states"))
    yield made
    made.dynamodb.delete_table(TableName=made.name)
    made.sqs.delete_queue(QueueUrl=made.queue)
    made.machines.delete_state_machine(stateMachineArn=made.machine)
    glue.delete_job(JobName=JOB)


def test_after_an_erasure_no_word_of_the_user_is_left_and_nothing_else_is_missing(household: Household) -> None:
    lake, history = household.lake, household.history
    mine = [request_log(number, user_hash=hash_of(USER)) for number in range(3)]
    theirs = [request_log(number) for number in range(3, 9)]
    damaged = history.lines[-1][:-40] + b"\n"
    undelivered = json.dumps({"errorCode": "Lambda", "rawData": base64.b64encode(history.lines[-3]).decode()})
    twice = lake.arrive(f"{YESTERDAY}T09", history.lines)
    lake.arrive(f"{YESTERDAY}T09", [*mine, *theirs], "logs")
    lake.arrive(f"{YESTERDAY}T10", [damaged, *household.others[:3]])
    household.s3.put_object(
        Bucket=household.name, Key="errors/cdc/dt=2026-11-25/1.gz", Body=gzip.compress(undelivered.encode())
    )
    lake.run("--reject-threshold", "0.5")
    lake.run("--full-refresh", "true", "--reject-threshold", "0.5")  # leaves the old tables' files behind
    # somebody has overwritten an object with less
    household.s3.put_object(
        Bucket=household.name, Key=twice, Body=gzip.compress(b"".join(history.lines[:-1])), ContentType="text/plain"
    )
    household.put_in_gold("athena-results/1.csv", "title", WORDS[2])
    household.put_in_gold("athena-results/2.csv", "title", WORDS[3])
    household.s3.delete_object(Bucket=household.gold, Key="athena-results/2.csv")  # as its age has it
    household.put_in_gold("published/digests.json", USER)
    household.put_in_gold("published/digests.json", "nobody")
    household.quarantines("t-zebra")
    other = household.quarantines(next(key for key in history.items if key.startswith("t-") and len(key) < 5))
    removals = household.leave()

    assert not household.has_failed()
    with pytest.raises(ClientError):
        household.maintain("--erasures-only", "true", "--table", "no-such-table")
    assert household.has_failed()

    # the removals are on their way: nothing is touched
    before = household.found(*WORDS, USER)
    assert household.maintain("--erasures-only", "true")["pending"] == 1
    assert household.found(*WORDS, USER) == before
    assert {place.split("/")[3] for place in before} >= {
        *(lake.name, "errors", f"{lake.database}.db", "athena-results", "published")
    }
    assert len(household.quarantined()) == 2
    assert household.executions() == []

    lake.arrive(f"{YESTERDAY}T11", removals)
    lake.run()
    report = household.maintain("--erasures-only", "true")
    assert (report["erased"], report["pending"], report["closed"]) == (1, 0, 0)
    assert report["counts"]["bronze_lines"] == 4 + 1 + 1 + len(removals) + len(mine)
    assert (report["counts"]["query_results"], report["counts"]["quarantined_records"]) == (1 + 5, 1)
    assert household.quarantined() == [other]
    assert household.executions() == [{"gold_only": True}]
    assert (report["counts"]["tasks"], report["counts"]["users"], report["counts"]["api_requests"]) == (2, 1, 3)
    assert household.found(*(word[:12] for word in WORDS), USER, hash_of(USER)) == set()
    assert_equals_oracle(lake, household.others, theirs)
    assert lake.rows("rejects") == []

    # young: the request stays, and stragglers are caught the next time
    assert household.pending() == [USER]
    lake.arrive(f"{YESTERDAY}T12", removals[:1])
    lake.run()
    household.requested("2026-11-20T00:00:00Z")
    report = household.maintain("--erasures-only", "true", "--build-gold", "false")
    assert (report["erased"], report["closed"], report["execution"]) == (1, 1, None)
    assert household.executions() == [{"gold_only": True}]
    assert household.pending() == []
    assert household.found(*WORDS, USER) == set()
    (audit,) = household.s3.list_objects_v2(Bucket=household.name, Prefix="audit/erasures/dt=")["Contents"]
    record = json.loads(household.s3.get_object(Bucket=household.name, Key=audit["Key"])["Body"].read())
    assert record["requested_at"] == "2026-11-20T00:00:00Z"
    assert record["counts_of_this_run"]["bronze_lines"] == 1
    assert record in report["certificates"]
    key = household.account.session.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"].encode()
    assert is_genuine(key, record)
    assert record["subject"] == hash_subject(key, USER)
    assert record["snapshots"].keys() >= {"task_events", "tasks", "users"}

    # a rebuild from bronze agrees, and knows what has been read
    assert lake.run()["envelopes"] <= len(household.others) + 3
    lake.run("--full-refresh", "true")
    assert_equals_oracle(lake, household.others, theirs)
    assert household.maintain("--erasures-only", "true")["erased"] == 0


def test_who_comes_back_before_the_night_keeps_what_is_new(household: Household) -> None:
    lake, history = household.lake, household.history
    removals = household.leave()
    lake.arrive(f"{YESTERDAY}T09", history.lines)
    returned = len(history.lines)
    history.sign_up(USER, "back@again.example", "Z")
    history.create_task("t-new", USER, title="A new beginning")
    for key in (USER, "t-new"):
        household.put(key)
    back = history.items[USER]["created_at"]["S"]
    requests = [
        request_log(number, user_hash=hash_of(USER), occurred_at=moment) for number, moment in enumerate((at(1), back))
    ]
    household.quarantines("t-new")
    lake.arrive(f"{YESTERDAY}T10", history.lines[returned:])
    lake.arrive(f"{YESTERDAY}T10", requests, "logs")
    lake.run()
    assert household.maintain("--erasures-only", "true")["erased"] == 1
    assert removals
    assert household.found(*(word[:12] for word in WORDS)) == set()
    assert len(household.quarantined()) == 1
    assert_equals_oracle(lake, [*household.others, *history.lines[returned:]], requests[1:])
    # a rebuild from bronze would bring back nothing else
    lake.run("--full-refresh", "true")
    assert_equals_oracle(lake, [*household.others, *history.lines[returned:]], requests[1:])


def test_maintenance_makes_few_files_of_many_and_forgets_old_snapshots_but_not_what_was_read(
    household: Household,
) -> None:
    lake, lines = household.lake, household.others
    lake.arrive(f"{YESTERDAY}T09", lines[:36])
    lake.run()
    lake.run("--full-refresh", "true")
    for start in range(36, 40):
        lake.arrive(f"{YESTERDAY}T09", lines[start : start + 1])
        lake.run()
    files = lake.spark.table(f"{lake.table('task_events')}.files").count()
    assert files >= 4
    files_before = household.files()

    report = household.maintain("--snapshot-days", "0", "--snapshots-kept", "1", "--least-files", "2")
    assert report["compacted"]["task_events"] >= 3
    assert lake.spark.table(f"{lake.table('task_events')}.files").count() < files
    # what the compaction itself has made is younger than the threshold
    assert max(lake.snapshots(table.name) for table in TABLES) <= 2
    assert report["orphans"] == 0  # what the rebuild has left is younger than the threshold
    assert household.maintain("--orphan-days", "0")["orphans"] > 5
    assert household.files() < files_before
    assert_equals_oracle(lake, lines)
    assert lake.run()["envelopes"] == 0


def test_a_request_that_was_made_again_meanwhile_is_not_closed_with_the_first(household: Household) -> None:
    def ask(erasure_id: str) -> None:
        # the correlation id is the client's, who may send the same one twice
        request = {"requested_at": "2026-11-20T00:00:00Z", "erasure_id": erasure_id, "request_id": "same"}
        key = {"PK": "ERASURE", "SK": USER}
        item: dict[str, Any] = {name: {"S": value} for name, value in (key | request).items()}
        household.dynamodb.put_item(TableName=household.name, Item=item)

    erasures = Erasures(household.dynamodb, household.name)
    ask("first")
    (first,) = erasures.list_due()
    ask("second")
    erasures.close(first)
    (second,) = erasures.list_due()
    assert second.erasure_id == "second"
    erasures.close(second)
    assert household.pending() == []
