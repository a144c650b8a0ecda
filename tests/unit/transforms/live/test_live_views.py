"""Live figures are what the next run computes: silver of one run and the lines that came since, at many instants.

`make live-instants` looks at a hundred instants, the suite at a few.
"""

import datetime as dt
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from infra.local.athena import session
from infra.local.athena.sql import trino
from tests.integration.transforms import oracle
from tests.integration.transforms.dbt import recomputed
from tests.integration.transforms.dbt.silver_tables import schema
from tests.integration.transforms.history import START, History, captured_later, random_history
from transforms.bi.project_models import PROJECT, compile_models, in_build_order
from transforms.silver.contract import TABLES
from transforms.silver.envelope import REQUIRED

INSTANTS = int(os.environ.get("INSTANTS", "8"))
AS_OF = dt.datetime.fromtimestamp(START, dt.UTC).date() + dt.timedelta(days=9)
VIEWS = [
    "stg_tasks",
    "stg_users",
    "stg_task_events",
    "stg_changes",
    "int_current_tasks",
    "int_current_users",
    "live_tasks",
    "live_user_activity",
    "live_kpis",
]
MODELS = compile_models(VIEWS, PROJECT / "macros", dt.datetime.combine(AS_OF, dt.time(12)))
ARRIVED = ("2026-11-25", "09")
KEY = b"key"
Rows = list[dict[str, Any]]


