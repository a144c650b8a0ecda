"""The saved queries as Athena holds them, asked of gold that the pipeline has built."""

import boto3
import pytest

from tests.e2e.conftest import Platform
from transforms.bi.saved_queries import all_queries

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

WORKGROUP = "todo-analytics-workgroup"


def test_athenas_saved_queries_are_the_files_and_all_of_them_answer(built: Platform) -> None:
    athena = boto3.client("athena")
    saved = {}
    for page in athena.get_paginator("list_named_queries").paginate(WorkGroup=WORKGROUP):
        for query_id in page["NamedQueryIds"]:
            found = athena.get_named_query(NamedQueryId=query_id)["NamedQuery"]
            saved[found["Name"]] = found
    assert {name: found["QueryString"] for name, found in saved.items()} == {
        query.title: query.sql for query in all_queries()
    }
    answers = {query.name: built.gold(saved[query.title]["QueryString"]) for query in all_queries()}
    for query in all_queries():
        for row in answers[query.name]:
            assert query.chart.columns() <= row.keys(), query.name
    assert len(answers["key_figures"]) >= 9
    assert answers["status_by_priority"]
    assert answers["created_and_completed_per_week"]
    assert answers["pipeline_runs"]
