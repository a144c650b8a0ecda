"""The faults of a GameDay: how each is put in, how it shows, which runbook helps, and when it is over.

Each is repaired with commands of its runbook alone, changes no data of users, and is taken out again by `undo` when the
operator gives up.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Literal

import boto3

from orchestration.contract import PIPELINE_FAILURES, STATE_MACHINE
from orchestration.executions import state_machine
from orchestration.executions.history import Status

BAD_INPUT = {"form": "2026-11-23"}
FAILED_ALARM = f"{STATE_MACHINE}-ResolveWindow-failed"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        name: what `--fault` takes.
        symptom: how operators learn of it, without the cause.
        runbook: the alarm whose page leads to the repair.
        inject: puts the fault in.
        is_repaired: whether it is over, given the instant at which it was put in.
        undo: takes out what is left of it.
    """

    name: str
    symptom: str
    runbook: str
    inject: Callable[[], None]
    is_repaired: Callable[[dt.datetime], bool]
    undo: Callable[[], None]


def _start_with_bad_input() -> None:
    state_machine.start_execution(state_machine.find_state_machine(), BAD_INPUT)


def _stop_a_run() -> None:
    execution = state_machine.start_execution(state_machine.find_state_machine(), {})
    state_machine.stop_execution(execution, "GameDay")


def _succeeded_since(injected: dt.datetime) -> bool:
    latest = state_machine.list_executions(state_machine.find_state_machine(), 1, Status.SUCCEEDED)
    return any(execution["startDate"] >= injected for execution in latest)


def _fail_to_start_a_run() -> None:
    # what EventBridge Scheduler leaves in its dead-letter queue: the input of the execution that it could not start
    boto3.client("sqs").send_message(QueueUrl=_failures(), MessageBody="{}")


def _failures_are_empty(_injected: dt.datetime) -> bool:
    names: tuple[Literal["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"], ...] = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    )
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=_failures(), AttributeNames=names)["Attributes"]
    return not any(int(found[name]) for name in names)


def _clear_failures() -> None:
    boto3.client("sqs").purge_queue(QueueUrl=_failures())


def _failures() -> str:
    return boto3.client("sqs").get_queue_url(QueueName=PIPELINE_FAILURES)["QueueUrl"]


def _leave_as_it_is() -> None:
    """A failed or stopped execution harms nothing: the next one takes what is new."""


FAULTS = (
    Fault(
        "refused-run",
        "an execution of the pipeline has failed",
        FAILED_ALARM,
        _start_with_bad_input,
        _succeeded_since,
        _leave_as_it_is,
    ),
    Fault(
        "stopped-run",
        "an execution of the pipeline has ended, and gold is as old as before",
        f"{STATE_MACHINE}-executions-aborted",
        _stop_a_run,
        _succeeded_since,
        _leave_as_it_is,
    ),
    Fault(
        "unstarted-run",
        "a scheduled execution of the pipeline never began",
        f"{PIPELINE_FAILURES}-not-empty",
        _fail_to_start_a_run,
        _failures_are_empty,
        _clear_failures,
    ),
)
