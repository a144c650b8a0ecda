"""Rules of Athena and Trino that clients rely on, each with the page that states it."""

import time

import pytest

from tests.integration.local.athena.conftest import Queries, Row

pytestmark = pytest.mark.account

# https://docs.aws.amazon.com/athena/latest/ug/data-types.html: a decimal value is written `decimal '0.12'`
LITERALS: list[tuple[str, str | None, str]] = [
    ("1.2", "1.2", "double"),
    ("1 / 0.0", "Infinity", "double"),
    ("0 / 0.0", "NaN", "double"),
    ("100.0 * 1 / 3", "33.333333333333336", "double"),
    ("decimal '0.12'", "0.12", "decimal(3,2)"),
    ("cast(2.5 as integer)", "3", "integer"),
    ("timestamp '0099-01-01 00:00:00'", "0099-01-01 00:00:00.000", "timestamp"),
    ("timestamp '2020-01-01 10:00:00 -00:30'", "2020-01-01 10:00:00.000 -00:30", "timestamp with time zone"),
    ("timestamp '2020-01-01 10:00:00-0'", "2020-01-01 10:00:00.000 UTC", "timestamp with time zone"),
    ("time '10:00:00'", "10:00:00.000", "time"),
    ("time '12:34:56.789 -00:30'", "12:34:56.789-00:30", "time with time zone"),
    ("X'68 65 6c'", "68 65 6c", "varbinary"),
    ("uuid 'e50e499b-982f-4cbe-9f50-e11b1c83572e'", "e50e499b-982f-4cbe-9f50-e11b1c83572e", "uuid"),
    ("json '[1, 2]'", "[1,2]", "json"),
    ("null", None, "unknown"),
]
# https://trino.io/docs/current/functions/conversion.html#typeof
TYPE_NAMES = [
    ("123", "integer"),
    ("'cat'", "varchar(3)"),
    ("array['a']", "array(varchar)"),
    ("map(array['a'], array[1])", "map(varchar, integer)"),
    ("cast(row(1, 'a') as row(x integer, y varchar))", "row(x integer, y varchar)"),
    ("date '2020-01-01'", "date"),
    ("now()", "timestamp(3) with time zone"),
    ("1.2", "double"),
    ("null", "unknown"),
]
# https://trino.io/docs/current/functions/conversion.html: what cannot be cast fails, or is NULL with try_cast
CASTS: list[tuple[str, str | None, str]] = [
    ("try_cast('12.7' as integer)", None, "integer"),
    ("try_cast(' 12' as bigint)", None, "bigint"),
    ("try_cast('2020-01-01T10:00:00Z' as timestamp)", None, "timestamp"),
    ("try_cast('2020-01-01 10:00:00' as date)", None, "date"),
    ("try(cast('x' as integer))", None, "integer"),
    ("cast(array[1, 2] as json)", "[1,2]", "json"),
    ("cast(map(array['a'], array[1]) as json)", '{"a":1}', "json"),
    ("cast(timestamp '2020-01-01 10:00:00' as time)", "10:00:00.000", "time"),
]
FUNCTIONS: list[tuple[str, str | None, str]] = [
    ("date_format(date '2020-01-06', '%x-%v')", "2020-02", "varchar"),
    ("array[1] || 2", "[1, 2]", "array"),
    ("1 || array[2]", "[1, 2]", "array"),
    ("array[1] || array[2]", "[1, 2]", "array"),
    ("zip_with(array[1], array['a'], (x, y) -> (y, x))", "[{field0=a, field1=1}]", "array"),
    ("zip_with(array[1, 2], array[3, 4], (x, y) -> x + y)", "[4, 6]", "array"),
    ("map_zip_with(map(array[1], array['a']), map(array[1], array['b']), (k, v1, v2) -> v1 || v2)", "{1=ab}", "map"),
    ("json_exists('{\"a\": 1}', 'lax $.a')", "true", "boolean"),
    ("json_query('{\"a\": [1]}', 'lax $.a')", "[1]", "varchar"),
    ("array['a', 'b'][2]", "b", "varchar"),
    ("map(array[1, 2], array['x', 'y'])[2]", "y", "varchar"),
    ("map(array['a'], array[array[7]])['a'][1]", "7", "integer"),
    ("split('a,b', ',')[1 + 1]", "b", "varchar"),
    ("try(array[1][2])", None, "integer"),
    ("reverse(array[1, 2])", "[2, 1]", "array"),
    ("contains_sequence(array[1, 2, 3], array[2, 3])", "true", "boolean"),
    ("ngrams(array['a', 'b', 'c'], 2)", "[[a, b], [b, c]]", "array"),
    ("split_to_map('a=1,b=2', ',', '=')", "{a=1, b=2}", "map"),
    ("regexp_position('a1', '[0-9]')", "2", "integer"),
    ("bit_count(9, 64)", "2", "bigint"),
    ("json_size('{\"a\": 1}', '$')", "1", "bigint"),
    ("json_array_get('[1]', 0)", "1", "json"),
    ("chr(bigint '65')", "A", "varchar"),
    ("to_milliseconds(date '2020-01-02' - date '2020-01-01')", "86400000", "bigint"),
]
# https://trino.io/docs/current/sql/select.html#unnest, …/sql/values.html, …/functions/table.html
RELATIONS: list[tuple[str, list[Row]]] = [
    ("select * from unnest(map(array['a'], array[1])) as t (k, v)", [["a", "1"]]),
    ("select * from unnest(array[1, 2], array['x']) as t (n, s)", [["1", "x"], ["2", None]]),
    ("select * from unnest(array[row(1, 'a'), row(2, 'b')]) as t (n, s)", [["1", "a"], ["2", "b"]]),
    (
        "select * from unnest(array[1, 2], array['x']) with ordinality as t (n, s, i)",
        [["1", "x", "1"], ["2", None, "2"]],
    ),
    (
        "select id, k, v from (select 1, map(array['a', 'b'], array[1, 2])) s (id, m) cross join unnest(m) t (k, v)",
        [["1", "a", "1"], ["1", "b", "2"]],
    ),
    ("values (1, 'a'), (2, 'b')", [["1", "a"], ["2", "b"]]),
    ("select * from table(sequence(start => 1, stop => 5, step => 2))", [["1"], ["3"], ["5"]]),
    ("select x from (values 1, 2, 2, 3) t (x) order by x fetch first 2 rows with ties", [["1"], ["2"], ["2"]]),
    ("select x / y from (values (1e0, 0e0), (-1e0, 0e0)) t (x, y) order by 1", [["-Infinity"], ["Infinity"]]),
]
REFUSALS = [
    ("select cast('2020-01-01T10:00:00Z' as timestamp)", "INVALID_CAST_ARGUMENT"),
    ("select cast('12.7' as integer)", "INVALID_CAST_ARGUMENT"),
    ("select 1 union select 'a'", "TYPE_MISMATCH: line 1:10: column 1 in UNION query has incompatible types"),
    ("select 1 union select 2, 3", "TYPE_MISMATCH: line 1:10: UNION query has different number of fields: 1, 2"),
    ("select distinct a from (values (1, 2)) t (a, b) order by b", "EXPRESSION_NOT_IN_DISTINCT"),
    ("create table untyped as select null as x", "COLUMN_TYPE_UNKNOWN"),
    ("create table texts as select cast(array[1] as json) as x", "NOT_SUPPORTED: Unsupported Hive type: json"),
    # https://trino.io/docs/current/functions/array.html, …/map.html: element_at is for what may not be there
    (
        "select array[1, 2][3]",
        "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 3",
    ),
    ("select array[1, 2][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
    ("select element_at(array[1, 2], 0)", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
    (
        "select element_at(array['a'], i) from (values 1, 0) t (i)",
        "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1",
    ),
    ("select array[1, 2][-1]", "INVALID_FUNCTION_ARGUMENT: Array subscript is negative: -1"),
    ("select map(array['a'], array[1])['b']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: b"),
    # https://trino.io/docs/current/functions/lambda.html: "Subqueries are not supported"
    ("select transform(array[1], v -> v + (select max(v) from (values 1) t (v)))", "NOT_SUPPORTED: Lambda expression"),
    ("execute nothing", "PreparedStatement nothing was not found"),
]


@pytest.mark.parametrize("cases", [LITERALS, CASTS, FUNCTIONS], ids=["literals", "casts", "functions"])
def test_values_and_types(athena: Queries, cases: list[tuple[str, str | None, str]]) -> None:
    assert athena.answers(cases) == cases


def test_types_are_spelled_as_trino_spells_them(athena: Queries) -> None:
    [found] = athena.rows("select " + ", ".join(f"typeof({sql})" for sql, _ in TYPE_NAMES))
    assert dict(zip((sql for sql, _ in TYPE_NAMES), found, strict=True)) == dict(TYPE_NAMES)


def test_relations(athena: Queries) -> None:
    assert [(sql, athena.rows(sql)) for sql, _ in RELATIONS] == RELATIONS


@pytest.mark.parametrize(("sql", "reason"), REFUSALS)
def test_what_athena_refuses_is_refused(athena: Queries, sql: str, reason: str) -> None:
    assert athena.failure(sql).startswith(reason)


def test_a_union_of_hundreds_of_queries_runs(athena: Queries) -> None:
    union = " union all ".join(f"select {i} as x" for i in range(250))
    assert athena.rows(f"select count(*), sum(x) from ({union})") == [["250", "31125"]]


def test_casts_of_casts_cost_no_more_with_every_level(athena: Queries) -> None:
    nested = "cast(date '2024-01-01' as timestamp)"
    for _ in range(12):
        nested = f"cast(cast(cast({nested} as date) as timestamp) as date)"
    assert athena.rows(f"select {nested}") == [["2024-01-01"]]


def test_prepared_statements_are_kept_per_workgroup(athena: Queries) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html"""
    athena.run("prepare added from select ? + ? as total")
    assert athena.rows("execute added using 1, 2") == [["3"]]
    assert athena.rows("execute added", ExecutionParameters=["3", "4"]) == [["7"]]
    listed = athena.session.client("athena").list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert "added" in [statement["StatementName"] for statement in listed]
    athena.run("deallocate prepare added")
    assert "was not found" in athena.failure("execute added using 1, 2")


def test_explain_analyze_runs_the_query(athena: Queries) -> None:
    lines = athena.rows("explain analyze select count(*) from (values 1, 2) t (x)")
    assert any("Total Time" in (line or "") for [line] in lines)
    first = athena.results(athena.run("explain select 1"))["ResultSet"]["Rows"][0]
    assert first == {"Data": [{"VarCharValue": "Query Plan"}]}


def test_an_earlier_result_is_reused_when_the_request_allows_it(athena: Queries) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html"""
    options = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}
    sql = f"select {time.time_ns()} as n"
    reused = [
        athena.run(sql, **given)["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
        for given in (options, options, {})
    ]
    assert reused == [False, True, False]
    assert athena.rows(sql, **options) == athena.rows(sql)


def test_executions_are_listed_newest_first(athena: Queries) -> None:
    ids = [athena.run(f"select {i}")["QueryExecutionId"] for i in range(3)]
    client = athena.session.client("athena")
    first = client.list_query_executions(MaxResults=2)
    rest = client.list_query_executions(MaxResults=1, NextToken=first["NextToken"])
    assert first["QueryExecutionIds"] + rest["QueryExecutionIds"] == ids[::-1]


def test_a_query_was_queued_and_has_a_time_of_submission(athena: Queries) -> None:
    execution = athena.run("select 1")
    assert execution["Statistics"]["QueryQueueTimeInMillis"] >= 1
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]


COMPLEX = (
    "CREATE EXTERNAL TABLE {name} (i int, b binary, a array<int>, m map<string,int>, s struct<x:int,y:string>, "
    "v varchar(10), t timestamp) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LOCATION '{location}'"
)


def test_lazy_simple_rows_hold_nested_values_and_bytes(athena: Queries) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html; Hive's separators \\002 and \\003."""
    athena.put("nested/one.txt", b"1\tMTIz\t1\x022\tk\x031\x02l\x032\t7\x02z\tabc\t2020-01-01 10:00:00\n\\N\n")
    athena.run(COMPLEX.format(name="nested", location=athena.location("nested")))
    expected: list[Row] = [
        ["1", "31 32 33", "[1, 2]", "{k=1, l=2}", "{x=7, y=z}", "abc", "2020-01-01 10:00:00.000"],
        [None] * 7,
    ]
    assert athena.rows("select * from nested") == expected
    athena.run(COMPLEX.format(name="nested_again", location=athena.location("nested_again")))
    athena.run("insert into nested_again select * from nested")
    assert athena.rows("select * from nested_again order by i") == expected
    info = athena.results(athena.run("select v from nested"))["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert (info[0]["Type"], info[0]["Precision"]) == ("varchar", 10)


def test_orc_is_written_and_read(athena: Queries) -> None:
    athena.run(
        f"create table optimized with (format = 'ORC', external_location = '{athena.location('optimized')}') as "
        "select 1 as n, 'a' as s, array[1, 2] as l, date '2020-01-01' as d union all select null, null, null, null"
    )
    expected: list[Row] = [["1", "a", "[1, 2]", "2020-01-01"], [None, None, None, None]]
    assert athena.rows("select * from optimized order by n") == expected
    athena.run("insert into optimized values (2, 'b', array[3], date '2020-01-02')")
    assert athena.rows("select s from optimized where n = 2") == [["b"]]


def test_partitions_and_properties_of_a_table(athena: Queries) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE described (a int COMMENT 'it''s', b string) COMMENT 'one\ntwo' PARTITIONED BY (p int) "
        f"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LOCATION '{athena.location('described')}' "
        "TBLPROPERTIES ('owner' = 'me')"
    )
    athena.run("alter table described add partition (p = '1') partition (p = '2')")
    assert athena.rows('select p from "described$partitions" order by p') == [["1"], ["2"]]
    assert athena.types('select p from "described$partitions"') == ["integer"]
    shown = {
        name: [
            [datum["VarCharValue"] for datum in row["Data"]]
            for row in athena.results(athena.run(f"show tblproperties described{name}"))["ResultSet"]["Rows"]
        ]
        for name in ("", "('owner')")
    }
    assert shown["('owner')"] == [["me"]]
    # SQLMesh takes a table for a Hive table by this line
    assert ["EXTERNAL\tTRUE"] in shown[""]
    created = athena.results(athena.run("show create table described"))["ResultSet"]
    text = "\n".join(row["Data"][0]["VarCharValue"] for row in created["Rows"])
    for part in (
        f"CREATE EXTERNAL TABLE `{athena.database}.described`(",
        "`a` int COMMENT 'it\\'s'",
        "COMMENT 'one two'",
        "PARTITIONED BY (",
        "FIELDS TERMINATED BY '\\t'",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "'owner'='me'",
    ):
        assert part in text
    assert created["ResultSetMetadata"]["ColumnInfo"][0]["Type"] == "string"


def test_an_iceberg_table_is_shown_as_it_was_created(athena: Queries) -> None:
    athena.run(
        "create table iced (id int, at timestamp) partitioned by (day(at), bucket(4, id)) "
        f"location '{athena.location('iced')}' tblproperties ('table_type' = 'iceberg')"
    )
    assert "mismatched column types" in athena.failure("insert into iced (id) values (array[])")
    rows = athena.results(athena.run("show create table iced"))["ResultSet"]["Rows"]
    text = "\n".join(row["Data"][0]["VarCharValue"] for row in rows)
    assert "PARTITIONED BY (day(`at`), bucket(4, `id`))" in text
    assert "'table_type'='iceberg'" in text


def test_databases_are_listed_by_pattern(athena: Queries) -> None:
    assert athena.rows("select current_catalog, current_schema") == [["awsdatacatalog", athena.database]]
    found = athena.results(athena.run(f"show databases like '{athena.database[:-3]}*'"))["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in found] == [athena.database]


def test_a_session_of_another_workgroup_does_not_see_its_statements(athena: Queries) -> None:
    client = athena.session.client("athena")
    client.create_work_group(
        Name="prepared-elsewhere",
        Configuration={"ResultConfiguration": {"OutputLocation": athena.location("other")}},
    )
    athena.run("prepare mine from select 1", WorkGroup="prepared-elsewhere")
    assert "was not found" in athena.failure("execute mine")
    client.delete_work_group(WorkGroup="prepared-elsewhere", RecursiveDeleteOption=True)
