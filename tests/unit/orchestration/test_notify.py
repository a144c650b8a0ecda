"""What operators read about a failed state: its kind, the reason in words, and where to look."""

import json
from typing import Any

import pytest

from orchestration.notify.failure import Failure, explain_failure
from orchestration.notify.message import compose_message

BUILD = {
    "BuildStatus": "FAILED",
    "Phases": [
        {"PhaseType": "INSTALL", "PhaseStatus": "SUCCEEDED", "Contexts": [{"Message": "", "StatusCode": ""}]},
        {
            "PhaseType": "BUILD",
            "PhaseStatus": "FAILED",
            "Contexts": [{"Message": "dbt build exited with 1", "StatusCode": "COMMAND_EXECUTION_ERROR"}],
        },
    ],
    "Logs": {"GroupName": "/aws/codebuild/todo-dbt", "StreamName": "b1", "DeepLink": "https://logs.example/b1"},
}


def exported(value: str, kind: str = "") -> dict[str, Any]:
    variables = {"DBT_FAILURES": value, "DBT_ERROR": kind}
    return {
        **BUILD,
        "ExportedEnvironmentVariables": [{"Name": name, "Value": text} for name, text in variables.items()],
    }


@pytest.mark.parametrize(
    ("error", "cause", "kind", "reason"),
    [
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Id": "jr_1", "JobName": "todo-silver", "JobRunState": "FAILED", "ErrorMessage": "no bronze"}),
            "JobFailed",
            "no bronze (job run jr_1)",
            id="a job that raised",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Id": "jr_2", "JobName": "todo-silver", "JobRunState": "TIMEOUT"}),
            "JobFailed",
            "the job run ended TIMEOUT (job run jr_2)",
            id="a job without a message",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps(exported("test unique_users: Got 2 results; model kpis: bad column", "DbtTestFailed")),
            "DbtTestFailed",
            "test unique_users: Got 2 results; model kpis: bad column (log: https://logs.example/b1)",
            id="dbt tests that failed",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Build": exported("")}),
            "BuildFailed",
            "BUILD: dbt build exited with 1 (log: https://logs.example/b1)",
            id="a build that failed outside dbt",
        ),
        pytest.param(
            "Glue.EntityNotFoundException",
            "Crawler todo-bronze-crawler not found",
            "Glue.EntityNotFoundException",
            "Glue.EntityNotFoundException: Crawler todo-bronze-crawler not found",
            id="a service that refused",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps(
                {"Id": "jr_3", "JobRunState": "FAILED", "ErrorMessage": "RejectsOverThreshold: 3 of 20 envelopes"}
            ),
            "RejectsOverThreshold",
            "RejectsOverThreshold: 3 of 20 envelopes (job run jr_3)",
            id="a job that refused too many rejects",
        ),
        pytest.param(
            "InvalidInput",
            json.dumps({"errorMessage": "unknown field form", "errorType": "InvalidInput", "stackTrace": ["  File …"]}),
            "InvalidInput",
            "InvalidInput: unknown field form",
            id="a function that raised",
        ),
        pytest.param(
            "States.Timeout",
            "no cause was given",
            "States.Timeout",
            "States.Timeout: no cause was given",
            id="a timeout without a cause",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"BuildStatus": "STOPPED", "Phases": None, "Logs": None, "ExportedEnvironmentVariables": None}),
            "BuildFailed",
            "the build ended STOPPED",
            id="a build without phases or log",
        ),
        pytest.param("CrawlFailed", "[1]", "CrawlFailed", "CrawlFailed: [1]", id="JSON that is no object"),
        pytest.param("States.TaskFailed", '{"cut off"}', "States.TaskFailed", '{"cut off"}', id="what is no JSON"),
        pytest.param("States.TaskFailed", '{"cut off', "States.TaskFailed", '{"cut off', id="JSON that was cut off"),
        pytest.param(
            "CrawlFailed", "{bad pattern}", "CrawlFailed", "CrawlFailed: {bad pattern}", id="text that looks like JSON"
        ),
    ],
)
def test_the_reason_is_what_an_operator_needs(error: str, cause: str, kind: str, reason: str) -> None:
    assert explain_failure(error, cause) == Failure(kind, reason)


def test_a_long_reason_is_cut() -> None:
    cause = json.dumps({"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "x" * 9000})
    assert len(explain_failure("States.TaskFailed", cause).reason) < 1600


def test_the_message_says_what_failed_why_and_where_to_look() -> None:
    arn = "arn:aws:states:eu-central-1:123456789012:execution:todo-insights-pipeline:run-1"
    message = compose_message(arn, "BuildSilver", "JobFailed", "no bronze", "https://example.com/runbooks/silver.md")
    assert dict(line.split(": ", 1) for line in message.splitlines()) == {
        "State": "BuildSilver",
        "Error": "JobFailed",
        "Reason": "no bronze",
        "Runbook": "https://example.com/runbooks/silver.md",
        "Execution": arn,
        "Console": "https://console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/" + arn,
    }
