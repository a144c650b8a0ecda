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
# more days than the 100 partitions that one statement may write
MONTHS = Shape(users=15, tasks=300, days=130, requests=300, end=dt.date(2027, 2, 20))


def build(warehouse: Warehouse, as_of: dt.date, *words: str) -> None:
    built = warehouse.dbt(*words, "--vars", json.dumps({"as_of_date": str(as_of)}))
    assert built.returncode == 0, built.stdout


def differences(warehouse: Warehouse, silver: dict[str, list[dict[str, Any]]], as_of: dt.date) -> dict[str, Any]:
    """By mart, the rows that gold alone has and those that the recomputation alone has; empty when both agree."""
    found = {}
    for mart, expected in marts(silver, as_of).items():
        gold, recomputed = (collections.Counter(map(comparable, rows)) for rows in (warehouse.rows(mart), expected))
        if gold != recomputed:
            found[mart] = [list((gold - recomputed).elements())[:3], list((recomputed - gold).elements())[:3]]
    return found


def comparable(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        (name, round(v, 6) if isinstance(v, float) else v) for name, v in sorted(row.items()) if name != "merged_at"
    )


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


def test_months_over_the_turn_of_a_year(warehouse: Warehouse) -> None:
    silver = Population(MONTHS).rows
    warehouse.fill(silver)
    build(warehouse, MONTHS.end, "run")
    assert differences(warehouse, silver, MONTHS.end) == {}


def test_a_day_in_the_past(warehouse: Warehouse) -> None:
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
