"""Incremental gold is what silver says, after every run of a history, and what a full refresh would make of it."""

import collections
import os

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import History, comparable
from tests.integration.transforms.dbt.recomputed import marts

pytestmark = [pytest.mark.account, pytest.mark.slow]

# by default a build follows seven runs of silver; `make gold-history` builds after each one, for three seeds
RUNS_PER_BUILD = int(os.environ.get("RUNS_PER_BUILD", "7"))
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "7").split(",")]
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


@pytest.mark.timeout(2400)  # 35 builds, when each run is followed by one
@pytest.mark.parametrize("seed", SEEDS)
def test_gold_follows_a_history_run_by_run(warehouse: Warehouse, seed: int) -> None:
    history = History(warehouse, seed)
    history.build()
    assert history.differences() == {}
    for number in range(0, len(HISTORY), RUNS_PER_BUILD):
        changes = HISTORY[number : number + RUNS_PER_BUILD]
        for change in changes:
            history.silver.next_run(change)
        is_first_of_day = "a_day_passes" in changes
        history.build(lately=not is_first_of_day)
        assert history.differences() == {}, f"run {number}: {changes}"
    incremental = {mart: warehouse.rows(mart) for mart in marts(history.silver.rows, history.silver.as_of)}
    history.build("--full-refresh")
    for mart, rows in incremental.items():
        refreshed = collections.Counter(map(comparable, warehouse.rows(mart)))
        assert collections.Counter(map(comparable, rows)) == refreshed, mart
