"""The pipeline's state machine and its executions, as Step Functions' API gives them."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import boto3

from orchestration.contract import STATE_MACHINE
from orchestration.executions.errors import NotDeployedError, NotRedrivableError, NotRunError
from orchestration.executions.events import event_reader
from orchestration.executions.history import Status, Timeline, parse_history

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef, ExecutionListItemTypeDef

NAME = STATE_MACHINE
# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-eligibility
REDRIVABLE_DAYS = 14


def find_state_machine() -> str:
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


def start_execution(state_machine_arn: str, document: Mapping[str, Any], name: str | None = None) -> str:
    """Start an execution with `document` as its input and return its ARN.

    Args:
        state_machine_arn: of the pipeline.
        document: the input.
        name: of the execution; Step Functions gives it one otherwise. A name serves once in 90 days.
    """
    chosen = {"name": name} if name else {}
    started = boto3.client("stepfunctions").start_execution(
        stateMachineArn=state_machine_arn, input=json.dumps(document), **chosen
    )
    return started["executionArn"]


def stop_execution(execution_arn: str, reason: str) -> None:
    """Stop a running execution; `reason` stays with it as its cause."""
    boto3.client("stepfunctions").stop_execution(executionArn=execution_arn, error="StoppedByOperator", cause=reason)


def redrive_execution(execution_arn: str) -> None:
    """Take a failed, timed out or stopped execution up again at the state it ended in.

    Raises:
        NotRedrivableError: Step Functions keeps it as it is.
    """
    found = describe_execution(execution_arn)
    refusal = redrive_refusal(found, dt.datetime.now(dt.UTC))
    if refusal:
        raise NotRedrivableError(refusal)
    machines = boto3.client("stepfunctions")
    try:
        machines.redrive_execution(executionArn=execution_arn)
    except machines.exceptions.ExecutionNotRedrivable as error:
        raise NotRedrivableError(error.response["Error"]["Message"]) from None


def redrive_refusal(execution: "Mapping[str, Any] | DescribeExecutionOutputTypeDef", now: dt.datetime) -> str | None:
    """Why a described execution cannot be redriven; None when it can.

    Args:
        execution: as DescribeExecution gives it.
        now: this instant.
    """
    name, status, ended = execution["name"], Status(execution["status"]), execution.get("stopDate")
    if status in (Status.RUNNING, Status.PENDING_REDRIVE):
        return f"{name} is still running"
    if status is Status.SUCCEEDED:
        return f"{name} succeeded: there is no failed state to go on from"
    if ended and now - ended > dt.timedelta(days=REDRIVABLE_DAYS):
        return f"{name} ended {(now - ended).days} days ago; Step Functions redrives for {REDRIVABLE_DAYS} days"
    if execution.get("redriveStatus") == "NOT_REDRIVABLE":
        return f"{name} cannot be redriven: {execution.get('redriveStatusReason', 'no reason was given')}"
    return None


def describe_execution(execution_arn: str) -> "DescribeExecutionOutputTypeDef":
    """One execution as DescribeExecution gives it."""
    return boto3.client("stepfunctions").describe_execution(executionArn=execution_arn)


def list_executions(
    state_machine_arn: str, limit: int | None = None, status: Status | None = None
) -> "Iterator[ExecutionListItemTypeDef]":
    """The latest executions, newest first, at most `limit`; only those of one status when it is given."""
    pages = boto3.client("stepfunctions").get_paginator("list_executions")
    which = {"statusFilter": status.value} if status else {}
    size = min(limit or 1000, 1000)
    found = 0
    for page in pages.paginate(stateMachineArn=state_machine_arn, PaginationConfig={"PageSize": size}, **which):  # type: ignore[arg-type]
        for execution in page["executions"]:
            if found == limit:
                return
            found += 1
            yield execution


def running_execution_reader(state_machine_arn: str) -> "Callable[[], ExecutionListItemTypeDef | None]":
    """What reads again and again which execution runs, the oldest if there are several; None when there is none.

    It has one client, as `event_reader` has.
    """
    pages = boto3.client("stepfunctions").get_paginator("list_executions")

    def look() -> "ExecutionListItemTypeDef | None":
        found = pages.paginate(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
        return next((page["executions"][-1] for page in list(found)[::-1] if page["executions"]), None)

    return look


def find_execution(execution: str | None) -> str:
    """The ARN of an execution given by ARN or name; of the latest one when None.

    Raises:
        NotDeployedError: there is no state machine.
        NotRunError: it has not run yet.
    """
    if execution and execution.startswith("arn:"):
        return execution
    machine = find_state_machine()
    if execution:
        return f"{machine.replace(':stateMachine:', ':execution:')}:{execution}"
    for latest in list_executions(machine, 1):
        return latest["executionArn"]
    raise NotRunError("the pipeline has not run yet")


def read_states(execution_arn: str) -> Mapping[str, Any]:
    """The states by name, also those inside others, of the machine as it was when the execution began."""
    found = boto3.client("stepfunctions").describe_state_machine_for_execution(executionArn=execution_arn)
    return dict(_states(json.loads(found["definition"])))


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine.get("States", {}).items():
        yield name, state
        inner = [*state.get("Branches", []), state.get("ItemProcessor", {}), state.get("Iterator", {})]
        for part in inner:
            yield from _states(part)


def read_timeline(execution_arn: str, data: bool = False) -> Timeline:
    """The execution as its history has it so far."""
    return timeline_reader(execution_arn, data)()


def timeline_reader(execution_arn: str, data: bool = False) -> Callable[[], Timeline]:
    """What reads the execution again and again; arguments as `event_reader`."""
    read = event_reader(execution_arn, data)
    return lambda: parse_history(read())


def execution_name(execution_arn: str) -> str:
    """The part of an execution's ARN that people type."""
    return execution_arn.rsplit(":", 1)[-1]
