"""`make demo`, as a person runs it, against the session's account."""

import json

import pytest

from infra.local import demo
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]


def test_the_demo_ends_with_figures_that_agree(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    before = platform.table()

    assert demo.run(platform.account.settings)

    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("demo: ")
    figures = json.loads(printed[-1].removeprefix("demo: "))
    after = platform.table()
    assert figures["total_tasks"] == figures["dynamodb_tasks"] == after.total > before.total
    assert figures["completed_tasks"] == after.completed
    assert figures["users"] == after.users
    assert figures["task_events"] >= figures["tasks_created"] + figures["tasks_deleted"] > 0
    assert set(figures["seconds"]) == {"up", "deploy", "traffic", "bronze", "pipeline", "insights", "total"}


def test_the_demo_says_where_gold_disagrees(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    table = platform.table()
    kpis = platform.kpis()
    figures = {"total_tasks": int(kpis["total_tasks"]) + 1, "completed_tasks": table.completed, "users": table.users}

    assert not demo.agrees(table, figures)

    assert "gold disagrees with the table on live tasks" in capsys.readouterr().out
