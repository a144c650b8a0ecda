"""Each stage fails once, in one execution that is redriven after every repair; then silver and gold are the table.

What an operator sees of each failure (the error, an alarm, one message) is checked while the execution is redriven, in
`story/conftest.py`.
"""

from collections import defaultdict
from typing import Any

import boto3
import pytest

from infra.cli.residues import find_names, read_bucket
from tests.conftest import until
from tests.e2e.conftest import Platform, User
from tests.e2e.story.conftest import USER_TABLES, Traffic, find_objects, run_insights
from tests.e2e.story.disturbances import invalid_silver_row

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_each_stage_fails_once_and_the_same_execution_succeeds(redriven: dict[str, Any]) -> None:
    assert (redriven["status"], redriven["redriveCount"]) == ("SUCCEEDED", 5), redriven.get("cause")


@pytest.mark.usefixtures("redriven")
def test_gold_is_what_the_table_says(built: Platform) -> None:
    table, kpis = built.table(), built.kpis()
    assert (kpis["total_tasks"], kpis["completed_tasks"], kpis["total_users"]) == (
        table.total,
        table.completed,
        table.users,
    )
    by_user, by_category = _count_live_tasks(built.outputs["TableName"])
    counts = "total_tasks, completed_tasks, pending_tasks, in_progress_tasks"
    metrics = built.gold(f"select user_id, {counts} from task_analytics_user_metrics")
    assert {row.pop("user_id"): _as_numbers(row) for row in metrics} == by_user
    trends = built.gold("select category, total_tasks, completed_tasks from task_analytics_category_trends")
    assert {row.pop("category"): _as_numbers(row) for row in trends} == by_category


def _count_live_tasks(table: str) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """The live tasks of the table: [total, completed, pending, in progress] by user, [total, completed] by category."""
    by_user: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    by_category: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for item in (item for page in pages for item in page["Items"]):
        if not item["PK"]["S"].startswith("TASK#") or "deleted_at" in item:
            continue
        status, user = item["status"]["S"], by_user[item["user_id"]["S"]]
        category = by_category[item.get("category", {}).get("S", "uncategorized")]
        user[0] += 1
        category[0] += 1
        category[1] += status == "completed"
        for place, counted in enumerate(("completed", "pending", "in_progress"), start=1):
            user[place] += status == counted
    return dict(by_user), dict(by_category)


def _as_numbers(row: dict[str, str | None]) -> list[int]:
    return [int(value or 0) for value in row.values()]


@pytest.mark.usefixtures("redriven")
def test_silver_is_the_table_after_every_fault(built: Platform) -> None:
    found = run_insights(built.account, "reconcile")
    assert found["tasks"]["table"] > 15
    assert (found["differences"], found["tasks"]["examples"], found["users"]["examples"]) == (0, [], [])


@pytest.mark.usefixtures("redriven")
def test_changes_reach_silver_and_gold_over_a_restart(built: Platform, traffic: Traffic) -> None:
    user = traffic.traveller
    metrics = f"select total_tasks from task_analytics_user_metrics where user_id = '{user.id}'"
    assert built.gold(metrics) == [{"total_tasks": "4"}]
    titles = built.silver(f"select title from tasks where user_id = '{user.id}' order by task_id")
    assert [row["title"] for row in titles] == [
        "Kept",
        "Done",
        "Written just before the stop",
        "Written after the start",
    ]
    done = f"select event_type from task_events where task_id = '{traffic.done['id']}' order by version"
    assert [row["event_type"] for row in built.silver(done)] == ["created", "updated", "completed"]
    profile = built.gold(f"select email, name from user_analytics where user_id = '{user.id}'")[0]
    assert "@example.com" in str(profile["email"])
    assert "*" in str(profile["email"])
    assert profile["name"] != "Some One"


def _read_insights(user: User) -> dict[str, Any]:
    response = user.send("GET", "/insights")
    assert response.status_code == 200, response.text
    insights: dict[str, Any] = response.json()
    return insights


@pytest.mark.usefixtures("redriven")
def test_every_user_reads_their_own_insights(built: Platform, traffic: Traffic) -> None:
    own, others = _read_insights(traffic.owner), _read_insights(traffic.other)
    assert (own["total_tasks"], own["completed_tasks"]) == (2, 1)
    assert own["by_category"] == [{"category": "travel", "total": 2, "completed": 1}]
    assert others["total_tasks"] == 1
    assert built.user().send("GET", "/insights").json().get("total_tasks", 0) == 0


def test_the_run_is_recorded_with_its_published_users(built: Platform, redriven: dict[str, Any]) -> None:
    (row,) = built.gold(f"select users_published from pipeline_runs where run_id = '{redriven['name']}'")
    assert int(row["users_published"] or 0) >= 2


@pytest.mark.usefixtures("redriven")
def test_the_duration_of_every_state_is_measured() -> None:
    measured = boto3.client("cloudwatch").list_metrics(Namespace="TodoInsights", MetricName="StateDuration")["Metrics"]
    states = {item["Value"] for metric in measured for item in metric["Dimensions"] if item["Name"] == "State"}
    assert {"ResolveWindow", "BuildSilver", "BuildGold", "PublishInsights", "Failed"} <= states


@pytest.mark.usefixtures("redriven")
def test_users_who_are_erased_later_are_in_every_layer_now(built: Platform, traffic: Traffic) -> None:
    rows = {
        table: len(built.gold(f"select 1 from {table} where user_id in {traffic.erased_ids}")) for table in USER_TABLES
    }
    assert all(rows.values()), rows
    # the result of this query holds the titles, too: an erasure has to find it
    assert len(built.silver(f"select title from tasks where user_id = '{traffic.leaver.id}'")) == 6
    s3 = boto3.client("s3")
    for layer in ("BronzeBucket", "SilverBucket", "GoldBucket"):
        found = read_bucket(s3, built.outputs[layer])
        assert any(find_names(place, body, [traffic.secret.encode()]) for place, body in found), layer


@pytest.mark.usefixtures("redriven")
def test_a_row_that_only_silver_has_raises_the_alarm(built: Platform) -> None:
    builds, cloudwatch = boto3.client("codebuild"), boto3.client("cloudwatch")
    with invalid_silver_row(built):
        build = builds.start_build(
            projectName="todo-reconcile",
            environmentVariablesOverride=[{"name": "SETTLED_MINUTES", "value": "0", "type": "PLAINTEXT"}],
        )["build"]["id"]

        def ended() -> str | None:
            status = builds.batch_get_builds(ids=[build])["builds"][0]["buildStatus"]
            return None if status == "IN_PROGRESS" else status

        assert until("the build to end", ended, 120) == "SUCCEEDED"

    def alarmed() -> bool:
        found = cloudwatch.describe_alarms(AlarmNames=["todo-reconcile-differences"])["MetricAlarms"]
        return found[0]["StateValue"] == "ALARM"

    until("the alarm on differences", alarmed, 60)


@pytest.mark.usefixtures("redriven")
def test_an_empty_window_succeeds_quickly_and_writes_nothing(built: Platform) -> None:
    machines = boto3.client("stepfunctions")
    keys = find_objects(built, "GoldBucket"), find_objects(built, "SilverBucket")
    arn = machines.start_execution(
        stateMachineArn=built.outputs["StateMachineArn"], input='{"from": "2001-01-01", "to": "2001-01-02"}'
    )["executionArn"]
    until("the end", lambda: machines.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", 60)
    assert (find_objects(built, "GoldBucket"), find_objects(built, "SilverBucket")) == keys
