"""Saved queries as of past instants of a real gold, against what they answered then: `make past-instants-in-account`.

The suite looks at past instants in its own process, in tests/unit/transforms/bi/test_time_travel.py.
"""

import datetime as dt
import os
from typing import Any

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import History
from transforms.bi.saved_queries import all_queries
from transforms.bi.time_travel import as_of

pytestmark = [pytest.mark.account, pytest.mark.slow]

INSTANTS = int(os.environ.get("INSTANTS_IN_ACCOUNT", "0"))
CHANGES = ("tasks_are_created", "tasks_change", "tasks_are_deleted", "tasks_are_restored", "late_events_arrive")
# the runs of the pipeline are no table with snapshots: their rows are the past already
QUERIES = {query.name: query.sql for query in all_queries() if "pipeline_runs" not in query.sql}


@pytest.mark.skipif(not INSTANTS, reason="a build for each instant: make past-instants-in-account")
@pytest.mark.timeout(3600)
def test_every_saved_query_answers_as_it_did(warehouse: Warehouse) -> None:
    history, then = History(warehouse, seed=5), []
    for number in range(INSTANTS):
        # every fourth build is the first one of another day
        history.silver.next_run(*CHANGES[: 1 + number % len(CHANGES)], *(["a_day_passes"] if number % 4 == 3 else []))
        history.build()
        answers = {name: answer(warehouse, sql) for name, sql in QUERIES.items()}
        then.append((dt.datetime.now(dt.UTC), answers))
    glue = warehouse.account.session.client("glue")

    def find_table(database: str, name: str) -> Any:
        return glue.get_table(DatabaseName=database, Name=name)["Table"]

    differing = {
        (instant.isoformat(), name)
        for instant, answers in then
        for name, sql in QUERIES.items()
        if answer(warehouse, as_of(sql, warehouse.gold, instant, find_table, warehouse.ask)) != answers[name]
    }
    assert differing == set()
    assert len({str(answers) for _, answers in then}) == INSTANTS


def answer(warehouse: Warehouse, sql: str) -> list[list[str | None]]:
    return sorted(warehouse.ask(sql, warehouse.gold), key=str)
