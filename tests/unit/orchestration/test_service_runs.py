"""Which job, build, crawl or function a state has, from its definition and its history."""

import datetime as dt
import json
from typing import Any

import pytest

from orchestration.executions import service_runs
from orchestration.executions.history import StateRun
from orchestration.executions.service_runs import Kind, ServiceRun
from orchestration.executions.state_machine import _states

STARTED = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
ARN = "arn:aws:lambda:us-east-1:000000000000:function:todo-publish"


def run(submitted: Any = None) -> StateRun:
    return StateRun("State", STARTED, submitted=None if submitted is None else json.dumps(submitted))


@pytest.mark.parametrize(
    ("resource", "arguments", "submitted", "expected"),
    [
        (
            "arn:aws:states:::glue:startJobRun.sync",
            {"JobName": "todo-silver"},
            {"JobRunId": "jr_1"},
            ServiceRun(Kind.JOB, "todo-silver", "jr_1"),
        ),
        (
            "arn:aws:states:::codebuild:startBuild.sync",
            {"ProjectName": "todo-dbt"},
            {"Build": {"Id": "todo-dbt:1"}},
            ServiceRun(Kind.BUILD, "todo-dbt", "todo-dbt:1"),
        ),
        ("arn:aws:states:::aws-sdk:glue:startCrawler", {"Name": "bronze"}, None, ServiceRun(Kind.CRAWLER, "bronze")),
        (
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": f"{ARN}:live"},
            None,
            ServiceRun(Kind.FUNCTION, "todo-publish"),
        ),
        (
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": "todo-publish"},
            None,
            ServiceRun(Kind.FUNCTION, "todo-publish"),
        ),
        (ARN, {}, None, ServiceRun(Kind.FUNCTION, "todo-publish")),
        ("arn:aws:states:::sns:publish", {}, None, None),
    ],
)
def test_a_states_work_is_found(
    resource: str, arguments: dict[str, str], submitted: Any, expected: ServiceRun | None
) -> None:
    assert service_runs.find_service_run({"Resource": resource, "Arguments": arguments}, run(submitted)) == expected
    assert service_runs.find_service_run({"Resource": resource, "Parameters": arguments}, run(submitted)) == expected


def test_a_job_that_was_never_started_is_no_work() -> None:
    state = {"Resource": "arn:aws:states:::glue:startJobRun.sync", "Arguments": {"JobName": "todo-silver"}}
    nothing: tuple[Any, ...] = (None, {}, [1])
    for submitted in nothing:
        assert service_runs.find_service_run(state, run(submitted)) is None
    cut = StateRun("State", STARTED, submitted='{"JobRunId": "jr_')
    assert service_runs.find_service_run(state, cut) is None


def test_states_inside_others_are_found_by_their_names() -> None:
    machine = {
        "States": {
            "Both": {"Type": "Parallel", "Branches": [{"States": {"Left": {}}}, {"States": {"Right": {}}}]},
            "Each": {"Type": "Map", "ItemProcessor": {"States": {"Count": {}}}},
        }
    }
    assert [name for name, _ in _states(machine)] == ["Both", "Left", "Right", "Each", "Count"]
