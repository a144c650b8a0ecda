"""Views and what the catalog says about itself."""

import pytest

from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account


@pytest.fixture(scope="module")
def numbers(athena: Queries) -> str:
    athena.run(
        f"create table numbers with (external_location = '{athena.location('numbers')}') as "
        "select n, n * n as square from unnest(sequence(1, 4)) as t (n)"
    )
    return "numbers"


def test_a_view_is_a_stored_query_over_views_and_tables(athena: Queries, numbers: str) -> None:
    athena.run(f"create view even as select n, square from {numbers} where n % 2 = 0")
    athena.run(f'create or replace view "{athena.database}"."even_sum" as select sum(square) as total from even')
    assert athena.rows("select e.n, total from even e cross join even_sum order by 1") == [["2", "20"], ["4", "20"]]
    assert athena.failure("create view even as select 1 as one").startswith("TABLE_ALREADY_EXISTS")
    athena.run(f"create or replace view even as select n, square from {numbers} where n = 4")
    assert athena.rows("select total from even_sum") == [["16"]]


def test_a_view_is_stored_as_trino_stores_it(athena: Queries) -> None:
    athena.run("create view typed as select 1 as i, cast(1.5 as decimal(5,2)) as d, array['a'] as l")
    table = athena.session.client("glue").get_table(DatabaseName=athena.database, Name="typed")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["ViewOriginalText"].startswith("/* Presto View: ")
    types = [column["Type"] for column in table["StorageDescriptor"]["Columns"]]
    assert types == ["int", "decimal(5,2)", "array<string>"]


def test_a_common_table_expression_may_have_the_name_of_the_table_it_reads(athena: Queries, numbers: str) -> None:
    sql = f"with {numbers} as (select n from {numbers} where n > 2) select count(*) from {numbers}"
    assert athena.rows(sql) == [["2"]]


def test_the_information_schema_lists_tables_and_columns(athena: Queries, numbers: str) -> None:
    sql = (
        "select column_name, data_type from information_schema.columns "
        f"where table_schema = '{athena.database}' and table_name = '{numbers}' order by ordinal_position"
    )
    assert athena.rows(sql) == [["n", "bigint"], ["square", "bigint"]]
    sql = f"select table_type from information_schema.tables where table_name = '{numbers}'"
    assert athena.rows(sql) == [["BASE TABLE"]]


def test_a_dropped_view_is_gone_and_its_table_is_not(athena: Queries, numbers: str) -> None:
    athena.run(f"create view short_lived as select n from {numbers}")
    athena.run("drop view short_lived")
    assert athena.failure("select * from short_lived").startswith("TABLE_NOT_FOUND")
    assert athena.rows(f"select max(n) from {numbers}") == [["4"]]


def test_show_and_describe_answer_as_text(athena: Queries, numbers: str) -> None:
    found = athena.results(athena.run(f"describe {numbers}"))["ResultSet"]["Rows"]
    names = [row["Data"][0]["VarCharValue"].split("\t")[0].strip() for row in found]
    assert names == ["n", "square"]
    listed = athena.results(athena.run("show tables 'num*'"))["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in listed] == [numbers]
