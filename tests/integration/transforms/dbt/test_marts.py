"""Every mart on made-up silver of three shapes: what dbt builds is what Python works out from the same rows."""

import collections
import datetime as dt
import json
from typing import Any

import pytest

from orchestration.publish.insights import COLUMNS, item
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import comparable
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.recomputed import marts
from transforms.bi.saved_queries import all_queries

pytestmark = [pytest.mark.account, pytest.mark.slow]

TINY = Shape(users=2, tasks=5, days=4, requests=6)
SKEWED = Shape(users=40, tasks=500, days=30, skew=1.5, requests=400)
# more days than the 100 partitions that one statement may write
MONTHS = Shape(users=15, tasks=300, days=130, requests=300, end=dt.date(2027, 2, 20))
SHAPE_OF_DAYS = Shape(users=12, tasks=150, days=20)


def build(warehouse: Warehouse, as_of: dt.date, *words: str) -> None:
    built = warehouse.dbt(*words, "--vars", json.dumps({"as_of_date": str(as_of)}))
    assert built.returncode == 0, built.stdout


def differences(
    warehouse: Warehouse, silver: dict[str, list[dict[str, Any]]], as_of: dt.date, at: dt.time | None = None
) -> dict[str, Any]:
    """By mart, the rows that gold alone has and those that the recomputation alone has; empty when both agree."""
    found = {}
    for mart, expected in marts(silver, as_of, at).items():
        gold, recomputed = (collections.Counter(map(comparable, rows)) for rows in (warehouse.rows(mart), expected))
        if gold != recomputed:
            found[mart] = [list((gold - recomputed).elements())[:3], list((recomputed - gold).elements())[:3]]
    return found


def test_a_few_users_with_most_of_the_tasks(warehouse: Warehouse) -> None:
    silver = Population(SKEWED).rows
    warehouse.fill(silver)
    build(warehouse, SKEWED.end, "build", "--exclude-resource-type", "unit_test")
    assert differences(warehouse, silver, SKEWED.end) == {}


def test_months_over_the_turn_of_a_year(warehouse: Warehouse) -> None:
    silver = Population(MONTHS).rows
    warehouse.fill(silver)
    build(warehouse, MONTHS.end, "run")
    assert differences(warehouse, silver, MONTHS.end) == {}


def test_a_handful_of_tasks_on_a_day_in_the_past_and_today(warehouse: Warehouse) -> None:
    """Figures refer to the day that `as_of_date` names, even one before anything happened."""
    silver = Population(TINY).rows
    warehouse.fill(silver)
    before = TINY.end - dt.timedelta(days=60)
    build(warehouse, before, "run")
    assert warehouse.rows("fct_daily_backlog") == []
    assert warehouse.rows("agg_cohort_retention") == []
    assert {row["as_of"].date() for row in warehouse.rows("user_insights")} == {before}
    build(warehouse, TINY.end, "run")
    assert differences(warehouse, silver, TINY.end) == {}


def test_one_instant_is_three_days_and_midnight_comes_without_a_change(warehouse: Warehouse) -> None:
    """At 10:30 it is the day before on Midway, and half past midnight on Kiritimati: a build works out who is due."""
    silver, day = Population(SHAPE_OF_DAYS).rows, SHAPE_OF_DAYS.end + dt.timedelta(days=1)
    warehouse.fill(silver)
    for at in (dt.time(9, 30), dt.time(10, 30)):
        as_of = {"as_of_date": str(day), "as_of": f"{day} {at}"}
        built = warehouse.dbt("run", "--select", "+user_insights", "dim_users", "--vars", json.dumps(as_of))
        assert built.returncode == 0, built.stdout
        rows = {row["user_id"]: row for row in warehouse.rows("user_insights")}
        expected = {row["user_id"]: row for row in marts(silver, day, at)["user_insights"]}
        shown = ("overdue_tasks", "current_streak_days", "longest_streak_days", "weekly", "time_zone", "valid_until")
        assert {user: [row[name] for name in shown] for user, row in rows.items()} == {
            user: [row[name] for name in shown] for user, row in expected.items()
        }
    # rows that are as they were stay those of the build before
    times = {(row["time_zone"] == "Pacific/Kiritimati", row["as_of"].time()) for row in rows.values()}
    assert (True, dt.time(10, 30)) in times
    assert (True, dt.time(9, 30)) not in times
    assert (False, dt.time(9, 30)) in times
    # the dashboard's question, and what `GET /insights` answers
    streaks = {user: [str(row[name]) for name in shown[1:3]] for user, row in expected.items()}
    (question,) = (query for query in all_queries() if query.name == "streaks")
    answered = warehouse.ask(question.sql, warehouse.gold)
    assert {str(user): [now, longest] for user, _, now, longest, *_ in answered} == streaks
    for user, row in rows.items():
        published = json.loads(item({name: "" if row[name] is None else str(row[name]) for name in COLUMNS})["figures"])
        assert [published[name] for name in shown[:3]] == [expected[user][name] for name in shown[:3]]
        assert (published["weekly"], published["time_zone"]) == (json.loads(row["weekly"]), expected[user]["time_zone"])
