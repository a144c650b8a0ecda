"""A user erased from the lake: no word of theirs is left in any version of any object, and everybody else's stay."""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.transforms.conftest import SECRET, YESTERDAY, assert_equals_oracle
from tests.integration.transforms.deaths import Writes, dying
from tests.integration.transforms.history import at, request_log
from tests.integration.transforms.household import USER, WORDS, Household, household_of
from transforms.silver.certificate import hash_subject, is_genuine
from transforms.silver.contract import TABLES
from transforms.silver.erasures import Erasures
from transforms.silver.traces import hash_of

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture
def household(account: Account, spark: SparkSession, unique: str, role: RoleFactory) -> Iterator[Household]:
    with household_of(account, spark, unique, role("states")) as made:
        yield made


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
    theirs_too = next(key for key in history.items if key.startswith("t-") and len(key) < 5)
    other = household.quarantines(theirs_too)
    household.fails_to_hear("t-zebra")
    unheard = household.fails_to_hear(theirs_too)
    shared = household.discard()
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
        *(lake.name, "aws", "errors", f"{lake.database}.db", "athena-results", "published")
    }
    assert len(household.quarantined()) == 4
    assert household.executions() == []

    lake.arrive(f"{YESTERDAY}T11", removals)
    lake.run()
    report = household.maintain("--erasures-only", "true")
    assert (report["erased"], report["pending"], report["closed"]) == (1, 0, 0)
    assert report["counts"]["bronze_lines"] == 4 + 1 + 1 + 1 + len(removals) + len(mine)
    assert len(household.discarded(shared) - {USER}) == len(household.discarded(shared)) == 1
    assert (report["counts"]["query_results"], report["counts"]["quarantined_records"]) == (1 + 5, 2)
    assert household.quarantined() == [other, unheard]
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
    # a run dies when the rows are deleted, and their files are not yet written anew
    writes = Writes("after", lambda made: made[-1].startswith(f"merge into {lake.table('tasks')} "))
    with dying(writes):
        household.maintain("--erasures-only", "true")
    assert writes.is_dead
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
