"""Iceberg tables: written by SQL, versioned, and deleted with their data."""

import concurrent.futures
import datetime as dt
import threading
import time

import pytest

from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account


def create(athena: Queries, name: str) -> str:
    athena.run(
        f"create table {name} with (table_type = 'ICEBERG', is_external = false, location = '{athena.location(name)}', "
        "partitioning = array['bucket(k, 4)', 'day(at)']) as select * from (values "
        "(1, 'a', timestamp '2026-01-01 00:00:00'), (2, 'b', timestamp '2026-01-02 00:00:00')) as t (k, v, at)"
    )
    return name


def test_rows_are_inserted_updated_deleted_and_merged(athena: Queries) -> None:
    table = create(athena, "changes")
    athena.run(f"insert into {table} values (3, 'c', timestamp '2026-01-03 00:00:00')")
    updated = athena.run(f"update {table} set v = 'B' where k = 2")
    assert athena.results(updated)["UpdateCount"] == 1
    athena.run(f"delete from {table} where k = 1")
    merged = athena.run(
        f"merge into {table} t using (values (3, 'C'), (4, 'd')) as s (k, v) on t.k = s.k "
        "when matched then update set v = s.v when not matched then insert (k, v) values (s.k, s.v)"
    )
    assert athena.results(merged)["UpdateCount"] == 2
    assert athena.rows(f"select k, v, at from {table} order by k") == [
        ["2", "B", "2026-01-02 00:00:00.000"],
        ["3", "C", "2026-01-03 00:00:00.000"],
        ["4", "d", None],
    ]


def test_an_insert_that_loses_to_another_says_that_it_can_be_tried_again(athena: Queries) -> None:
    """dbt-athena runs it again when the type is 233, "Iceberg error", and the message names the code.

    https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
    """
    table = create(athena, "raced")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        insert = f"insert into {table} (k) values (9)"
        ended = [one["Status"] for one in pool.map(athena.execute, [insert] * 8)]
    lost = [status for status in ended if status["State"] == "FAILED"]
    for status in lost:
        assert status["StateChangeReason"].startswith("ICEBERG_COMMIT_ERROR: ")
        assert status["AthenaError"]["ErrorType"] == 233
    assert athena.rows(f"select count(*) from {table} where k = 9") == [[str(8 - len(lost))]]


def test_a_merge_can_read_the_catalog_and_delete(athena: Queries) -> None:
    table = create(athena, "merged")
    athena.run(f"create table gone with (external_location = '{athena.location('gone')}') as select 2 as k")
    athena.run(
        f"merge into {athena.database}.{table} as t using (select k from gone) s on t.k = s.k when matched then delete"
    )
    assert athena.rows(f"select k from {table}") == [["1"]]


def test_columns_are_added_renamed_and_dropped(athena: Queries) -> None:
    table = create(athena, "evolving")
    athena.run(f"alter table {table} add columns (extra string, n bigint)")
    athena.run(f"insert into {table} values (5, 'e', null, 'x', 9)")
    assert athena.rows(f"select k, extra, n from {table} order by k") == [
        ["1", None, None],
        ["2", None, None],
        ["5", "x", "9"],
    ]
    athena.run(f"alter table {table} change column extra note string")
    athena.run(f"alter table {table} drop column n")
    assert athena.rows(f"select * from {table} where k = 5") == [["5", "e", None, "x"]]


def test_earlier_versions_stay_readable_by_snapshot_and_by_time(athena: Queries) -> None:
    table = create(athena, "versioned")
    time.sleep(0.05)
    between = dt.datetime.now(dt.UTC)
    time.sleep(0.05)
    athena.run(f"delete from {table} where k = 1")
    snapshots = athena.rows(f'select snapshot_id, operation from "{table}$snapshots" order by committed_at')
    assert snapshots[0][1] == "append"
    assert athena.rows(f"select count(*) from {table}") == [["1"]]
    assert athena.rows(f"select count(*) from {table} for version as of {snapshots[0][0]}") == [["2"]]
    moment = between.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    assert athena.rows(f"select count(*) from {table} for timestamp as of timestamp '{moment}'") == [["2"]]
    assert athena.failure(f"select * from {table} for version as of 1").startswith("ICEBERG_INVALID_SNAPSHOT_ID")


def test_the_instants_of_snapshots_are_in_utc(athena: Queries) -> None:
    table = create(athena, "dated")
    ((committed_at,),) = athena.rows(f'select committed_at from "{table}$snapshots"')
    assert committed_at is not None
    assert dt.datetime.strptime(committed_at, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=dt.UTC) <= dt.datetime.now(
        dt.UTC
    )
    assert athena.types(f'select made_current_at from "{table}$history"') == ["timestamp with time zone"]


def test_a_table_created_empty_has_the_declared_types(athena: Queries) -> None:
    athena.run(
        "CREATE TABLE declared (id bigint, name string, at timestamp, tags array<string>) "
        f"PARTITIONED BY (day(at), name) LOCATION '{athena.location('declared')}' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    )
    assert athena.rows('select * from "declared$partitions"') == []
    athena.run("insert into declared values (1, 'n', timestamp '2026-01-01 00:00:00', array['x'])")
    assert athena.rows("select id, name, at, tags from declared") == [["1", "n", "2026-01-01 00:00:00.000", "[x]"]]
    assert any("at_day=2026-01-01/name=n/" in key for key in athena.keys("declared/data/"))


def test_dropping_a_table_deletes_its_data(athena: Queries) -> None:
    table = create(athena, "dropped")
    assert athena.keys(f"{table}/data/")
    athena.run(f"drop table {table}")
    assert athena.keys(f"{table}/") == []


def test_a_time_zone_survives(athena: Queries) -> None:
    athena.run(
        f"create table zoned with (table_type = 'ICEBERG', location = '{athena.location('zoned')}') as "
        "select timestamp '2026-01-01 12:00:00 UTC' as at"
    )
    assert athena.types("select at from zoned") == ["timestamp with time zone"]
    assert athena.rows("select at from zoned") == [["2026-01-01 12:00:00.000 UTC"]]


def test_two_writers_at_once_lose_nothing(athena: Queries) -> None:
    table = create(athena, "contended")
    statements = [f"update {table} set v = v || '!' where k = 1" for _ in range(2)]
    statements += [f"insert into {table} values ({k}, 'n', null)" for k in (10, 11)]
    writers = [threading.Thread(target=athena.run, args=(sql,)) for sql in statements]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert athena.rows(f"select k, v from {table} order by k") == [["1", "a!!"], ["2", "b"], ["10", "n"], ["11", "n"]]
