"""The clients that people use against Athena work unchanged: awswrangler and PyAthena."""

import datetime as dt
import decimal

import awswrangler as wr
import pandas as pd
import pytest
from pyathena import connect

from tests.conftest import Account
from tests.integration.local.athena.conftest import Queries

pytestmark = [
    pytest.mark.account,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning"),
]


@pytest.fixture(scope="module")
def orders(athena: Queries) -> str:
    athena.run(
        f"create table orders with (format = 'PARQUET', external_location = '{athena.location('orders')}') as "
        "select 1 as id, decimal '9.99' as price, date '2026-01-01' as day, timestamp '2026-01-01 10:00:00' as at, "
        "'x' as note, true as paid union all select 2, null, null, null, null, false"
    )
    return "orders"


@pytest.mark.parametrize("ctas", [True, False])
def test_awswrangler_reads_a_query(account: Account, athena: Queries, orders: str, ctas: bool) -> None:
    frame = wr.athena.read_sql_query(
        f"select * from {orders} order by id",
        database=athena.database,
        ctas_approach=ctas,
        s3_output=athena.location(f"wrangler-{ctas}"),
        boto3_session=account.session,
    ).sort_values("id")
    assert frame["id"].tolist() == [1, 2]
    assert frame["price"].tolist() == [decimal.Decimal("9.99"), None]
    assert frame["day"].tolist() == [dt.date(2026, 1, 1), None]
    assert frame["at"].tolist()[0] == pd.Timestamp("2026-01-01 10:00:00")
    assert frame["paid"].tolist() == [True, False]


@pytest.mark.parametrize("ctas", [True, False])
def test_awswrangler_reads_a_query_without_rows(account: Account, athena: Queries, orders: str, ctas: bool) -> None:
    frame = wr.athena.read_sql_query(
        f"select id, note from {orders} where id > 2",
        database=athena.database,
        ctas_approach=ctas,
        s3_output=athena.location(f"wrangler-empty-{ctas}"),
        boto3_session=account.session,
    )
    assert frame.empty
    assert list(frame.columns) == ["id", "note"]


def test_awswrangler_passes_parameters(account: Account, athena: Queries, orders: str) -> None:
    frame = wr.athena.read_sql_query(
        f"select note from {orders} where id = ?",
        database=athena.database,
        ctas_approach=False,
        params=["1"],
        paramstyle="qmark",
        s3_output=athena.location("wrangler-parameters"),
        boto3_session=account.session,
    )
    assert frame["note"].tolist() == ["x"]


def test_pyathena_reads_rows_with_their_types(account: Account, athena: Queries, orders: str) -> None:
    with connect(
        s3_staging_dir=athena.location("pyathena"),
        schema_name=athena.database,
        session=account.session,
        poll_interval=0.05,
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(f"select id, price, day, at, note, paid from {orders} order by id")
        assert cursor.fetchall() == [
            (1, decimal.Decimal("9.99"), dt.date(2026, 1, 1), dt.datetime.fromisoformat("2026-01-01T10:00"), "x", True),
            (2, None, None, None, None, False),
        ]
        cursor.execute("select note from orders where id = %(id)d", {"id": 1})
        assert cursor.fetchall() == [("x",)]
