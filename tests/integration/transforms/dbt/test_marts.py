"""Every mart on made-up silver of three shapes: what dbt builds is what Python works out from the same rows."""

import collections
import datetime as dt
import json
from typing import Any

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.recomputed import marts

pytestmark = [pytest.mark.account, pytest.mark.slow]

TINY = Shape(users=2, tasks=5, days=4, requests=6)
SKEWED = Shape(users=40, tasks=500, days=30, skew=1.5, requests=400)
# over the turn of a year, and more days than the 100 partitions that one statement may write
MONTHS = Shape(users=15, tasks=300, days=130, requests=300, end=dt.date(2027, 2, 20))
FACTS = ("fct_task_events", "fct_daily_activity", "agg_api_usage_daily")


def build(warehouse: Warehouse, as_of: dt.date, *words: str) -> None:
    built = warehouse.dbt(*words, "--vars", json.dumps({"as_of_date": str(as_of)}))
    assert built.returncode == 0, built.stdout


def differences(warehouse: Warehouse, silver: dict[str, list[dict[str, Any]]], as_of: dt.date) -> dict[str, Any]:
    """By mart, the rows that gold alone has and those that the recomputation alone has; empty when both agree."""
    found = {}
    for mart, expected in marts(silver, as_of).items():
        gold, wanted = (collections.Counter(map(comparable, rows)) for rows in (warehouse.rows(mart), expected))
        if gold != wanted:
            found[mart] = [list((gold - wanted).elements())[:3], list((wanted - gold).elements())[:3]]
    return found


def comparable(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((name, round(v, 6) if isinstance(v, float) else v) for name, v in sorted(row.items()))


def test_a_handful_of_tasks(warehouse: Warehouse) -> None:
    silver = Population(TINY).rows
    warehouse.fill(silver)
    build(warehouse, TINY.end, "run")
    assert differences(warehouse, silver, TINY.end) == {}


def test_a_few_users_with_most_of_the_tasks(warehouse: Warehouse) -> None:
    silver = Population(SKEWED).rows
    warehouse.fill(silver)
    build(warehouse, SKEWED.end, "build", "--exclude-resource-type", "unit_test")
    assert differences(warehouse, silver, SKEWED.end) == {}


def test_months_and_what_comes_late_or_goes(warehouse: Warehouse) -> None:
    silver = Population(MONTHS).rows
    late, in_time = silver["task_events"][::60], [e for n, e in enumerate(silver["task_events"]) if n % 60]
    warehouse.fill({**silver, "task_events": in_time})
    build(warehouse, MONTHS.end, "run")
    first_files = {mart: warehouse.files(mart) for mart in FACTS}
    assert len(first_files["fct_task_events"]) > 100
    assert len(first_files["agg_api_usage_daily"]) > 100

    # late events arrive, a user is erased, a day's requests go, and a day gets its first
    leaver = next(user for user in silver["users"] if not user["is_deleted"])["user_id"]
    lost_day = silver["api_requests"][0]["occurred_at"].date()
    requests = [one for one in silver["api_requests"] if one["occurred_at"].date() != lost_day]
    changed = {
        **silver,
        "task_events": [event for event in in_time + late if event["user_id"] != leaver],
        "tasks": [task for task in silver["tasks"] if task["user_id"] != leaver],
        "users": [user for user in silver["users"] if user["user_id"] != leaver],
        "api_requests": requests,
    }
    warehouse.fill(changed)
    build(warehouse, MONTHS.end, "run")
    assert differences(warehouse, changed, MONTHS.end) == {}
    files = {mart: warehouse.files(mart) for mart in FACTS}
    touched = {e["occurred_at"].date() for e in late}
    touched |= {e["occurred_at"].date() for e in silver["task_events"] if e["user_id"] == leaver}
    rewritten = {
        day
        for day in first_files["fct_task_events"]
        if files["fct_task_events"].get(day) != first_files["fct_task_events"][day]
    }
    assert {dt.date.fromisoformat(day.partition("=")[2]) for day in rewritten} <= touched
    assert 0 < len(rewritten) < len(first_files["fct_task_events"]) / 2
    assert f"usage_date={lost_day}" in first_files["agg_api_usage_daily"]
    assert f"usage_date={lost_day}" not in files["agg_api_usage_daily"]

    build(warehouse, MONTHS.end, "run", "--select", *FACTS)
    assert {mart: warehouse.files(mart) for mart in FACTS} == files
