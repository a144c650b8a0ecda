"""When an execution can be redriven, as Step Functions describes it."""

import datetime as dt
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from orchestration.executions import state_machine
from orchestration.executions.errors import NotRedrivableError
from orchestration.executions.state_machine import redrive_refusal

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
ARN = "arn:aws:states:us-east-1:000000000000:execution:todo-insights-pipeline:run-1"


def described(status: str, days_ago: float = 1, **more: Any) -> dict[str, Any]:
    ended = {} if status == "RUNNING" else {"stopDate": NOW - dt.timedelta(days=days_ago)}
    return {"name": "run-1", "status": status, "redriveStatus": "REDRIVABLE", **ended, **more}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_what_did_not_succeed_can_be_redriven_for_two_weeks(status: str) -> None:
    assert redrive_refusal(described(status), NOW) is None
    assert redrive_refusal(described(status, 13.9), NOW) is None
    assert redrive_refusal(described(status, 15), NOW) == (
        "run-1 ended 15 days ago; Step Functions redrives for 14 days"
    )


def test_what_runs_or_succeeded_has_nothing_to_go_on_with() -> None:
    assert redrive_refusal(described("RUNNING"), NOW) == "run-1 is still running"
    assert "there is no failed state" in str(redrive_refusal(described("SUCCEEDED"), NOW))


def test_the_reason_that_the_service_gives_is_passed_on() -> None:
    refused = described("FAILED", redriveStatus="NOT_REDRIVABLE", redriveStatusReason="its history is full")
    assert redrive_refusal(refused, NOW) == "run-1 cannot be redriven: its history is full"


def test_a_refusal_of_the_service_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    monkeypatch.setattr(boto3, "client", lambda _: client)
    with Stubber(client) as stubber:
        answer = {
            "executionArn": ARN,
            "stateMachineArn": ARN.replace("execution", "stateMachine"),
            "status": "FAILED",
            "name": "run-1",
            "startDate": NOW,
        }
        stubber.add_response("describe_execution", answer, {"executionArn": ARN})
        stubber.add_client_error(
            "redrive_execution",
            "ExecutionNotRedrivable",
            "its state machine was deleted",
            expected_params={"executionArn": ARN},
        )
        with pytest.raises(NotRedrivableError, match="its state machine was deleted"):
            state_machine.redrive_execution(ARN)
