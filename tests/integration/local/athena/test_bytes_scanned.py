"""What a query reads: only the partitions and columns that it needs, and that much is reported and limited."""

import gzip
import json

import pytest

from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account


@pytest.fixture(scope="module")
def wide(athena: Queries) -> str:
    """A Parquet table of two columns, one of them large, in three partitions."""
    athena.run(
        f"create table wide with (format = 'PARQUET', external_location = '{athena.location('wide')}', "
        "partitioned_by = array['day']) as select n, to_hex(sha256(to_utf8(cast(n as varchar)))) as large, "
        "date_add('day', n % 3, date '2026-01-01') as day from unnest(sequence(1, 3000)) as t (n)"
    )
    return "wide"


def test_columns_of_parquet_that_are_not_needed_are_not_counted(athena: Queries, wide: str) -> None:
    everything = athena.scanned(f"select * from {wide}")
    assert 0 < athena.scanned(f"select sum(n) from {wide}") < everything / 10
    assert athena.scanned(f"select count(*) from {wide}") == 0


def test_partitions_that_a_predicate_rules_out_are_neither_read_nor_counted(athena: Queries, wide: str) -> None:
    everything = athena.scanned(f"select large from {wide}")
    third = athena.scanned(f"select large from {wide} where day = date '2026-01-02'")
    assert third == pytest.approx(everything / 3, rel=0.05)
    for key in athena.keys(f"{wide}/day=2026-01-03/"):
        athena.put(key, b"no Parquet")
    sql = f"select count(large) from {wide} where day between date '2026-01-01' and date '2026-01-02'"
    assert athena.rows(sql) == [["2000"]]
    assert athena.execute(f"select count(large) from {wide}")["Status"]["State"] == "FAILED"


def test_pruning_reaches_through_views_and_common_table_expressions(athena: Queries, wide: str) -> None:
    athena.run(f"create view narrowed as select n, large, day as on_day from {wide}")
    one = athena.scanned(f"select n from {wide} where day = date '2026-01-01'")
    assert one > 0
    assert athena.scanned("select n from narrowed where on_day = date '2026-01-01'") == one
    sql = "with picked as (select * from narrowed) select sum(n) from picked p where p.on_day < date '2026-01-02'"
    assert athena.scanned(sql) == one


def test_common_table_expressions_of_one_name_in_two_places_are_two(athena: Queries, wide: str) -> None:
    days = f"{wide} where day < date '2026-01-03'"
    one = athena.scanned(f"select sum(n) from {days}")
    chosen = f"chosen as (with changes as (select n from {days}) select n from changes)"
    sql = f"with {chosen}, changes as (select n from chosen) select sum(n) from changes"
    assert athena.rows(sql) == athena.rows(f"select sum(n) from {days}")
    assert athena.scanned(sql) == one > 0
    assert athena.scanned(f"with {chosen} select sum(a.n) from chosen a join chosen b on a.n = b.n") == 2 * one


def test_of_text_the_whole_objects_are_counted(athena: Queries) -> None:
    body = gzip.compress(json.dumps({"a": 1, "b": "x" * 1000}).encode())
    athena.put("lines/one.gz", body)
    athena.run(
        "CREATE EXTERNAL TABLE lines (a int, b string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION '{athena.location('lines')}'"
    )
    assert athena.scanned("select a from lines") == len(body)


def test_iceberg_reads_the_files_and_columns_it_needs(athena: Queries) -> None:
    athena.run(
        f"create table ice with (table_type = 'ICEBERG', location = '{athena.location('ice')}', "
        "partitioning = array['day(at)']) as select n, to_hex(sha256(to_utf8(cast(n as varchar)))) as large, "
        "date_add('day', n % 3, timestamp '2026-01-01 00:00:00') as at from unnest(sequence(1, 3000)) as t (n)"
    )
    everything = athena.scanned("select large from ice")
    day = "select count(large) from ice where at >= timestamp '2026-01-03 00:00:00'"
    assert athena.rows(day) == [["1000"]]
    assert athena.scanned(day) < everything / 2
    for days, rows in (("in (date '2026-01-01')", 1000), ("between date '2026-01-02' and date '2026-01-03'", 2000)):
        of_days = f"select count(large) from ice where cast(at as date) {days}"
        assert athena.rows(of_days) == [[str(rows)]]
        assert athena.scanned(of_days) == pytest.approx(everything * rows / 3000, rel=0.1)
    assert 0 < athena.scanned("select sum(n) from ice") < everything / 2
    assert athena.rows("select count(*) from ice") == [["3000"]]
    assert athena.scanned("select count(*) from ice") == 0


def test_what_a_statement_can_have_no_row_of_is_not_read(athena: Queries, wide: str) -> None:
    for probe in (f"select * from (select * from {wide}) as q where false limit 0", f"select * from {wide} limit 0"):
        assert athena.rows(probe) == []
        assert athena.scanned(probe) == 0
    day = f"select n from {wide} where day = date '2026-01-01'"
    joined = f"select count(*), count(w.n) from ({day}) t left join (select * from {wide} where false) w on t.n = w.n"
    assert athena.rows(joined) == [["1000", "0"]]
    assert athena.scanned(joined) == athena.scanned(day)


def test_a_statement_without_a_table_reads_nothing(athena: Queries) -> None:
    assert athena.scanned("select 'a long text that is no byte of any table'") == 0
