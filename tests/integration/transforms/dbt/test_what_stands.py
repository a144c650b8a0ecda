"""`dbt build` leaves alone what it would build and test as it stands, and notices whatever makes that untrue."""

from typing import Any

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.test_gold import task

pytestmark = [pytest.mark.account, pytest.mark.slow]

SMALL = Shape(users=4, tasks=30, days=6, requests=40)
# it holds the instant of its build
ALWAYS_BUILT = {"user_insights"}


class Builds:
    """Builds of one warehouse, each told by the nodes that ran and the bytes that were scanned for them."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.seen: set[str] = set()
        self.scanned = 0

    def run(self, command: str = "build", *words: str, succeeds: bool = True) -> set[str]:
        """Names of the models and tests that did not stand."""
        self.new_bytes()
        exclude = ("--exclude-resource-type", "unit_test", "exposure") if command == "build" else ()
        done = self.warehouse.dbt(command, *words, *exclude)
        assert (done.returncode == 0) == succeeds, done.stdout
        self.scanned = self.new_bytes()
        return {
            result["unique_id"].split(".")[2]
            for result in self.results()
            if result["adapter_response"].get("code") != "STANDS" and not result["unique_id"].startswith("operation.")
        }

    def results(self) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.warehouse.run_results()["results"]
        return results

    def new_bytes(self) -> int:
        """What the statements scanned that were not asked for before."""
        athena = self.warehouse.account.session.client("athena")
        new = [one for one in self.warehouse.statements() if one not in self.seen]
        self.seen.update(new)
        batches = [
            athena.batch_get_query_execution(QueryExecutionIds=new[at : at + 50]) for at in range(0, len(new), 50)
        ]
        executions = [one for batch in batches for one in batch["QueryExecutions"]]
        return sum(one["Statistics"].get("DataScannedInBytes", 0) for one in executions)


def test_what_stands_is_left_alone_until_something_moves(warehouse: Warehouse) -> None:
    silver = Population(SMALL).rows
    warehouse.fill(silver)
    builds = Builds(warehouse)
    everything, first_bytes = builds.run(), builds.scanned
    assert {"stg_tasks", "fct_task_events", "dim_users", "assert_backlog_adds_up"} <= everything
    activity = "select * from fct_daily_activity order by activity_date, user_id"
    first = warehouse.ask(activity, warehouse.gold)
    assert first

    # nothing is new
    again = builds.run()
    assert again == ALWAYS_BUILT | {name for name in everything if "user_insights" in name or "insights_add_up" in name}
    assert {result["status"] for result in builds.results()} == {"success", "pass"}
    assert builds.scanned <= first_bytes / 10
    assert warehouse.ask(activity, warehouse.gold) == first

    # one source moves: only what hangs on it is built
    more = {**silver["api_requests"][0], "request_id": "one-more"}
    warehouse.fill_one("api_requests", [*silver["api_requests"], more])
    # it is seen through the view between, though that is not built
    assert "agg_api_usage_daily" in builds.run("build", "-s", "agg_api_usage_daily")
    counted = "select cast(sum(requests) as bigint) from agg_api_usage_daily"
    assert warehouse.ask(counted, warehouse.gold) == [[str(SMALL.requests + 1)]]
    moved = builds.run("build", "-s", "source:silver.api_requests+", "dim_dates", "fct_tasks", "int_kept_events")
    assert {"stg_api_requests", "primary_key_stg_api_requests_request_id__occurred_at"} <= moved
    assert all("api" in name for name in moved)

    # a table that somebody dropped is there again
    warehouse.ask("drop table `fct_tasks`", warehouse.gold)
    assert "fct_tasks" in builds.run("build", "-s", "fct_tasks")
    assert warehouse.ask("select count(*) from fct_tasks", warehouse.gold) != [["0"]]

    # what a developer asks for by name, and a full refresh, are done whatever stands
    assert "dim_dates" in builds.run("run", "-s", "dim_dates")
    assert {"stg_tasks", "dim_dates"} <= builds.run("build", "--full-refresh", "-s", "stg_tasks", "dim_dates")

    # a model's own text counts
    model = warehouse.project / "models" / "marts" / "agg_cycle_time.sql"
    model.write_text(model.read_text().replace("'uncategorized'", "'none'"))
    assert "agg_cycle_time" in builds.run("build", "-s", "agg_cycle_time")
    assert warehouse.ask("select count(*) from agg_cycle_time where category = 'uncategorized'", warehouse.gold) == [
        ["0"]
    ]


def test_a_test_that_failed_fails_again_until_the_data_is_mended(warehouse: Warehouse) -> None:
    warehouse.insert("tasks", task("t1", "anna", "no-such-status"))
    builds = Builds(warehouse)
    words = ("build", "-s", "source:silver.tasks", "stg_tasks")
    for _ in range(2):
        builds.run(*words, succeeds=False)
        assert "accepted_values_silver_tasks_status" in warehouse.failures()
    warehouse.ask("update tasks set status = 'pending'", warehouse.silver)
    assert any("tasks_status" in name for name in builds.run(*words))
    assert builds.run(*words) == set()
