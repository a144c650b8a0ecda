"""The catalog through Athena's API, and what the API says of executions."""

import uuid
from typing import Any

import botocore.exceptions
import pytest

from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account


@pytest.fixture(scope="module")
def client(athena: Queries) -> Any:
    return athena.session.client("athena")


@pytest.fixture(scope="module")
def table(athena: Queries) -> str:
    athena.run(
        "CREATE EXTERNAL TABLE described (a int COMMENT 'first', b string) PARTITIONED BY (day date) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{athena.location('described')}'"
    )
    return "described"


def test_the_name_of_the_catalog_has_no_case(athena: Queries, client: Any) -> None:
    for name in ("AwsDataCatalog", "awsdatacatalog", "AWSDATACATALOG"):
        pages = client.get_paginator("list_databases").paginate(CatalogName=name)
        assert athena.database in [database["Name"] for page in pages for database in page["DatabaseList"]]
        assert (
            client.get_database(CatalogName=name, DatabaseName=athena.database)["Database"]["Name"] == athena.database
        )
    with pytest.raises(botocore.exceptions.ClientError, match="Catalog nowhere not found"):
        client.list_databases(CatalogName="nowhere")


def test_table_metadata_says_where_and_how_the_data_lies(athena: Queries, client: Any, table: str) -> None:
    found = client.get_table_metadata(CatalogName="awsdatacatalog", DatabaseName=athena.database, TableName=table)
    described = found["TableMetadata"]
    assert described["Columns"] == [{"Name": "a", "Type": "int", "Comment": "first"}, {"Name": "b", "Type": "string"}]
    assert described["PartitionKeys"] == [{"Name": "day", "Type": "date"}]
    assert described["Parameters"]["location"].rstrip("/") == athena.location("described").rstrip("/")
    assert described["Parameters"]["serde.serialization.lib"] == "org.openx.data.jsonserde.JsonSerDe"
    assert described["Parameters"]["inputformat"] == "org.apache.hadoop.mapred.TextInputFormat"


def test_metadata_of_a_table_that_does_not_exist_is_an_error(athena: Queries, client: Any) -> None:
    # by this envelope PyAthena 4 knows that a table is missing
    envelope = r"not found .*Error Code: EntityNotFoundException; [^()]*\)$"
    with pytest.raises(client.exceptions.MetadataException, match=envelope):
        client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName="nowhere")


def test_tables_are_listed_by_expression_and_in_pages(athena: Queries, client: Any) -> None:
    for number in range(3):
        athena.run(f"create view listed_{number} as select {number} as n")
    request = {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.database, "Expression": "listed_.*"}
    first = client.list_table_metadata(**request, MaxResults=2)
    second = client.list_table_metadata(**request, MaxResults=2, NextToken=first["NextToken"])
    names = [table["Name"] for page in (first, second) for table in page["TableMetadataList"]]
    assert names == ["listed_0", "listed_1", "listed_2"]
    assert "NextToken" not in second


def test_a_table_has_no_owner_until_it_is_given_one(athena: Queries) -> None:
    glue: Any = athena.session.client("glue")
    athena.run(
        f"create table unowned with (table_type = 'ICEBERG', location = '{athena.location('unowned')}') as select 1 n"
    )
    found = glue.get_table(DatabaseName=athena.database, Name="unowned")["Table"]
    assert found.get("Owner") != ""
    copied = {
        key: found[key] for key in ("Name", "Owner", "StorageDescriptor", "Parameters", "TableType") if key in found
    }
    glue.update_table(DatabaseName=athena.database, TableInput={**copied, "Description": "sent back as it was read"})
    assert athena.rows("select n from unowned") == [["1"]]


def test_a_request_token_starts_one_query(athena: Queries, client: Any) -> None:
    token = uuid.uuid4().hex
    request = {"ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/results/"}, "ClientRequestToken": token}
    first = client.start_query_execution(QueryString="select 1", **request)
    assert (
        client.start_query_execution(QueryString="select 1", **request)["QueryExecutionId"] == first["QueryExecutionId"]
    )
    with pytest.raises(botocore.exceptions.ClientError, match="Idempotent parameters do not match"):
        client.start_query_execution(QueryString="select 2", **request)


