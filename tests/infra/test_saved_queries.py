"""The saved queries are Athena's named queries, each under its title."""

from tests.infra.conftest import Templates
from tests.integration.transforms.bi.tables import PIPELINE_RUNS
from transforms.bi.saved_queries import all_queries


def test_every_saved_query_is_a_named_query_of_the_peoples_workgroup(deployed: Templates) -> None:
    named = {resource.properties["Name"]: resource for resource in deployed.resources("AWS::Athena::NamedQuery")}
    assert len(named) == len(all_queries()) >= 20
    for query in all_queries():
        found = named[query.title]
        assert found.properties["QueryString"] == query.sql
        assert found.properties["Description"] == query.description
        assert found.properties["Database"] == "todo_analytics"
        assert found.properties["WorkGroup"] == "todo-analytics-workgroup"
        assert found.definition["DependsOn"] == ["Workgroup"]


def test_the_queries_about_the_pipeline_are_tested_on_the_columns_that_its_table_has(deployed: Templates) -> None:
    tables = {one.properties["TableInput"]["Name"]: one for one in deployed.resources("AWS::Glue::Table")}
    described = tables["pipeline_runs"].properties["TableInput"]
    columns = [*described["StorageDescriptor"]["Columns"], *described["PartitionKeys"]]
    assert {column["Name"]: column["Type"] for column in columns} == PIPELINE_RUNS
