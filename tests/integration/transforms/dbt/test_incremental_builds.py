"""Incremental gold is what silver says, after every run of a history, and what a full refresh would make of it."""

import collections

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import History, comparable
from tests.integration.transforms.dbt.recomputed import marts

pytestmark = [pytest.mark.account, pytest.mark.slow]

HISTORY = (
    "tasks_are_created",
    "tasks_change",
    "tasks_are_deleted",
    "late_events_arrive",
    "tasks_are_restored",
    "requests_arrive",
    "nothing",
    "tasks_are_deleted",
    "tasks_are_purged",
    "a_day_passes",
    "profiles_change",
    "events_are_delivered_again",
    "a_user_is_erased",
    "tasks_change",
    "erased_users_are_deleted",
    "rows_are_corrected",
    "late_events_arrive",
    "everything_is_refreshed",
    "tasks_are_created",
    "a_user_is_erased",
    "an_erased_user_comes_back",
    "tasks_are_deleted",
    "tasks_change",
    "a_day_passes",
    "a_user_is_erased",
    "requests_arrive",
    "tasks_are_purged",
    "erased_users_are_deleted",
    "events_are_delivered_again",
    "rows_are_corrected",
    "late_events_arrive",
    "tasks_change",
)


@pytest.mark.timeout(2400)  # more than thirty builds
def test_gold_follows_a_history_run_by_run(warehouse: Warehouse) -> None:
    history = History(warehouse, seed=7)
    history.build()
    assert history.differences() == {}
    for number, change in enumerate(HISTORY):
        history.silver.next_run(change)
        history.build()
        assert history.differences() == {}, f"run {number}: {change}"
    incremental = {mart: warehouse.rows(mart) for mart in marts(history.silver.rows, history.silver.as_of)}
    history.build("--full-refresh")
    for mart, rows in incremental.items():
        refreshed = collections.Counter(map(comparable, warehouse.rows(mart)))
        assert collections.Counter(map(comparable, rows)) == refreshed, mart
