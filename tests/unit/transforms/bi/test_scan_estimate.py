"""Which columns of which tables a query reads, and which files its conditions leave."""

import base64
import json
from typing import Any

import pytest
import sqlglot

from transforms.bi.scan_estimate.file_bounds import restrict_files
from transforms.bi.scan_estimate.scans import EstimateError, find_scans

VIEW = "with recent as (select user_id, day from events where day > date '2026-11-01') select * from recent"


def catalog(database: str, name: str) -> dict[str, Any]:
    """Two tables and a view."""
    kinds = {
        "events": {"event_id": "string", "user_id": "string", "day": "date", "at": "timestamp", "note": "string"},
        "users": {"user_id": "string", "name": "string", "visits": "bigint"},
        "recent_events": {"user_id": "string", "day": "date"},
    }
    stored = base64.b64encode(json.dumps({"originalSql": VIEW, "schema": "gold"}).encode()).decode()
    return {
        "DatabaseName": database,
        "Name": name,
        "ViewOriginalText": f"/* Presto View: {stored} */" if name == "recent_events" else "",
        "StorageDescriptor": {"Columns": [{"Name": key, "Type": kind} for key, kind in kinds[name].items()]},
    }


def reads(sql: str) -> list[str]:
    """Table and columns of each reading."""
    return sorted(
        f"{scan.table['Name']}({', '.join(sorted(scan.columns))})" for scan in find_scans(sql, "gold", catalog)
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select name from users", ["users(name)"]),
        ("select * from users", ["users(name, user_id, visits)"]),
        ("select count(*) from events", ["events()"]),
        ("select name from (select * from users) where visits > 1", ["users(name, visits)"]),
        ("select day from recent_events", ["events(day)"]),
        ("select count(*) from recent_events", ["events(day)"]),
        (
            "select note from gold.events e join users u on e.user_id = u.user_id",
            ["events(note, user_id)", "users(user_id)"],
        ),
        (
            "with e as (select * from events) select a.note from e a, e b where a.day = b.day",
            ["events(day)", "events(day, note)"],
        ),
        (
            "with a as (select user_id from users), b as (select * from a) select * from b union all select * from a",
            ["users(user_id)", "users(user_id)"],
        ),
        (
            "select name from users where user_id in (select user_id from events where day = date '2026-11-02')",
            ["events(day, user_id)", "users(name, user_id)"],
        ),
        (
            "select name, (select max(day) from events e where e.user_id = u.user_id) from users u",
            ["events(day, user_id)", "users(name, user_id)"],
        ),
        (
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 3) select i, name from n, users",
            ["users(name)"],
        ),
        ("values 1, 2", []),
    ],
)
def test_the_readings_of_a_query(sql: str, expected: list[str]) -> None:
    assert reads(sql) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [("delete from users", "only a query has an estimate"), ("select frm where", "the statement cannot be read")],
)
def test_what_has_no_estimate_is_refused(sql: str, message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        find_scans(sql, "gold", catalog)


def test_a_views_conditions_and_those_on_it_reach_the_table() -> None:
    (scan,) = find_scans("select user_id from recent_events where user_id = 'u1'", "gold", catalog)
    assert sorted(one.sql() for one in scan.conditions) == [
        "\"day\" > CAST('2026-11-01' AS DATE)",
        "\"user_id\" = 'u1'",
    ]


FIELDS = {"day": (3, "date"), "at": (4, "timestamp"), "user_id": (2, "string"), "visits": (7, "bigint")}
LEAST, MOST = "cast(element_at(lower_bounds, 7) as bigint)", "cast(element_at(upper_bounds, 7) as bigint)"
LAST_DAY = "cast(from_iso8601_timestamp(element_at(upper_bounds, 4)) as date)"
LESS_THAN_5, LESS_THAN_8 = (f"coalesce({LEAST} < ({number}), true)" for number in (5, 8))
AT_LEAST_7 = f"coalesce({MOST} >= (7), true)"
NAMES = "element_at(lower_bounds, 2) <= ('u1')", "element_at(upper_bounds, 2)"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("visits < 5", [f"coalesce({LEAST} < (5), true)"]),
        ("5 < visits", [f"coalesce({MOST} > (5), true)"]),
        ("user_id = 'u1'", [f"coalesce({NAMES[0]} and (length({NAMES[1]}) >= 16 or {NAMES[1]} >= ('u1')), true)"]),
        ("cast(at as date) >= date '2026-11-02'", [f"coalesce({LAST_DAY} >= (CAST('2026-11-02' AS DATE)), true)"]),
        ("visits between 2 and 3", [f"coalesce({MOST} >= (2), true)", f"coalesce({LEAST} <= (3), true)"]),
        ("visits < 5 or visits >= 7 and visits < 8", [f"(({LESS_THAN_5}) or ({AT_LEAST_7} and {LESS_THAN_8}))"]),
        ("visits < 5 or note = 'x'", []),
        ("visits in (2, other)", []),
        ("length(user_id) = 3", []),
        ("visits <> 3", []),
        ("unknown = 3", []),
    ],
)
def test_a_condition_on_rows_is_one_on_files(condition: str, expected: list[str]) -> None:
    assert restrict_files([sqlglot.parse_one(condition, dialect="trino")], FIELDS) == expected