class Lake:
    """Silver's tables and bronze's lines in an engine of this process, with the views over them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        connection.execute("create table change_lines (line varchar, dt varchar, hour varchar)")
        for table in TABLES:
            self._replace(table.name, pa.Table.from_pylist([], schema=schema(table)))
        for name in in_build_order(MODELS):
            connection.execute(f"create view {name} as {trino.duck_sql(trino.to_duck(trino.parse(MODELS[name])))}")

    def hold(self, silver: dict[str, Rows], tail: list[bytes], arrived: tuple[str, str] = ARRIVED) -> None:
        """Give silver these rows, and bronze these lines in one folder."""
        now = dt.datetime.combine(AS_OF, dt.time(), dt.UTC)
        for table in TABLES:
            rows = [{"merged_at": now, **row} for row in silver.get(table.name, [])]
            self._replace(table.name, pa.Table.from_pylist(rows, schema=schema(table)))
        lines = [{"line": line.decode(), "dt": arrived[0], "hour": arrived[1]} for line in tail]
        kinds = [(name, pa.string()) for name in ("line", "dt", "hour")]
        self._replace("change_lines", pa.Table.from_pylist(lines, schema=pa.schema(kinds)))

    def rows(self, view: str) -> Rows:
        found = self.connection.execute(f"select * from {view}")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _replace(self, name: str, content: pa.Table) -> None:
        self.connection.register("given", content)
        self.connection.execute(f"create or replace table {name} as select * from given")
        self.connection.unregister("given")


@pytest.fixture
def lake() -> Iterator[Lake]:
    with session.connection() as connection:
        yield Lake(connection)


def silver(lines: list[bytes]) -> dict[str, Rows]:
    """What silver holds once it has read some lines."""
    tables = oracle.silver(lines, KEY)
    return oracle.with_instants({name: list(rows.values()) for name, rows in tables.items()})


def expected(lines: list[bytes]) -> dict[str, Rows]:
    """What gold holds after the run that reads all lines."""
    found = recomputed.marts(silver(lines), AS_OF)
    first = AS_OF - dt.timedelta(days=30)
    return {
        "live_tasks": found["fct_tasks"],
        "live_user_activity": [row for row in found["fct_daily_activity"] if row["activity_date"] >= first],
        "live_kpis": [row for row in found["business_metrics_kpis"] if row["value"] is not None],
    }


def comparable(rows: Rows) -> list[str]:
    def plain(value: Any) -> str:
        return f"{value:.6f}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)

    return sorted(str({name: plain(row[name]) for name in sorted(row)}) for row in rows)


def differences(lake: Lake, lines: list[bytes]) -> dict[str, tuple[list[str], list[str]]]:
    found = {}
    for view, rows in expected(lines).items():
        live, batch = comparable(lake.rows(view)), comparable(rows)
        if live != batch:
            found[view] = ([row for row in live if row not in batch], [row for row in batch if row not in live])
    return found


def test_live_is_what_the_next_run_computes(lake: Lake) -> None:
    for seed in range(INSTANTS):
        chance = random.Random(seed)
        history = random_history(seed, 60)
        merged = chance.randrange(len(history.lines))
        now = chance.randrange(merged, len(history.lines)) + 1
        # the folders that are read hold lines that silver has, lines come twice, in any order, and broken ones
        tail = history.lines[max(0, merged - chance.randrange(12)) : now]
        tail += [*map(captured_later, tail[::5]), *broken(tail[-1])]
        chance.shuffle(tail)
        lake.hold(silver(history.lines[:merged]), tail)
        assert differences(lake, history.lines[:now]) == {}, (seed, merged, now)


def broken(line: bytes) -> list[bytes]:
    """Lines that the silver job rejects."""
    whole = json.loads(line)
    image = "old_image" if whole["new_image"] is None else "new_image"

    def changed(event: dict[str, object] | None = None, **attributes: object) -> bytes:
        held = {**whole[image], "version": 99, **attributes}
        return json.dumps({**whole, "event_id": "broken", image: held, **(event or {})}).encode()

    required = REQUIRED[whole["entity_type"]]
    found = [
        *(changed(**{name: None}) for name in required),
        changed(version="one"),
        changed(created_at="yesterday"),
        changed({"schema_version": 2}),
        changed({"entity_type": "PROJECT"}),
        changed({"event_name": "UPSERT"}),
        changed({"event_time": "now"}),
        changed({"ingested_at": None}),
        changed({"sequence_number": "seven"}),
        changed({"event_id": None}),
        line[: len(line) // 2],
    ]
    if whole["entity_type"] == "TASK":
        found += [changed(status="done"), changed(priority="top"), changed(due_date="someday"), changed(due_at="noon")]
    return found


def test_many_unread_lines_need_little_memory(lake: Lake) -> None:
    lines = random_history(1, 3000).lines
    lake.hold({}, lines)
    lake.connection.execute("set memory_limit = '400MB'")
    try:
        assert {row["metric"] for row in lake.rows("live_kpis")} >= {"total_users", "open_tasks"}
    finally:
        lake.connection.execute(f"set memory_limit = '{session.MEMORY_LIMIT}'")


def test_an_erased_user_is_gone_as_soon_as_the_removal_is_in_bronze(lake: Lake) -> None:
    history = History()
    for user in ("u-1", "u-2"):
        history.sign_up(user, "ada@example.com", "Ada L.")
        history.create_task(f"t-{user}", user)
    merged = list(history.lines)
    lake.hold(silver(merged), [])
    assert {row["user_id"] for row in lake.rows("live_tasks")} == {"u-1", "u-2"}
    # the profile and the tasks may arrive in any order: the profile's removal alone is enough
    history.remove("u-1")
    lake.hold(silver(merged), history.lines[len(merged) :])
    assert {row["user_id"] for row in lake.rows("live_tasks")} == {"u-2"}
    assert {row["user_id"] for row in lake.rows("live_user_activity")} == {"u-2"}
    assert {row["metric"]: row["value"] for row in lake.rows("live_kpis")}["total_users"] == 1
    # after the erasure of the lake neither silver nor bronze has a row or a line of the user
    rest = [line for line in history.lines if b'"u-1"' not in line]
    lake.hold(silver(rest), rest)
    assert {row["user_id"] for row in lake.rows("live_tasks")} == {"u-2"}


def test_a_snapshot_of_a_task_whose_changes_were_lost_counts(lake: Lake) -> None:
    history = History()
    history.create_task("t-1")
    merged = list(history.lines)
    history.complete_task("t-1")
    lake.hold(silver(merged), [history.backfill("t-1")])
    assert [(row["task_id"], row["status"], row["version"]) for row in lake.rows("live_tasks")] == [
        ("t-1", "completed", 2)
    ]
