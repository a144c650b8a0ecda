"""`insights why`: the cause of a failure in one sentence, the evidence, and the next command."""

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import ClientError
from rich.text import Text

from infra.cli import alarm_causes
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.options import AsJson
from infra.cli.pipeline.follow import find_service_run
from orchestration.executions import service_runs, state_machine
from orchestration.executions.diagnosis import Diagnosis, diagnose, stopped
from orchestration.executions.history import NOT_FAILED, StateRun, Status
from orchestration.executions.logs import LogReader

PREFIX = "todo-"  # of every alarm
LOG_LINES = 60
# how many executions are looked through for the one that an alarm tells of
LOOKED_THROUGH = 50


def why(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXECUTION|ALARM]",
            help="An execution (name or ARN) or an alarm (name). When not given: the latest execution if it failed, "
            "and every alarm in ALARM.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say why an execution failed or an alarm went off, and what to type next.

    The cause in one sentence, the evidence, the next command.
    """
    with explain_errors():
        found = list(_diagnoses(subject))
    if as_json:
        print_json([{"about": about, **dataclasses.asdict(one)} for about, one in found])
        return
    console = terminal()
    if not found:
        console.print("nothing failed: the last execution went well, and no alarm is in ALARM")
    for about, one in found:
        console.print(Text(about, "bold"), soft_wrap=True)
        console.print(Text(f"  cause    {one.cause}"), soft_wrap=True)
        for line in one.evidence:
            console.print(Text(f"  evidence {line}", "dim"), soft_wrap=True)
        console.print(Text(f"  next     {one.command}"), soft_wrap=True)


def _diagnoses(subject: str | None) -> Iterator[tuple[str, Diagnosis]]:
    """What each is about, and its diagnosis."""
    if subject is None:
        machine = state_machine.find_state_machine()
        latest = next(state_machine.list_executions(machine, 1), None)
        if latest and Status(latest["status"]) not in NOT_FAILED:
            yield f"execution {latest['name']}", explain_execution(latest["executionArn"])
        for alarm in _alarms(StateValue="ALARM"):
            # the execution above is its cause
            if not alarm_causes.failed_state(alarm["AlarmName"])[0]:
                yield f"alarm {alarm['AlarmName']}", _explain_alarm(alarm)
    elif subject.startswith(PREFIX) and (alarms := list(_alarms(AlarmNames=[subject]))):
        is_of_execution, state = alarm_causes.failed_state(subject)
        failed = _last_failed(state) if is_of_execution else None
        if failed:
            yield f"alarm {subject}, execution {state_machine.execution_name(failed)}", explain_execution(failed)
        else:
            yield f"alarm {subject}", _explain_alarm(alarms[0])
    else:
        arn = state_machine.find_execution(subject)
        name = state_machine.execution_name(arn)
        if Status(state_machine.describe_execution(arn)["status"]) in NOT_FAILED:
            fail(f"{name} has not failed", f"insights pipeline describe {name}")
        yield f"execution {name}", explain_execution(arn)


def explain_execution(arn: str) -> Diagnosis:
    """Why an execution that has ended badly did so."""
    timeline, name = state_machine.read_timeline(arn, data=True), state_machine.execution_name(arn)
    run = timeline.failed
    state = run.name if run else "Begin"
    if timeline.status in (Status.ABORTED, Status.TIMED_OUT):
        return stopped(timeline.status.value, state, timeline.cause or "", name)
    # the machine's own error is the state's name; a state that nothing caught has one of its own
    parts = [timeline.cause] if timeline.error == state else [timeline.error, timeline.cause]
    text = ": ".join(part for part in parts if part) or (run and run.cause) or "no cause was given"
    return diagnose(state, text, _log(arn, run) if run else [], name)


def _log(arn: str, run: StateRun) -> list[str]:
    """The last lines of the log of what a state had done; none where it has none that may be read."""
    try:
        work = find_service_run(arn, run)
        if work is None:
            return []
        return [line.text for line in LogReader(service_runs.log_streams(work), run.started, run.ended).read()][
            -LOG_LINES:
        ]
    except ClientError:
        return []


def _last_failed(state: str | None) -> str | None:
    """The ARN of the last execution that failed, in a state if one is given."""
    for one in state_machine.list_executions(state_machine.find_state_machine(), LOOKED_THROUGH):
        if Status(one["status"]) not in NOT_FAILED:
            arn = one["executionArn"]
            if state is None or state_machine.describe_execution(arn).get("error") in (state, None):
                return arn
    return None


def _explain_alarm(alarm: Any) -> Diagnosis:
    return alarm_causes.explain(alarm["AlarmName"], alarm.get("AlarmDescription", ""), alarm.get("StateReason", ""))


def _alarms(**which: Any) -> Iterator[Any]:
    pages = boto3.client("cloudwatch").get_paginator("describe_alarms").paginate(**which)
    for page in pages:
        yield from (alarm for alarm in page["MetricAlarms"] if alarm["AlarmName"].startswith(PREFIX))
