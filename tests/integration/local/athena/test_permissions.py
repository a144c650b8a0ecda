"""A query reads and writes with the permissions of whoever submitted it."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.account.credentials import role_session
from infra.local.account.settings import ACCOUNT_ID, REGION
from tests.integration.conftest import RoleFactory
from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account

As = Callable[..., Queries]


@pytest.fixture(scope="module")
def secrets(athena: Queries) -> str:
    for day in ("2026-01-01", "2026-01-02"):
        athena.put(f"secrets/day={day}/one", json.dumps({"v": day}).encode())
    athena.run(
        "CREATE EXTERNAL TABLE secrets (v string) PARTITIONED BY (day string) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{athena.location('secrets')}'"
    )
    athena.run("MSCK REPAIR TABLE secrets")
    athena.run(
        f"create table cold with (table_type = 'ICEBERG', location = '{athena.location('cold')}') as select 1 as v"
    )
    return "secrets"


def allow(actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


@pytest.fixture
def as_analyst(athena: Queries, role: RoleFactory) -> As:
    """Queries of a role that may use Athena, the catalog and the results, plus what the test says."""

    def assume(*statements: dict[str, Any]) -> Queries:
        bucket = f"arn:aws:s3:::{athena.bucket}"
        catalog = f"arn:aws:glue:{REGION}:{ACCOUNT_ID}"
        arn = role(
            "glue",
            allow(["athena:*"], "*"),
            allow(
                ["glue:GetTable", "glue:GetPartitions"],
                f"{catalog}:catalog",
                f"{catalog}:database/{athena.database}",
                f"{catalog}:table/{athena.database}/*",
            ),
            allow(["s3:PutObject"], f"{bucket}/results/*"),
            *statements,
        )
        return dataclasses.replace(athena, session=role_session(arn, "analyst"))

    return assume


def read(athena: Queries, *prefixes: str) -> dict[str, Any]:
    bucket = f"arn:aws:s3:::{athena.bucket}"
    return allow(["s3:GetObject", "s3:ListBucket"], bucket, *(f"{bucket}/{prefix}/*" for prefix in prefixes))


def test_a_role_reads_what_its_policy_lets_it_read(athena: Queries, secrets: str, as_analyst: As) -> None:
    analyst = as_analyst(read(athena, "secrets", "cold"))
    assert analyst.rows(f"select v from {secrets} order by v") == [["2026-01-01"], ["2026-01-02"]]
    assert analyst.rows("select v from cold") == [["1"]]


def test_a_role_without_the_data_is_refused_even_when_another_query_has_read_it(
    athena: Queries, secrets: str, as_analyst: As
) -> None:
    assert athena.rows(f"select count(v) from {secrets}") == [["2"]]
    analyst = as_analyst(read(athena, "secrets/day=2026-01-01"))
    assert analyst.rows(f"select v from {secrets} where day = '2026-01-01'") == [["2026-01-01"]]
    assert "Insufficient permissions" in analyst.failure(f"select v from {secrets}")
    assert "denied" in analyst.failure("select v from cold").lower()


def test_a_role_without_the_catalog_is_refused(athena: Queries, as_analyst: As) -> None:
    analyst = as_analyst(read(athena, "secrets"))
    reason = analyst.failure("select * from information_schema.tables")
    assert "glue:GetDatabases" in reason


def test_a_role_writes_only_where_it_may(athena: Queries, as_analyst: As) -> None:
    analyst = as_analyst(allow(["s3:ListBucket"], f"arn:aws:s3:::{athena.bucket}"))
    sql = f"create table stolen with (external_location = '{athena.location('stolen')}') as select 1 as one"
    assert "Insufficient permissions" in analyst.failure(sql)
    assert athena.keys("stolen/") == []


def test_results_are_written_by_the_caller(athena: Queries, as_analyst: As) -> None:
    analyst = as_analyst()
    elsewhere = {"OutputLocation": athena.location("elsewhere")}
    assert "Access denied when writing output" in analyst.failure("select 1", ResultConfiguration=elsewhere)
    assert analyst.rows("select 1") == [["1"]]
