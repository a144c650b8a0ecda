"""`make demo`, as a person runs it, against the worker's account."""

import json

import pytest

from infra.local import demo
from tests.e2e.conftest import DemoRun, Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]


def test_the_demo_ends_with_figures_that_agree(demo_run: DemoRun) -> None:
    assert demo_run.agreed
    assert demo_run.printed[-1].startswith("demo: ")
    figures = json.loads(demo_run.printed[-1].removeprefix("demo: "))
    before, after = demo_run.before, demo_run.after
    assert figures["total_tasks"] == figures["dynamodb_tasks"] == after.total > before.total
    assert figures["completed_tasks"] == after.completed
    assert figures["users"] == after.users
    assert figures["task_events"] >= figures["tasks_created"] + figures["tasks_deleted"] > 0
    assert set(figures["seconds"]) == {"up", "deploy", "history", "traffic", "bronze", "pipeline", "insights", "total"}


def test_the_demo_says_where_gold_disagrees(built: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    table = built.table()
    kpis = built.kpis()
    figures = {"total_tasks": table.total + 1, "completed_tasks": int(kpis["completed_tasks"]), "users": table.users}

    assert not demo.is_consistent(table, figures)

    assert "gold disagrees with the table on live tasks" in capsys.readouterr().out
