"""Tables of the catalog over files in S3, read with the catalog's types and written as Athena writes them."""

import datetime as dt
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account

EVENTS = [
    {"id": 1, "keys": {"PK": "USER#1"}, "price": "12.50", "at": "2026-01-01T10:00:00Z", "tags": ["a", "b"]},
    {"id": 2, "keys": {"PK": "USER#2"}, "price": None, "at": "2026-01-01T11:00:00Z", "tags": []},
]


@pytest.fixture(scope="module")
def events(athena: Queries) -> str:
    """A partitioned table over GZIP JSON lines, as the crawler makes it of the change events."""
    lines = "\n".join(map(json.dumps, EVENTS)).encode()
    athena.put("events/dt=2026-01-01/part-0.gz", gzip.compress(lines))
    athena.put("events/dt=2026-01-02/part-0.gz", gzip.compress(json.dumps({"id": 3}).encode()))
    athena.put("events/dt=2026-01-02/_SUCCESS", b"not data")
    athena.run(
        "CREATE EXTERNAL TABLE events (id bigint, keys struct<pk:string>, price decimal(10,2), at string, "
        "tags array<string>) PARTITIONED BY (dt string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION '{athena.location('events')}'"
    )
    athena.run("MSCK REPAIR TABLE events")
    return "events"


def test_json_is_read_with_the_catalogs_types_and_whatever_case_its_keys_have(athena: Queries, events: str) -> None:
    sql = f"select id, keys.pk, price, at, tags, dt from {events} order by id"
    assert athena.rows(sql) == [
        ["1", "USER#1", "12.50", "2026-01-01T10:00:00Z", "[a, b]", "2026-01-01"],
        ["2", "USER#2", None, "2026-01-01T11:00:00Z", "[]", "2026-01-01"],
        ["3", None, None, None, None, "2026-01-02"],
    ]
    assert athena.types(sql) == ["bigint", "varchar", "decimal(10,2)", "varchar", "array", "varchar"]


def test_parquet_is_read_with_the_catalogs_types_and_columns_that_came_later_are_null(athena: Queries) -> None:
    data = pa.table(
        {"id": pa.array([7], pa.int32()), "at": [dt.datetime.fromisoformat("2026-01-02T03:04:05.678")], "Name": ["n"]}
    )
    buffer = io.BytesIO()
    pq.write_table(data, buffer)
    athena.put("old/one", buffer.getvalue())
    athena.run(
        "CREATE EXTERNAL TABLE old (id bigint, at timestamp, name string, score double, day date) STORED AS PARQUET "
        f"LOCATION '{athena.location('old')}'"
    )
    assert athena.rows("select * from old") == [["7", "2026-01-02 03:04:05.678", "n", None, None]]
    assert athena.types("select * from old") == ["bigint", "timestamp", "varchar", "double", "date"]


def test_ctas_writes_partitions_that_insert_adds_to_and_the_catalog_knows(athena: Queries) -> None:
    execution = athena.run(
        f"create table sales with (format = 'PARQUET', external_location = '{athena.location('sales')}', "
        "partitioned_by = array['region', 'day']) as select * from (values "
        "(1, decimal '1.50', 'n/a', date '2026-01-01'), (2, decimal '2.25', 'eu', date '2026-01-02')) "
        "as t (id, amount, region, day)"
    )
    assert execution["StatementType"] == "DDL"
    assert athena.results(execution)["UpdateCount"] == 2
    inserted = athena.run("insert into sales (id, day, region) values (3, date '2026-01-02', 'us')")
    assert athena.results(inserted)["UpdateCount"] == 1
    assert athena.rows("select id, amount, region, day from sales order by id") == [
        ["1", "1.50", "n/a", "2026-01-01"],
        ["2", "2.25", "eu", "2026-01-02"],
        ["3", None, "us", "2026-01-02"],
    ]
    partitions = athena.session.client("glue").get_partitions(DatabaseName=athena.database, TableName="sales")
    assert sorted(partition["Values"] for partition in partitions["Partitions"]) == [
        ["eu", "2026-01-02"],
        ["n/a", "2026-01-01"],
        ["us", "2026-01-02"],
    ]
    assert [key.rsplit("/", 1)[0] for key in athena.keys("sales/region=n")] == ["sales/region=n%2Fa/day=2026-01-01"]


def test_a_ctas_leaves_a_manifest_of_the_files_it_wrote(athena: Queries) -> None:
    execution = athena.run(f"create table m with (external_location = '{athena.location('m')}') as select 1 as one")
    place = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{athena.bucket}/")
    body = athena.session.client("s3").get_object(Bucket=athena.bucket, Key=place)["Body"].read().decode()
    assert body.splitlines() == [f"s3://{athena.bucket}/{key}" for key in athena.keys("m/")]


def test_a_ctas_into_a_location_that_holds_data_is_refused(athena: Queries) -> None:
    athena.put("taken/file", b"data")
    sql = f"create table taken with (external_location = '{athena.location('taken')}') as select 1 as one"
    assert athena.failure(sql).startswith("HIVE_PATH_ALREADY_EXISTS")


