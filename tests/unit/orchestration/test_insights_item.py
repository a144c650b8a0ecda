"""A row of `user_insights` as the item that the API serves."""

import json
from typing import Any

import pytest

from orchestration.publish.insights import COLUMNS, item

ROW = dict.fromkeys(COLUMNS, "") | {"user_id": "ann", "as_of": "2026-11-24 23:00:00.123", "total_tasks": "2"}


def figures(**columns: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(item({**ROW, **columns})["figures"])
    return found


@pytest.mark.parametrize(
    ("gold", "published"),
    [("3.722e-05", 0.0), ("0.0049", 0.0), ("0.0051", 0.01), ("36.123456789", 36.12), ("1e3", 1000.0), ("", None)],
)
def test_hours_are_published_as_people_read_them(gold: str, published: float | None) -> None:
    assert figures(cycle_time_p50_hours=gold, cycle_time_p90_hours="2.5")["cycle_time_hours"] == {
        "p50": published,
        "p90": 2.5,
    }


def test_an_empty_row_has_every_figure() -> None:
    found = figures()
    assert (found["total_tasks"], found["completion_rate_pct"], found["weekly"]) == (2, 0, [])
    assert found["as_of"] == "2026-11-24T23:00:00Z"


def test_the_categories_with_the_most_tasks_are_named_and_the_rest_is_one_sum() -> None:
    gold = [{"category": f"c{n}", "total": 200 - n, "completed": n % 2} for n in range(103)]
    found = figures(by_category=json.dumps(gold))
    assert found["by_category"] == gold[:100]
    assert found["other_categories"] == {"categories": 3, "total": 100 + 99 + 98, "completed": 1}
