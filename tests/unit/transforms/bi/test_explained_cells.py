"""The rows behind each cell of each saved query: counted and summed again, they give the cell."""

import collections
import datetime as dt

import pandas as pd
import pytest

from infra.local.athena import session
from tests.unit.transforms.bi import aggregates, lives, usage
from tests.unit.transforms.bi.recomputed_history import LAST
from tests.unit.transforms.bi.test_recomputed_figures import answer, fill
from transforms.bi.dashboard.explanation import list_choices
from transforms.bi.explain.cells import ExplainError, rows_of, take_apart
from transforms.bi.saved_queries import SavedQuery, all_queries

# their rows are rows of gold's tables, nothing is counted
LISTS = {
    "cohort_retention",
    "key_figures",
    "oldest_open_tasks",
    "open_tasks_per_day",
    "pipeline_runs",
    "slowest_categories",
    "streaks",
    "users_without_a_task",
}


def aggregated(query: SavedQuery) -> bool:
    return query.name not in LISTS


def again(kind: str, values: list[str]) -> float:
    numbers = [float(value) for value in values] if kind not in ("count", "count_distinct") else []
    return {
        "sum": sum(numbers),
        "count": len(values),
        "count_distinct": len(set(values)),
        "avg": sum(numbers) / max(1, len(numbers)),
    }[kind]


def test_the_rows_behind_every_cell_give_the_cell() -> None:
    days = 35
    events = lives.make(3, days, 60, LAST)
    gold = lives.gold(events, LAST) | aggregates.make(events, LAST)
    gold |= usage.gold(usage.make_requests(3, days, LAST), usage.make_runs(3, days, LAST))
    compared: collections.Counter[str] = collections.Counter()
    with session.connection() as connection:
        fill(connection, gold)
        for query in filter(aggregated, all_queries()):
            cell = take_apart(query.sql)
            names, rows = answer(connection, query.sql)
            _, behind = answer(connection, cell.sql)
            columns, _ = answer(connection, f"select * from ({cell.sql}) as one limit 0")
            groups = collections.defaultdict(list)
            for row in behind:
                groups[tuple(row[: len(cell.keys)])].append(row)
            keys = [key for key in cell.keys if key in names]
            assert keys, query.name
            for row in rows:
                shown = dict(zip(names, row, strict=True))
                mine = groups.get(tuple(shown[key] for key in keys), [])
                for column in shown.keys() & {
                    name for name, kind in cell.counted.items() if kind not in ("max", "min")
                }:
                    values = [one[columns.index(column)] for one in mine]
                    found = again(cell.counted[column], [value for value in values if value is not None])
                    assert found == pytest.approx(float(shown[column] or 0)), (query.name, shown, column)
                    compared[query.name] += 1
    assert len(compared) >= 20
    assert sum(compared.values()) > 300


def test_the_rows_behind_one_cell_are_selected_by_its_values() -> None:
    queries = {query.name: query for query in all_queries()}
    events = lives.make(3, 35, 60, LAST)
    with session.connection() as connection:
        fill(connection, lives.gold(events, LAST) | aggregates.make(events, LAST))
        sql = queries["status_by_priority"].sql
        _, rows = answer(connection, sql)
        for priority, status, tasks in rows:
            selected = rows_of(take_apart(sql), {"priority": priority, "status": status})
            names, behind = answer(connection, selected)
            assert len(behind) == int(tasks or 0)
            assert {row[names.index("status")] for row in behind} == {status}
        _, none = answer(connection, rows_of(take_apart(sql), {"priority": "low' or 'a' = 'a"}))
        assert none == []


@pytest.mark.parametrize("query", [one for one in all_queries() if not aggregated(one)], ids=lambda one: one.name)
def test_a_list_has_no_rows_behind_it(query: SavedQuery) -> None:
    with pytest.raises(ExplainError, match="groups nothing"):
        take_apart(query.sql)


def test_an_unknown_column_is_refused() -> None:
    cell = take_apart("select status, count(*) as tasks from fct_tasks group by status")
    with pytest.raises(ExplainError, match="grouped by status, not by day"):
        rows_of(cell, {"day": str(dt.date(2026, 11, 22))})


def test_every_row_of_an_answer_can_be_chosen_in_the_dashboard() -> None:
    queries = {query.name: query for query in all_queries()}
    frame = pd.DataFrame({"week": [pd.Timestamp("2026-11-16")] * 2, "reason": ["created", None], "tasks": [1, 2]})
    choices = list_choices(take_apart(queries["backlog_change_by_week"].sql), frame)
    assert choices == {
        "2026-11-16 · created": {"week": "2026-11-16", "reason": "created"},
        "2026-11-16 · null": {"week": "2026-11-16", "reason": None},
    }
