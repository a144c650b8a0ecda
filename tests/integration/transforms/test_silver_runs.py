"""Runs one after the other: what each reads, what rows they leave, and what a crash leaves."""

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.integration.transforms.conftest import BUCKET, HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.crashes import CrashError, crash_at
from tests.integration.transforms.history import History, at, captured_later, random_history, request_log
from tests.integration.transforms.oracle import micros

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def test_a_run_reads_the_objects_of_its_manifest_whatever_hour_they_lie_in(lake: Lake) -> None:
    lines = random_history(11, 40).lines
    lake.arrive(HOURS[1], lines[:10])
    lake.arrive(HOURS[0], [request_log(0)], "logs")
    first = lake.run()
    assert first["window"] == {"from": None, "to": None}
    assert (first["envelopes"], first["requests"], first["rejects"]) == (10, 1, 0)
    assert first["rows"]["api_requests"] == 1
    assert_equals_oracle(lake, lines[:10], [request_log(0)])

    snapshots = lake.snapshots("task_events")
    again = lake.run()
    assert (again["envelopes"], sum(again["rows"].values())) == (0, 0)
    assert lake.snapshots("task_events") == snapshots

    lake.arrive(HOURS[1], lines[10:20])  # late, in the same hour
    lake.arrive(HOURS[0], lines[20:])  # and in one long past
    lake.arrive(HOURS[2], [request_log(1)], "logs")
    late = lake.run()
    assert (late["envelopes"], late["requests"]) == (30, 1)
    assert_equals_oracle(lake, lines, [request_log(0), request_log(1)])


def test_an_object_that_is_gone_since_the_manifest_was_written_is_left_out(lake: Lake) -> None:
    lines = random_history(14, 20).lines
    lake.arrive(HOURS[0], lines)
    gone = lake.arrive(HOURS[0], lines[:3])
    lake.s3.delete_object(Bucket=lake.bucket, Key=gone)
    report = lake.run()
    assert report["envelopes"] == len(lines)
    assert report["unreadable"] == {f"s3://{BUCKET}/{gone}": "it was deleted after the run had listed it"}
    only = lake.arrive(HOURS[0], lines[:3])
    lake.s3.delete_object(Bucket=lake.bucket, Key=only)
    assert lake.run()["envelopes"] == 0
    assert_equals_oracle(lake, lines)


def test_rows_carry_the_instant_of_the_run_that_last_wrote_them(lake: Lake) -> None:
    history = History()
    history.sign_up("u-1", "Ada@Example.com", "Ada")
    history.create_task("t-1")
    history.create_task("t-2")
    lake.arrive(HOURS[0], history.lines)
    lake.run()
    (first,) = {moment for table in ("task_events", "tasks", "users") for moment in lake.merged_at(table).values()}
    before = len(history.lines)
    history.complete_task("t-2")
    # delivered again, the rest brings nothing new
    lake.arrive(HOURS[1], [*history.lines[:before], *history.lines[before:]])
    lake.run()
    after = lake.merged_at("tasks")
    assert (after["t-1",], lake.merged_at("users")["u-1",]) == (first, first)
    assert after["t-2",] > first
    assert set(lake.merged_at("task_events").values()) == {first, after["t-2",]}
    lake.run("--full-refresh", "true")
    (rebuilt,) = {moment for table in ("task_events", "tasks", "users") for moment in lake.merged_at(table).values()}
    assert rebuilt > after["t-2",]


def derived_anew(line: bytes, priority: str, seconds: int) -> bytes:
    """A change with another content, captured so many seconds after the history began."""
    event = json.loads(line)
    event["new_image"]["priority"] = priority
    return json.dumps({**event, "ingested_at": at(seconds)}).encode() + b"\n"


def test_an_event_that_is_derived_anew_takes_the_place_of_the_old_one(lake: Lake) -> None:
    history = History()
    history.create_task("t-1")
    history.create_task("t-2")
    first, other = history.lines
    later, latest = (derived_anew(first, "high", 9_000_000), derived_anew(first, "urgent", 9_500_000))

    def found() -> list[tuple[Any, ...]]:
        return [(row["event_id"], row["priority"], row["ingested_at"]) for row in lake.rows("task_events")]

    lake.arrive(HOURS[1], [first, later, other])
    lake.run()
    (_, untouched) = expected = found()
    assert expected == [("event-0", "high", micros(at(9_000_000))), untouched]
    written = lake.merged_at("task_events")
    # the old content, and the new one captured once more, bring nothing
    lake.arrive(HOURS[1], [first, derived_anew(first, "high", 9_200_000), captured_later(other)])
    lake.run()
    assert (found(), lake.merged_at("task_events")) == (expected, written)
    lake.arrive(HOURS[0], [latest])
    lake.run()
    assert found() == [("event-0", "urgent", micros(at(9_500_000))), untouched]
    assert lake.merged_at("task_events")["event-1",] == written["event-1",]
    lake.run("--full-refresh", "true")
    assert found() == [("event-0", "urgent", micros(at(9_500_000))), untouched]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_crash_between_two_merges_is_made_good_by_the_next_run(lake: Lake, number: int) -> None:
    history = History()
    history.sign_up("u-1", "Ada@Example.com", "Ada")
    history.create_task("t-1")
    history.complete_task("t-1")
    requests = [request_log(0)]
    lake.arrive(HOURS[0], history.lines)
    lake.arrive(HOURS[0], requests, "logs")
    with pytest.MonkeyPatch.context() as patch:
        crash_at(patch, number)
        with pytest.raises(CrashError):
            lake.run()
    assert [bool(lake.rows(table)) for table in ("api_requests", "tasks", "users", "task_events")] == [
        number > position for position in range(4)
    ]
    assert lake.run()["envelopes"] == 3
    assert_equals_oracle(lake, history.lines, requests)


def test_a_table_rolled_back_gets_what_it_has_lost_from_a_window(lake: Lake, spark: SparkSession) -> None:
    lines = random_history(13, 30).lines
    lake.arrive(HOURS[0], lines[:15])
    lake.run()
    name = lake.table("task_events")
    (snapshot,) = spark.table(f"{name}.snapshots").select("snapshot_id").collect()
    lake.arrive(HOURS[0], lines[15:])
    lake.run()
    spark.sql(f"call glue_catalog.system.rollback_to_snapshot('{lake.database}.task_events', {snapshot.snapshot_id})")
    assert lake.run("--from", HOURS[0])["envelopes"] == 30
    assert_equals_oracle(lake, lines)
