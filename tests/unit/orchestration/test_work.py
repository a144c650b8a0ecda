"""Which job, build, crawl or function a state has, from its definition and its history."""

import datetime as dt
import json
from typing import Any

import pytest

from orchestration.cli import work
from orchestration.cli.executions import StateRun
from orchestration.cli.machine import _states
from orchestration.cli.work import Kind, Work

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
            Work(Kind.JOB, "todo-silver", "jr_1"),
        ),
        (
            "arn:aws:states:::codebuild:startBuild.sync",
            {"ProjectName": "todo-dbt"},
            {"Build": {"Id": "todo-dbt:1"}},
            Work(Kind.BUILD, "todo-dbt", "todo-dbt:1"),
        ),
        ("arn:aws:states:::aws-sdk:glue:startCrawler", {"Name": "bronze"}, None, Work(Kind.CRAWLER, "bronze")),
        ("arn:aws:states:::lambda:invoke", {"FunctionName": f"{ARN}:live"}, None, Work(Kind.FUNCTION, "todo-publish")),
        ("arn:aws:states:::lambda:invoke", {"FunctionName": "todo-publish"}, None, Work(Kind.FUNCTION, "todo-publish")),
        (ARN, {}, None, Work(Kind.FUNCTION, "todo-publish")),
        ("arn:aws:states:::sns:publish", {}, None, None),
    ],
)
def test_a_states_work_is_found(
    resource: str, arguments: dict[str, str], submitted: Any, expected: Work | None
) -> None:
    assert work.of({"Resource": resource, "Arguments": arguments}, run(submitted)) == expected
    assert work.of({"Resource": resource, "Parameters": arguments}, run(submitted)) == expected


def test_a_job_that_was_never_started_is_no_work() -> None:
    state = {"Resource": "arn:aws:states:::glue:startJobRun.sync", "Arguments": {"JobName": "todo-silver"}}
    nothing: tuple[Any, ...] = (None, {}, [1])
    for submitted in nothing:
        assert work.of(state, run(submitted)) is None
    cut = StateRun("State", STARTED, submitted='{"JobRunId": "jr_')
    assert work.of(state, cut) is None


def test_states_inside_others_are_found_by_their_names() -> None:
    machine = {
        "States": {
            "Both": {"Type": "Parallel", "Branches": [{"States": {"Left": {}}}, {"States": {"Right": {}}}]},
            "Each": {"Type": "Map", "ItemProcessor": {"States": {"Count": {}}}},
        }
    }
    assert [name for name, _ in _states(machine)] == ["Both", "Left", "Right", "Each", "Count"]
