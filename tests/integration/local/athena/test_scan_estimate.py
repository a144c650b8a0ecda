"""The estimate of what a query scans is what Athena then scans."""

import json

import pytest

from tests.integration.local.athena.conftest import Queries
from transforms.bi.scan_estimate.estimate import estimate

pytestmark = pytest.mark.account


@pytest.fixture(scope="module")
def tables(athena: Queries) -> Queries:
    """An Iceberg table of three files with some rows deleted, a partitioned Parquet table, and a view of both."""
    columns = "day date, at timestamp, user_id string, visits bigint, note string"
    location = athena.location("seen")
    athena.run(f"create table seen ({columns}) location '{location}' tblproperties ('table_type' = 'ICEBERG')")
    for day in (1, 2, 3):
        note, name = (
            "to_hex(sha256(to_utf8(cast(n as varchar))))",
            f"'user-with-a-long-name-{day}-' || cast(n as varchar)",
        )
        instants = f"date '2026-11-0{day}', timestamp '2026-11-0{day} 08:00:00'"
        athena.run(
            f"insert into seen select {instants}, {name}, n + 1000 * {day}, {note} "
            "from unnest(sequence(1, 900)) as t (n)"
        )
    athena.run("delete from seen where visits in (1001, 2002)")
    athena.run(
        f"create table stored with (format = 'PARQUET', external_location = '{athena.location('stored')}', "
        "partitioned_by = array['day']) as select user_id, note, visits, day from seen"
    )
    athena.run(
        "create view busy as with big as (select * from seen where visits > 2500) "
        "select big.user_id, stored.note from big join stored on big.user_id = stored.user_id"
    )
    return athena


@pytest.mark.parametrize(
    "sql",
    [
        "select * from seen",
        "select note from seen where day = date '2026-11-02'",
        "select note from seen where cast(at as date) >= date '2026-11-01' + interval '1' day",
        "select note from seen where visits between 1500 and 2500 or visits < 0",
        "select note from seen where visits in (1500, 1501)",
        "select count(*) from seen",
        "select user_id from stored where day > date '2026-11-01'",
        "select sum(visits) from stored",
        "select user_id from busy",
        "with s as (select note, day from seen) select a.note from s a join s b on a.note = b.note and b.day > a.day",
        "select * from (select note, visits from seen) where visits < 1100 limit 3",
        "values 1",
    ],
)
def test_an_estimate_is_within_a_tenth_of_what_is_scanned(tables: Queries, sql: str) -> None:
    found = estimate(sql, tables.database, lambda metadata, _: tables.rows(metadata))
    assert found.scanned == pytest.approx(tables.scanned(sql), rel=0.1)
    assert found.usd == pytest.approx(10 * 5 / 1e6)


def test_the_bounds_of_files_are_text_as_in_trino(tables: Queries) -> None:
    sql = (
        'select cast(map_values(lower_bounds) as json), cast(map_values(upper_bounds) as json) from "seen$files" '
        "where content = 0 and element_at(lower_bounds, 4) = '1001'"
    )
    [[least, most]] = tables.rows(sql)
    assert json.loads(least or "")[:4] == ["2026-11-01", "2026-11-01T08:00:00", "user-with-a-long", "1001"]
    assert json.loads(most or "")[3] == "1900"
