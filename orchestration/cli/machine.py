"""The pipeline's state machine and its executions, as Step Functions' API gives them."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3

from orchestration.cli.executions import Timeline, timeline
from orchestration.cli.outputs import NotDeployedError, NotRunError

NAME = "todo-insights-pipeline"


def state_machine() -> str:
    """The ARN of the pipeline in this account and region, found by its name.

    Raises:
        NotDeployedError: there is none.
    """
    pages = boto3.client("stepfunctions").get_paginator("list_state_machines").paginate()
    for page in pages:
        for machine in page["stateMachines"]:
            if machine["name"] == NAME:
                return machine["stateMachineArn"]
    raise NotDeployedError(f"there is no state machine {NAME} in this account and region")


def start(state_machine_arn: str, document: Mapping[str, Any]) -> str:
    """Start an execution with `document` as its input and return its ARN."""
    started = boto3.client("stepfunctions").start_execution(
        stateMachineArn=state_machine_arn, input=json.dumps(document)
    )
    return started["executionArn"]


def stop(execution_arn: str, reason: str) -> None:
    """Stop a running execution; `reason` stays with it as its cause."""
    boto3.client("stepfunctions").stop_execution(executionArn=execution_arn, error="StoppedByOperator", cause=reason)


def recent(state_machine_arn: str, limit: int) -> Iterator[Mapping[str, Any]]:
    """The latest executions, newest first, at most `limit`."""
    pages = boto3.client("stepfunctions").get_paginator("list_executions")
    found = 0
    for page in pages.paginate(stateMachineArn=state_machine_arn, PaginationConfig={"PageSize": min(limit, 1000)}):
        for execution in page["executions"]:
            if found == limit:
                return
            found += 1
            yield execution


def find(execution: str | None) -> str:
    """The ARN of an execution given by ARN or name; of the latest one when None.

    Raises:
        NotDeployedError: there is no state machine.
        NotRunError: it has not run yet.
    """
    if execution and execution.startswith("arn:"):
        return execution
    machine = state_machine()
    if execution:
        return f"{machine.replace(':stateMachine:', ':execution:')}:{execution}"
    for latest in recent(machine, 1):
        arn: str = latest["executionArn"]
        return arn
    raise NotRunError("the pipeline has not run yet")


def read(execution_arn: str) -> Timeline:
    """The execution as its history tells it so far."""
    return reader(execution_arn)()


def reader(execution_arn: str) -> Callable[[], Timeline]:
    """What reads the execution again and again, with one client: while clients come and go, a Ctrl-C can get lost."""
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history")

    def look() -> Timeline:
        # inputs and outputs of states can be large, and no timeline shows them
        found = pages.paginate(
            executionArn=execution_arn, includeExecutionData=False, PaginationConfig={"PageSize": 1000}
        )
        return timeline(event for page in found for event in page["events"])

    return look


def name_of(execution_arn: str) -> str:
    """The part of an execution's ARN that people type."""
    return execution_arn.rsplit(":", 1)[-1]
