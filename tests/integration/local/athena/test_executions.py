"""The life of a query: how it fails, where its result lands, what its workgroup prescribes."""

import csv
import io
import signal
import time
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import psutil
import pytest

from tests.conftest import Account, until
from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select * from nowhere", "TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.nowhere' does not exist"),
        ("select nothing from (values 1) as t (a)", "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved"),
        ("select nosuch(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nosuch' not registered"),
        ("select cast('x' as integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"),
        ("select 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("select a, count(*) from (values 1) as t (a)", "EXPRESSION_NOT_AGGREGATE"),
        ("select date '2026-01-01' > 1", "TYPE_MISMATCH"),
        ("select * from other.some.thing", "CATALOG_NOT_FOUND"),
        ("select a + 1 as b from (values 1) as t (a) group by b", "COLUMN_NOT_FOUND: line 1:17: Column 'b'"),
        ("create table t as select 1", "MISSING_COLUMN_NAME"),
        ("drop table nowhere", "TABLE_NOT_FOUND"),
    ],
)
def test_a_failure_says_what_is_wrong_in_trinos_words(athena: Queries, sql: str, reason: str) -> None:
    execution = athena.execute(sql)
    assert execution["Status"]["StateChangeReason"].startswith(reason.format(database=athena.database))
    assert execution["Status"]["AthenaError"]["ErrorCategory"] == 2


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select * from nowhere", 1110),
        ("select nosuch(1)", 1303),
        ("select array[1][0]", 1106),
        ("select 1 / 0", 1000),
    ],
)
def test_a_failure_has_the_number_of_its_kind(athena: Queries, sql: str, kind: int) -> None:
    """Numbers of https://docs.aws.amazon.com/athena/latest/ug/error-reference.html"""
    assert athena.execute(sql)["Status"]["AthenaError"]["ErrorType"] == kind


@pytest.mark.parametrize(
    ("sql", "place"),
    [("selec 1", "line 1:1"), ("select 1 +", "line 1:11"), ("select 1 as a qualify a = 1", "line 1:15")],
)
def test_malformed_sql_is_refused_at_submission(athena: Queries, sql: str, place: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=f"{place}: mismatched input") as refused:
        athena.execute(sql)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_the_result_is_a_csv_file_that_quotes_values_and_leaves_null_bare(athena: Queries) -> None:
    execution = athena.run("-- a comment\nselect 'a \"b\"' as t, null as n, decimal '1.50' as d;")
    place = execution["ResultConfiguration"]["OutputLocation"]
    assert place == f"s3://{athena.bucket}/results/{execution['QueryExecutionId']}.csv"
    key = place.removeprefix(f"s3://{athena.bucket}/")
    body = athena.session.client("s3").get_object(Bucket=athena.bucket, Key=key)["Body"].read().decode()
    assert body == '"t","n","d"\n"a ""b""",,"1.50"\n'
    assert list(csv.reader(io.StringIO(body)))[1] == ['a "b"', "", "1.50"]


def test_question_marks_take_the_execution_parameters(athena: Queries) -> None:
    sql = "select x from (values 1, 2, 3) as t (x) where x > ? and 'a''b' = ?"
    assert athena.rows(sql, ExecutionParameters=["2", "'a''b'"]) == [["3"]]
    assert "expected 2 but found 1" in athena.failure(sql, ExecutionParameters=["2"])


def test_a_running_query_can_be_stopped(athena: Queries) -> None:
    client = athena.session.client("athena")
    query_id = client.start_query_execution(
        QueryString="with n as (select x from unnest(sequence(1, 200000)) as t (x)) "
        "select count(*) from n a cross join n b where a.x * b.x % 7 = 3",
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/results/"},
    )["QueryExecutionId"]

    def execution() -> Any:
        return client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]

    until("the query to run", lambda: execution()["Status"]["State"] == "RUNNING", every=0.02)
    client.stop_query_execution(QueryExecutionId=query_id)
    until("the engine to let go", lambda: execution()["Statistics"]["EngineExecutionTimeInMillis"] > 0, seconds=5)
    assert execution()["Status"]["State"] == "CANCELLED"


def test_a_query_whose_engine_crashes_fails_alone(account: Account, athena: Queries) -> None:
    client = athena.session.client("athena")
    query_id = client.start_query_execution(
        QueryString="select count(*) from unnest(sequence(1, 200000)) a (x) "
        "cross join unnest(sequence(1, 200000)) b (x) where a.x * b.x % 7 = 3",
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/results/"},
    )["QueryExecutionId"]

    def status() -> Any:
        return client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]

    until("the query to run", lambda: status()["State"] == "RUNNING", every=0.02)
    for engine in busiest(account):
        engine.send_signal(signal.SIGABRT)
    failed = until("its end", lambda: status() if status()["State"] == "FAILED" else None, seconds=20)
    assert "the query engine ended with signal SIGABRT" in failed["StateChangeReason"]
    assert failed["AthenaError"]["ErrorCategory"] == 1
    assert athena.rows("select 1") == [["1"]]


def busiest(account: Account) -> list[psutil.Process]:
    """The engine that computes: of the account's descendants the one that has used the processor most."""
    assert account.process is not None
    children = psutil.Process(account.process.pid).children(recursive=True)
    time.sleep(1)
    return sorted(children, key=lambda child: child.cpu_percent(0.3))[-1:]


def test_maps_are_written_to_iceberg(athena: Queries) -> None:
    athena.run(
        f"create table maps (a int, m map<string,string>) location '{athena.location('maps')}' "
        "tblproperties ('table_type' = 'iceberg')"
    )
    athena.run("insert into maps values (1, map(array['a'], array['b']))")
    assert athena.rows("select a, m from maps") == [["1", "{a=b}"]]


@pytest.fixture
def workgroup(athena: Queries, unique: str) -> Iterator[str]:
    """A workgroup that prescribes where results go and how much one query may read."""
    client = athena.session.client("athena")
    client.create_work_group(
        Name=unique,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/prescribed"},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    yield unique
    client.delete_work_group(WorkGroup=unique)


def test_an_enforced_workgroup_decides_where_results_go(athena: Queries, workgroup: str) -> None:
    execution = athena.run("select 1 as one", WorkGroup=workgroup)
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/prescribed/")
    sql = f"create table elsewhere with (external_location = '{athena.location('elsewhere')}') as select 1 as one"
    assert "enforces a centralized output location" in athena.failure(sql, WorkGroup=workgroup)
    athena.run("create table below_results as select 1 as one", WorkGroup=workgroup)
    assert athena.keys("prescribed/tables/")
    assert athena.rows("select one from below_results") == [["1"]]


def test_a_query_that_would_read_too_much_is_cancelled(athena: Queries, workgroup: str) -> None:
    athena.put("big/lines.txt", b"0123456789012345678\n" * 500_001)
    athena.run(f"CREATE EXTERNAL TABLE big (a string) LOCATION '{athena.location('big')}'")
    execution = athena.execute("select count(a) from big", WorkGroup=workgroup)
    assert execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in execution["Status"]["StateChangeReason"]
    assert athena.rows("select count(a) from big") == [["500001"]]


def test_an_unknown_workgroup_is_refused(athena: Queries) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="WorkGroup nobody is not found"):
        athena.execute("select 1", WorkGroup="nobody")


def test_the_default_workgroup_says_whether_it_is_enforced(athena: Queries) -> None:
    group = athena.session.client("athena").get_work_group(WorkGroup="primary")["WorkGroup"]
    assert group["Configuration"]["EnforceWorkGroupConfiguration"] is False
