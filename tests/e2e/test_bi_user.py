"""A BI user with the role that is made for them: gold answers, everything else refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import awswrangler as wr
import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.account.credentials import role_session
from tests.conftest import until
from tests.e2e.conftest import Platform
from tests.integration.conftest import session_keys
from transforms.bi.saved_queries import all_queries

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

WORKGROUP, ROLE = "todo-analytics-workgroup", "todo-bi-user"


class BiUser:
    """A session of the role."""

    def __init__(self, platform: Platform) -> None:
        account = platform.outputs["StateMachineArn"].split(":")[4]
        self.session = role_session(f"arn:aws:iam::{account}:role/{ROLE}", "ann")

    def client(self, service: str) -> Any:
        return self.session.client(service)  # type: ignore[call-overload]

    def ends(self, sql: str, database: str = "todo_analytics", workgroup: str = WORKGROUP) -> tuple[str, str]:
        """How a statement ended, and why."""
        athena = self.client("athena")
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": database}
        )["QueryExecutionId"]

        def status() -> dict[str, Any] | None:
            found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            return found if found["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None

        ended = until("the query to end", status)
        return ended["State"], ended.get("StateChangeReason", "")

    def environment(self) -> dict[str, str]:
        return {**os.environ, **session_keys(self.session)}


@pytest.fixture(scope="module")
def user(built: Platform) -> BiUser:
    return BiUser(built)


# awswrangler uses what this pandas deprecates
@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
def test_every_saved_query_answers_as_it_does_the_owner(user: BiUser, built: Platform) -> None:
    assert len(all_queries()) >= 20
    for query in all_queries():
        frame = wr.athena.read_sql_query(
            query.sql, database="todo_analytics", workgroup=WORKGROUP, ctas_approach=False, boto3_session=user.session
        )
        assert len(frame) == len(built.gold(query.sql)), query.name
    frame = wr.athena.read_sql_query(
        "select sum(total_tasks) as tasks from task_analytics_user_metrics",
        database="todo_analytics", workgroup=WORKGROUP, ctas_approach=False, boto3_session=user.session,
    )  # fmt: skip
    assert frame["tasks"].iloc[0] == built.kpis()["total_tasks"] > 0


def test_a_terminal_takes_the_role(built: Platform) -> None:
    insights = f"{sys.executable} -c 'from infra.cli import main; main()'"
    script = (
        f'eval "$({insights} env --role {ROLE})"\n'
        "echo $AWS_ACCESS_KEY_ID\n"
        f"{insights} query 'select total_tasks from task_analytics_user_metrics order by 1' --csv\n"
        f"{insights} query 'select * from todo_silver.tasks'"
    )
    settings = built.account.settings.environment()
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        env={"PATH": os.defpath, "HOME": os.environ["HOME"], **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    key, header, *totals = done.stdout.splitlines()
    assert key.startswith("ASIA")
    assert header == "total_tasks"
    assert sum(map(int, totals)) == built.kpis()["total_tasks"]
    assert done.returncode == 1
    assert "not authorized" in done.stderr.lower() or "denied" in done.stderr.lower(), done.stderr


def test_the_command_line_asks_a_saved_query_with_the_roles_keys(user: BiUser, built: Platform) -> None:
    words = [sys.executable, "-c", "from infra.cli import main; main()"]
    done = subprocess.run(
        [*words, "query", "--saved", "Key figures", "--json"],
        env={**user.environment(), **built.account.settings.environment(), "INSIGHTS_LOCAL_ROLE": ROLE},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {row["metric"]: row["value"] for row in map(json.loads, done.stdout.splitlines())} == built.kpis()


@pytest.mark.parametrize(
    ("sql", "database"),
    [
        ("select * from tasks limit 1", "todo_silver"),
        ("select * from todo_silver.users", "todo_analytics"),
        ("select * from todo_bronze.cdc limit 1", "todo_analytics"),
        # a view is read with its reader's permissions
        ("select * from stg_users", "todo_analytics"),
        ("drop table user_insights", "todo_analytics"),
        ("drop view stg_tasks", "todo_analytics"),
        ("create table mine as select 1 as one", "todo_analytics"),
        ("create view mine as select 1 as one", "todo_analytics"),
        ("insert into user_insights select * from user_insights", "todo_analytics"),
        ("alter table fct_daily_activity drop partition (activity_date = date '2026-01-01')", "todo_analytics"),
        ("create database mine", "todo_analytics"),
    ],
)
def test_what_is_not_reading_gold_is_refused(user: BiUser, built: Platform, sql: str, database: str) -> None:
    before = built.gold("select count(*) as users from user_insights")
    state, reason = user.ends(sql, database)
    assert state == "FAILED", sql
    assert any(word in reason.lower() for word in ("not authorized", "insufficient permissions", "denied")), reason
    assert built.gold("select count(*) as users from user_insights") == before


@pytest.fixture
def gold_key(built: Platform) -> str:
    """An object of gold's tables."""
    found = boto3.client("s3").list_objects_v2(Bucket=built.outputs["GoldBucket"], Prefix="tables/todo_analytics/")
    return found["Contents"][0]["Key"]


def test_the_buckets_are_as_closed_as_the_catalog(user: BiUser, built: Platform, gold_key: str) -> None:
    s3, gold = user.client("s3"), built.outputs["GoldBucket"]
    assert s3.get_object(Bucket=gold, Key=gold_key)["ContentLength"] > 0
    refused: list[Callable[[], Any]] = [
        lambda: s3.put_object(Bucket=gold, Key="tables/todo_analytics/fct_tasks/planted", Body=b""),
        lambda: s3.delete_object(Bucket=gold, Key=gold_key),
        lambda: s3.list_objects_v2(Bucket=gold),
        lambda: s3.list_objects_v2(Bucket=gold, Prefix="athena-results/dbt/"),
        lambda: s3.put_object(Bucket=gold, Key="athena-results/dbt/planted", Body=b""),
        lambda: s3.list_objects_v2(Bucket=built.outputs["SilverBucket"]),
        lambda: s3.list_objects_v2(Bucket=built.outputs["BronzeBucket"]),
        lambda: user.client("glue").delete_table(DatabaseName="todo_analytics", Name="fct_tasks"),
        lambda: user.client("glue").get_tables(DatabaseName="todo_silver"),
        lambda: user.client("dynamodb").scan(TableName=built.outputs["TableName"]),
        lambda: user.ends("select 1", workgroup="todo-dbt-workgroup"),
        lambda: user.client("stepfunctions").start_execution(stateMachineArn=built.outputs["StateMachineArn"]),
    ]
    for number, call in enumerate(refused):
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), number
    assert boto3.client("s3").head_object(Bucket=gold, Key=gold_key)["ContentLength"] > 0