def test_more_than_a_hundred_partitions_at_once_are_refused(athena: Queries) -> None:
    sql = (
        f"create table many with (external_location = '{athena.location('many')}', partitioned_by = array['p']) as "
        "select 1 as one, p from unnest(sequence(1, 101)) as t (p)"
    )
    assert athena.failure(sql).startswith("HIVE_TOO_MANY_OPEN_PARTITIONS")


def test_unload_writes_the_requested_format(athena: Queries) -> None:
    athena.run(f"unload (select 1 as a, 'x' as b) to '{athena.location('unloaded')}' with (format = 'JSON')")
    [key] = athena.keys("unloaded/")
    body = athena.session.client("s3").get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    assert json.loads(gzip.decompress(body)) == {"a": 1, "b": "x"}


def test_unload_takes_parameters_a_delimiter_and_no_compression(athena: Queries) -> None:
    to = f"to '{athena.location('plain')}' with (format = 'TEXTFILE', field_delimiter = ';', compression = 'NONE')"
    execution = athena.run(f"unload (select ? as a, ? as b) {to}", ExecutionParameters=["1", "'x'"])
    assert athena.results(execution)["UpdateCount"] == 1
    [key] = athena.keys("plain/")
    assert athena.session.client("s3").get_object(Bucket=athena.bucket, Key=key)["Body"].read() == b"1;x\n"


def test_avro_is_written_and_read(athena: Queries) -> None:
    athena.run(
        f"create table journal with (format = 'AVRO', external_location = '{athena.location('journal')}') as "
        "select 1 as n, 'a' as s, array[1, 2] as l, map(array['k'], array[1.5]) as m, date '2020-01-01' as d, "
        "timestamp '2020-01-01 01:02:03.004' as t, decimal '-1.50' as e union all "
        "select null, null, null, null, null, null, null"
    )
    athena.run("insert into journal (n, s) values (2, 'b')")
    assert athena.rows("select * from journal order by n") == [
        ["1", "a", "[1, 2]", "{k=1.5}", "2020-01-01", "2020-01-01 01:02:03.004", "-1.50"],
        ["2", "b", *5 * [None]],
        7 * [None],
    ]


def test_a_dropped_hive_table_leaves_its_data(athena: Queries) -> None:
    athena.run(f"create table kept with (external_location = '{athena.location('kept')}') as select 1 as one")
    athena.run("drop table kept")
    assert athena.failure("select * from kept").startswith("TABLE_NOT_FOUND")
    assert len(athena.keys("kept/")) == 1


def test_a_hive_table_refuses_a_time_zone(athena: Queries) -> None:
    sql = f"create table tz with (external_location = '{athena.location('tz')}') as select current_timestamp as at"
    assert "Unsupported Hive type" in athena.failure(sql)


def test_alter_table_changes_the_catalog(athena: Queries) -> None:
    athena.run(f"create table changing with (external_location = '{athena.location('changing')}') as select 1 as one")
    athena.run("alter table changing add columns (two string)")
    assert athena.rows("select one, two from changing") == [["1", None]]
    athena.run("alter table changing rename to changed")
    assert athena.rows("select one from changed") == [["1"]]
    athena.run("alter table changed set tblproperties ('note' = 'x')")
    table = athena.session.client("glue").get_table(DatabaseName=athena.database, Name="changed")["Table"]
    assert table["Parameters"]["note"] == "x"


def test_what_the_catalog_says_about_columns_can_be_read(athena: Queries) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE said (id bigint, note string) PARTITIONED BY (dt string) "
        f"LOCATION '{athena.location('said')}'"
    )
    athena.run("alter table said replace columns (id bigint comment 'Who it is.', note string)")
    described = athena.results(athena.run("describe said"))["ResultSet"]["Rows"]
    lines = [[cell.strip() for cell in row["Data"][0]["VarCharValue"].split("\t")] for row in described]
    assert [line for line in lines if len(line) == 3] == [
        ["id", "bigint", "Who it is."],
        ["note", "string", ""],
        ["dt", "string", ""],
    ]
    sql = "select column_name, comment from information_schema.columns where table_name = 'said' order by 1"
    assert athena.rows(sql) == [["dt", None], ["id", "Who it is."], ["note", None]]


def test_partitions_are_added_and_dropped_by_statement(athena: Queries) -> None:
    athena.put("manual/one/file", b'{"v": 1}')
    athena.run(
        "CREATE EXTERNAL TABLE manual (v int) PARTITIONED BY (p string) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{athena.location('manual')}'"
    )
    athena.run(f"alter table manual add if not exists partition (p = 'a') location '{athena.location('manual/one')}'")
    assert athena.rows("select v, p from manual") == [["1", "a"]]
    athena.run("alter table manual drop partition (p = 'a')")
    assert athena.rows("select v, p from manual") == []
