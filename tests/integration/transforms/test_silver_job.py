import datetime as dt
import json
import random
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.integration.transforms import oracle
from tests.integration.transforms.conftest import HOURS, KEY, YESTERDAY, Lake, assert_equals_oracle
from tests.integration.transforms.history import History, at, random_history
from transforms.silver import privacy
from transforms.silver.contract import TABLES, TASKS
from transforms.silver.latest import keep_newest

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    # PySpark leaves the socket of every collect() to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

TABLE_NAMES = [table.name for table in TABLES]


def micros(seconds: float) -> int | None:
    return oracle.micros(at(seconds))


def only(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


@pytest.fixture(scope="module")
def five_tasks() -> History:
    """Two users and five tasks; one task each is worked on, deleted and restored, expired, erased, and left alone."""
    history = History()
    history.sign_up("u-1", "Ada@Example.com", "Ada Lovelace")
    history.sign_up("u-2", None, None)
    history.create_task("t-1", category="home", due_date="2026-12-01", description="Ask Bob")
    history.write("t-1", status="in_progress", title="New title", description="Ask Eve")
    history.complete_task("t-1")
    history.write("t-1", status="pending", completed_at=None)
    history.write("t-1", status="cancelled", due_date=None)
    history.create_task("t-2", user="u-2")
    history.delete_task("t-2")
    history.restore_task("t-2")
    history.create_task("t-3")
    history.delete_task("t-3")
    history.remove("t-3", expired=True)
    history.create_task("t-4", user="u-2")
    history.remove("t-4")
    history.remove("u-2")
    history.create_task("t-5", new_attribute={"M": {"unknown": {"N": "1"}}})
    return history


def test_a_history_becomes_exactly_these_rows_and_running_it_again_changes_nothing(
    lake: Lake, five_tasks: History
) -> None:
    lake.arrive(f"{YESTERDAY}T09", five_tasks.lines[:10])
    lake.arrive(f"{YESTERDAY}T10", five_tasks.lines[10:])
    lake.run()
    events = only(
        sorted(lake.rows("task_events"), key=lambda row: int(row["sequence_number"])),
        *("task_id", "event_type", "version", "previous_status", "status", "changed_fields"),
    )
    assert events == [
        ("t-1", "created", 1, None, "pending", []),
        ("t-1", "updated", 2, "pending", "in_progress", ["description", "status", "title"]),
        ("t-1", "completed", 3, "in_progress", "completed", ["completed_at", "status"]),
        ("t-1", "reopened", 4, "completed", "pending", ["completed_at", "status"]),
        ("t-1", "cancelled", 5, "pending", "cancelled", ["due_date", "status"]),
        ("t-2", "created", 1, None, "pending", []),
        ("t-2", "deleted", 2, "pending", "pending", ["deleted_at"]),
        ("t-2", "restored", 3, "pending", "pending", ["deleted_at"]),
        ("t-3", "created", 1, None, "pending", []),
        ("t-3", "deleted", 2, "pending", "pending", ["deleted_at"]),
        ("t-3", "purged", 3, "pending", "pending", []),
        ("t-4", "created", 1, None, "pending", []),
        ("t-4", "purged", 2, "pending", "pending", []),
        ("t-5", "created", 1, None, "pending", []),
    ]
    assert lake.rows("task_events")[0] == {
        "event_id": "event-10",
        "is_synthetic": False,
        "task_id": "t-3",
        "user_id": "u-1",
        "event_type": "created",
        "version": 1,
        "sequence_number": "100000000000000000060",
        "occurred_at": micros(13),
        "ingested_at": micros(14.25),
        "status": "pending",
        "previous_status": None,
        "was_deleted": False,
        "priority": "medium",
        "category": None,
        "due_date": None,
        "previous_due_date": None,
        "changed_fields": [],
        "request_id": "request-10",
    }
    assert only(lake.rows("tasks"), "task_id", "title", "status", "is_deleted", "version", "deleted_at") == [
        ("t-1", "New title", "cancelled", False, 5, None),
        ("t-2", "Title of t-2", "pending", False, 3, None),
        ("t-3", None, "pending", True, 3, micros(15)),
        ("t-4", None, "pending", True, 2, micros(18)),
        ("t-5", "Title of t-5", "pending", False, 1, None),
    ]
    first = next(row for row in lake.rows("task_events") if row["event_id"] == "event-2")
    assert (first["category"], first["due_date"]) == ("home", dt.date(2026, 12, 1))
    assert only(lake.rows("users"), "user_id", "email_masked", "email_domain", "name_masked", "is_deleted") == [
        ("u-1", "A***@example.com", "example.com", "A*** L***", False),
        ("u-2", None, None, None, True),
    ]
    assert_equals_oracle(lake, five_tasks.lines)

    snapshots = {table: lake.snapshots(table) for table in TABLE_NAMES}
    lake.run()
    lake.run("--from", f"{YESTERDAY}T09", "--to", f"{YESTERDAY}T10")
    assert {table: lake.snapshots(table) for table in TABLE_NAMES} == snapshots
    assert_equals_oracle(lake, five_tasks.lines)


@pytest.mark.parametrize("seed", [1, 2])
def test_windows_in_any_order_with_duplicates_give_what_the_history_says(lake: Lake, seed: int) -> None:
    chance = random.Random(seed)
    lines = random_history(seed, 150).lines
    hours = [*HOURS]
    arrived: dict[str, list[bytes]] = {hour: [] for hour in hours}
    for line in lines:
        arrived[chance.choice(hours)].append(line)
    # deliveries are repeated: as they were, and captured anew, in the same hour and in others
    again = [*lines[::7], *(captured_later(line) for line in lines[::5])]
    for line in again:
        arrived[chance.choice(hours)].append(line)
    for hour, content in arrived.items():
        chance.shuffle(content)
        lake.arrive(hour, content)
    chance.shuffle(hours)
    for hour in hours:
        start = dt.datetime.fromisoformat(hour)
        lake.run("--from", hour, "--to", (start + dt.timedelta(hours=1)).isoformat())
    assert_equals_oracle(lake, lines + again)


def captured_later(line: bytes) -> bytes:
    return json.dumps({**json.loads(line), "ingested_at": at(9_000_000)}).encode() + b"\n"


def test_an_empty_bronze_makes_empty_tables_that_keep_the_contract(lake: Lake, spark: SparkSession) -> None:
    lake.run()
    for table in TABLES:
        assert lake.rows(table.name) == []
        assert lake.snapshots(table.name) == 0
        columns = [(f.name, f.dataType.simpleString(), f.nullable) for f in spark.table(lake.table(table.name)).schema]
        assert columns == [(c.name, c.type, c.nullable) for c in table.columns]


def test_a_window_in_which_nothing_arrived_writes_nothing(lake: Lake, five_tasks: History) -> None:
    lake.arrive(f"{YESTERDAY}T09", five_tasks.lines)
    lake.run("--from", f"{YESTERDAY}T10", "--to", f"{YESTERDAY}T11")
    assert [lake.snapshots(table) for table in TABLE_NAMES] == [0] * len(TABLES)


def test_a_broken_record_is_left_out_and_reported_and_delays_no_other(
    lake: Lake, five_tasks: History, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads(five_tasks.lines[2])

    def broken(event: dict[str, Any] | None = None, **image: object) -> bytes:
        changed = {**whole, "event_id": "broken", **(event or {}), "new_image": {**whole["new_image"], **image}}
        return json.dumps(changed).encode() + b"\n"

    bad = [
        b'{"schema_version": 1, "event_id": "cut off at the\n',
        broken(status=None),
        broken(version="one"),
        broken(due_date="someday"),
        broken(created_at="long ago"),
        broken({"entity_type": "PROJECT"}),
        broken({"event_name": "REMOVE"}),
        broken({"event_time": "now"}),
    ]
    lake.arrive(f"{YESTERDAY}T09", [line for pair in zip(bad, five_tasks.lines, strict=False) for line in pair])
    lake.arrive(f"{YESTERDAY}T09", five_tasks.lines[len(bad) :])
    lake.run("--reject-threshold", "1")
    assert f"{len(bad)} broken lines rejected" in capsys.readouterr().out
    assert_equals_oracle(lake, five_tasks.lines)


def test_of_two_states_of_the_same_version_the_longer_sequence_number_is_the_later(spark: SparkSession) -> None:
    rows = spark.sql("""
        select * from values ('t-1', 2L, '999', 'old'), ('t-1', 2L, '1000', 'new'), ('t-1', 1L, '2000', 'older')
        as rows(task_id, version, sequence_number, title)""")
    assert [row.title for row in keep_newest(rows, TASKS).collect()] == ["new"]


def test_the_key_of_the_hash_is_in_no_query_plan(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    users = spark.sql("select 'u-1' as user_id, 'Ada@Example.com' as email, 'Ada' as name")
    protected = privacy.protect(spark, users, KEY)
    protected.explain("extended")
    plan = capsys.readouterr().out
    assert "sha2" in plan
    for pad in privacy.derive_pads(KEY):
        assert pad.hex() not in plan.lower()
