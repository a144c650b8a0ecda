"""MERGE, UPDATE and DELETE on Iceberg tables: what they read and write grows with the change, not with the table.

Merge-on-read: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
"""

from typing import Any

import pytest
from pyiceberg.catalog.glue import GlueCatalog

from infra.local.account.settings import OWNER_KEYS, REGION
from tests.conftest import Account
from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account

FILES = 10
ROWS = 1000  # of each file


@pytest.fixture
def table(athena: Queries, unique: str) -> str:
    """A table of ten files, one per value of `part`; `k` grows from file to file."""
    name = f"rows_{unique}"
    athena.run(
        f"create table {name} with (table_type = 'ICEBERG', location = '{athena.location(name)}', "
        f"partitioning = array['part']) as select n as k, n / {ROWS} as part, "
        "to_hex(sha256(to_utf8(cast(n as varchar)))) as v "
        f"from unnest(sequence(0, {FILES * ROWS - 1})) as t (n)"
    )
    return name


def data_keys(athena: Queries, table: str) -> set[str]:
    """The table's data and delete files (a listing shows 1,000 keys; here are fewer)."""
    return set(athena.keys(f"{table}/data/"))


def summary(athena: Queries, table: str) -> dict[str, Any]:
    """The current snapshot's summary."""
    opened = iceberg(athena, table)
    snapshot = opened.current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    return dict(snapshot.summary.additional_properties)


def iceberg(athena: Queries, table: str) -> Any:
    """The table as pyiceberg, which knows nothing of the engine, loads it."""
    return catalog(athena).load_table((athena.database, table))


def catalog(athena: Queries) -> GlueCatalog:
    endpoint = athena.session.client("glue").meta.endpoint_url
    keys = {"s3.access-key-id": OWNER_KEYS["aws_access_key_id"]}
    keys["s3.secret-access-key"] = OWNER_KEYS["aws_secret_access_key"]
    properties = {"s3.endpoint": endpoint, "s3.region": REGION, **keys}
    return GlueCatalog("glue", client=athena.session.client("glue"), **properties)


def test_an_update_writes_one_delete_file_and_one_data_file(athena: Queries, table: str) -> None:
    before = data_keys(athena, table)
    athena.run(f"update {table} set v = 'new' where k = 1500")
    written = data_keys(athena, table) - before
    assert len(written) == 2
    assert sum(key.endswith("-deletes.parquet") for key in written) == 1
    assert all("part=1/" in key for key in written)
    assert before <= data_keys(athena, table)
    assert athena.rows(f"select v, count(*) from {table} where k between 1500 and 1500 group by 1") == [["new", "1"]]
    assert athena.rows(f"select count(*), count(distinct k) from {table}") == [["10000", "10000"]]
    assert summary(athena, table)["total-position-deletes"] == "1"


def test_another_reader_sees_the_same_rows(account: Account, athena: Queries, table: str) -> None:  # noqa: ARG001
    athena.run(f"update {table} set v = 'first' where k in (1, 2, 3)")
    athena.run(f"update {table} set v = 'second' where k in (2, 3)")
    athena.run(f"delete from {table} where k = 3 or k = 9999")
    rows = iceberg(athena, table).scan(selected_fields=("k", "v"), row_filter="k <= 3 or k >= 9998").to_arrow()
    found = {row["k"]: row["v"] for row in rows.to_pylist()}
    assert sorted(found) == [0, 1, 2, 9998]
    assert (found[1], found[2]) == ("first", "second")


def test_a_merge_reads_only_the_files_that_hold_its_keys(athena: Queries, table: str) -> None:
    everything = athena.scanned(f"select * from {table}")
    before = data_keys(athena, table)
    merged = athena.run(
        f"merge into {table} t using (values (100, 'a'), (4200, 'b'), (20000, 'c')) as s (k, v) on t.k = s.k "
        "when matched then update set v = s.v when not matched then insert values (s.k, 99, s.v)"
    )
    assert athena.results(merged)["UpdateCount"] == 3
    assert 0 < merged["Statistics"]["DataScannedInBytes"] < everything * 0.25
    assert {key.split("/")[2] for key in data_keys(athena, table) - before} == {"part=0", "part=4", "part=99"}
    sql = f"select k, part, v from {table} where v in ('a', 'b', 'c') order by k"
    assert athena.rows(sql) == [["100", "0", "a"], ["4200", "4", "b"], ["20000", "99", "c"]]


def test_a_merge_prunes_by_the_predicates_of_its_condition(athena: Queries, table: str) -> None:
    everything = athena.scanned(f"select * from {table}")
    merged = athena.run(
        f"merge into {table} t using (select k, v from {table} where k < 10) s "
        "on t.v = s.v and t.part = 0 when matched then update set v = 'low'"
    )
    assert merged["Statistics"]["DataScannedInBytes"] < everything * 0.25
    assert athena.rows(f"select count(*) from {table} where v = 'low'") == [["10"]]


def test_a_delete_scans_the_columns_of_its_condition(athena: Queries, table: str) -> None:
    everything = athena.scanned(f"select * from {table}")
    deleted = athena.run(f"delete from {table} where mod(k, 100) = 7")
    assert athena.results(deleted)["UpdateCount"] == 100
    assert deleted["Statistics"]["DataScannedInBytes"] < everything / 5
    assert athena.rows(f"select count(*), count_if(mod(k, 100) = 7) from {table}") == [["9900", "0"]]


def test_a_file_without_rows_left_is_removed_without_a_delete_file(athena: Queries, table: str) -> None:
    before = data_keys(athena, table)
    athena.run(f"delete from {table} where part = 3")
    assert data_keys(athena, table) == before
    found = summary(athena, table)
    assert (found["deleted-data-files"], found["total-data-files"]) == ("1", "9")
    assert "total-position-deletes" not in found or found["total-position-deletes"] == "0"


def test_a_statement_that_changes_nothing_commits_nothing(athena: Queries, table: str) -> None:
    before = iceberg(athena, table).current_snapshot()
    athena.run(f"delete from {table} where k < 0")
    athena.run(
        f"merge into {table} t using (select 1 as k where false) s on t.k = s.k when matched then update set v = 'x'"
    )
    assert iceberg(athena, table).current_snapshot() == before


def test_a_target_row_with_two_source_rows_is_refused(athena: Queries, table: str) -> None:
    reason = athena.failure(
        f"merge into {table} t using (values (1, 'a'), (1, 'b')) as s (k, v) on t.k = s.k "
        "when matched then update set v = s.v"
    )
    assert reason.startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES: ")


def test_a_null_of_the_source_takes_the_targets_type(athena: Queries, table: str) -> None:
    athena.run(
        f"merge into {table} t using (select 5 as k, null as v) s on t.k = s.k when matched then update set v = s.v"
    )
    assert athena.rows(f"select k from {table} where v is null") == [["5"]]