def test_an_execution_says_what_kind_of_statement_it_is(athena: Queries) -> None:
    kinds = {
        "select 1": ("DML", "SELECT"),
        "with a as (select 1 as x) select x from a": ("DML", "SELECT"),
        "explain select 1": ("UTILITY", "EXPLAIN"),
        "show tables": ("UTILITY", "SHOW_TABLES"),
        "create view kinds as select 1 as n": ("DDL", "CREATE_VIEW"),
        "create table kind as select 1 as n": ("DDL", "CREATE_TABLE_AS_SELECT"),
        "insert into kind select 2": ("DML", "INSERT"),
        "drop view kinds": ("DDL", "DROP_VIEW"),
    }
    found = {sql: athena.run(sql) for sql in kinds}
    assert {sql: (one["StatementType"], one["SubstatementType"]) for sql, one in found.items()} == kinds
    assert "StateChangeReason" not in found["select 1"]["Status"]
    assert "DataManifestLocation" not in found["select 1"]["Statistics"]


def test_a_page_of_results_has_as_many_rows_as_requested(athena: Queries, client: Any) -> None:
    query = athena.run("select x from unnest(sequence(1, 25)) as t (x)")["QueryExecutionId"]
    pages = client.get_paginator("get_query_results").paginate(
        QueryExecutionId=query, PaginationConfig={"PageSize": 10}
    )
    rows = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in pages]
    assert [len(page) for page in rows] == [10, 10, 6]
    assert [value for page in rows for value in page] == ["x", *map(str, range(1, 26))]


def test_a_page_of_more_than_a_thousand_rows_is_refused(athena: Queries, client: Any) -> None:
    query = athena.run("select 1")["QueryExecutionId"]
    with pytest.raises(botocore.exceptions.ClientError, match="MaxResults is more than maximum allowed length 1000"):
        client.get_query_results(QueryExecutionId=query, MaxResults=1001)


def test_managed_results_are_read_by_the_api_and_lie_in_no_bucket(athena: Queries, client: Any) -> None:
    group = f"managed-{athena.bucket}"
    client.create_work_group(
        Name=group,
        Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}, "EnforceWorkGroupConfiguration": True},
    )
    execution = athena.run("select 42 as x", WorkGroup=group, ResultConfiguration={})
    assert execution["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    assert "OutputLocation" not in execution["ResultConfiguration"]
    assert [row["Data"] for row in athena.results(execution)["ResultSet"]["Rows"]][1:] == [[{"VarCharValue": "42"}]]
    assert "needs a location" in athena.failure(
        "create table t as select 1 as a", WorkGroup=group, ResultConfiguration={}
    )
    client.delete_work_group(WorkGroup=group)


def test_the_statistics_of_a_query_have_its_rows_and_times(athena: Queries, client: Any) -> None:
    query = athena.run("select x from unnest(sequence(1, 25)) as t (x)")["QueryExecutionId"]
    found = client.get_query_runtime_statistics(QueryExecutionId=query)["QueryRuntimeStatistics"]
    assert found["Rows"]["OutputRows"] == 25
    assert found["Timeline"]["TotalExecutionTimeInMillis"] >= 1


def test_there_is_one_engine_version(client: Any) -> None:
    names = {one["EffectiveEngineVersion"] for one in client.list_engine_versions()["EngineVersions"]}
    assert names == {"Athena engine version 3"}


def test_a_name_may_begin_with_the_catalogs(athena: Queries) -> None:
    """dlt names it in every statement, Hive's as well as Trino's."""
    database, full = f"{athena.database}_named", f"`awsdatacatalog`.`{athena.database}_named`"
    athena.run(f"CREATE DATABASE {full}")
    location = athena.location("named")
    athena.run(f"CREATE EXTERNAL TABLE IF NOT EXISTS {full}.`one` (a int) STORED AS PARQUET LOCATION '{location}'")
    athena.run(f"CREATE TABLE {full}.`two` (a int) LOCATION '{location}two/' TBLPROPERTIES ('table_type'='ICEBERG')")
    athena.run(f'INSERT INTO "awsdatacatalog"."{database}"."two" VALUES (1)')
    assert athena.rows(f'SELECT a FROM "awsdatacatalog"."{database}"."two"') == [["1"]]
    listed = athena.results(athena.run(f"SHOW TABLES IN {full}"))["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in listed] == ["one", "two"]
    athena.run(f"DROP TABLE {full}.`one`")
    athena.run(f"DROP DATABASE {full} CASCADE")
