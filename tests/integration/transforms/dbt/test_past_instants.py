"""Saved queries as of past instants of a real gold, against what they answered then: `make past-instants-in-account`.

The suite looks at past instants in its own process, in tests/unit/transforms/bi/test_time_travel.py.
"""

import concurrent.futures
import datetime as dt
import functools
import os
from typing import Any

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import History
from transforms.bi.saved_queries import all_queries
from transforms.bi.time_travel import as_of
from transforms.dbt.runner import shared_clients

pytestmark = [pytest.mark.account, pytest.mark.slow]

INSTANTS = int(os.environ.get("INSTANTS_IN_ACCOUNT", "0"))
CHANGES = ("tasks_are_created", "tasks_change", "tasks_are_deleted", "tasks_are_restored", "late_events_arrive")
# the runs of the pipeline are no table with snapshots: their rows are the past already
QUERIES = {query.name: query.sql for query in all_queries() if "pipeline_runs" not in query.sql}


# no live view is asked about the past, and views that show no day stay as they are
FIRST = ("--exclude", "group:live")
SAME_DAY = ("--select", "config.materialized:incremental")
ANOTHER_DAY = (*SAME_DAY, "marts")
AT_ONCE = 4
"""Queries that run beside each other: as many as the local Athena has engines."""


@pytest.mark.skipif(not INSTANTS, reason="a build for each instant: make past-instants-in-account")
@pytest.mark.timeout(3600)
def test_every_saved_query_answers_as_it_did(warehouse: Warehouse) -> None:
    history, then = History(warehouse, seed=5), []
    # a client for each statement would take longer than most statements do
    with shared_clients(), concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(INSTANTS):
            # every fourth build is the first one of another day
            passes = ["a_day_passes"] if number % 4 == 3 else []
            history.silver.next_run(*CHANGES[: 1 + number % len(CHANGES)], *passes)
            history.build(*(ANOTHER_DAY if passes else SAME_DAY) if number else FIRST)
            answers = dict(zip(QUERIES, pool.map(lambda sql: answer(warehouse, sql), QUERIES.values()), strict=True))
            then.append((dt.datetime.now(dt.UTC), answers))
        glue = warehouse.account.session.client("glue")

        def find_table(database: str, name: str) -> Any:
            return glue.get_table(DatabaseName=database, Name=name)["Table"]

        def answer_as_of(instant: dt.datetime, name: str) -> list[list[str | None]]:
            # gold does not change any more, so which day it was on is asked once for an instant
            return answer(warehouse, as_of(QUERIES[name], warehouse.gold, instant, find_table, ask_once))

        ask_once = functools.cache(warehouse.ask)
        answered = [(instant, name, answers[name]) for instant, answers in then for name in QUERIES]
        again = pool.map(lambda one: answer_as_of(one[0], one[1]), answered)
        differing = {
            (instant.isoformat(), name)
            for (instant, name, before), found in zip(answered, again, strict=True)
            if found != before
        }
    assert differing == set()
    assert len({str(answers) for _, answers in then}) == INSTANTS


def answer(warehouse: Warehouse, sql: str) -> list[list[str | None]]:
    return sorted(warehouse.ask(sql, warehouse.gold), key=str)
