"""The optimized integrations of Glue, CodeBuild and Athena, with and without `.sync`; more services for `aws-sdk:`.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
"""

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from infra.local.account.hooks import HookChangedError, hook
from infra.local.stepfunctions import tasks
from infra.local.stepfunctions.permissions import RefusedError

POLL_SECONDS = 0.2
SDK_SERVICES = {
    "firehose": {"target_prefix": "Firehose_20150804", "protocol": "json"},
    "codebuild": {"target_prefix": "CodeBuild_20161006", "protocol": "json", "param_case": "lower-camel"},
}
ERROR_PREFIXES = {"firehose": "Firehose", "codebuild": "CodeBuild"}
Json = dict[str, Any]


def call(service: str, action: str, request: Json) -> Json:
    """Call another service of this account as the current task's role.

    Raises:
        _ExecutionError: the service refused or failed; RefusedError when the role may not.
    """
    answer: Json = stepfunctions._dispatch_aws_sdk_json(
        stepfunctions._AWS_SDK_SERVICE_MAP[service], service, action, request
    )
    return answer


def recase(value: Any, change: Callable[[str], str]) -> Any:
    """CodeBuild's API spells a member `buildStatus`, Step Functions spells it `BuildStatus`."""
    if isinstance(value, dict):
        return {change(name[:1]) + name[1:]: recase(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [recase(item, change) for item in value]
    return value


@dataclasses.dataclass(frozen=True)
class Job:
    """How one service's work is started, watched and stopped.

    Args:
        service: its name in `aws-sdk:` resources.
        start: makes the call; its answer is the result without `.sync`.
        describe: the work's description, from the start's request and answer.
        status: the state that a description is in.
        stop: asks the service to end the work.
        running: the states in which there is something to wait for.
        result: what `.sync` returns, from a description.
    """

    service: str
    start: Callable[[Json], Json]
    describe: Callable[[Json, Json], Json]
    status: Callable[[Json], str]
    stop: Callable[[Json, Json], object]
    running: frozenset[str]
    result: Callable[[Json], Json]


def _glue_run(request: Json, started: Json) -> Json:
    which = {"JobName": request["JobName"], "RunId": started["JobRunId"]}
    run: Json = call("glue", "GetJobRun", which)["JobRun"]
    return run


def _stop_glue_run(request: Json, started: Json) -> Json:
    return call("glue", "BatchStopJobRun", {"JobName": request["JobName"], "JobRunIds": [started["JobRunId"]]})


def _codebuild(action: str, request: Json) -> Json:
    answer: Json = recase(call("codebuild", action, recase(request, str.lower)), str.upper)
    return answer


def _build(_: Json, started: Json) -> Json:
    build: Json = _codebuild("BatchGetBuilds", {"Ids": [started["Build"]["Id"]]})["Builds"][0]
    return build


def _query(_: Json, started: Json) -> Json:
    query: Json = call("athena", "GetQueryExecution", {"QueryExecutionId": started["QueryExecutionId"]})
    execution: Json = query["QueryExecution"]
    return execution


GLUE = Job(
    service="glue",
    start=lambda request: call("glue", "StartJobRun", request),
    describe=_glue_run,
    status=lambda run: str(run["JobRunState"]),
    stop=_stop_glue_run,
    running=frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"}),
    result=lambda run: run,
)
CODEBUILD = Job(
    service="codebuild",
    start=lambda request: _codebuild("StartBuild", request),
    describe=_build,
    status=lambda build: str(build["BuildStatus"]),
    stop=lambda _, started: _codebuild("StopBuild", {"Id": started["Build"]["Id"]}),
    running=frozenset({"IN_PROGRESS"}),
    result=lambda build: {"Build": build},
)
ATHENA = Job(
    service="athena",
    start=lambda request: call("athena", "StartQueryExecution", request),
    describe=_query,
    status=lambda query: str(query["Status"]["State"]),
    stop=lambda _, started: call("athena", "StopQueryExecution", {"QueryExecutionId": started["QueryExecutionId"]}),
    running=frozenset({"QUEUED", "RUNNING"}),
    result=lambda query: {"QueryExecution": query},
)
JOBS = {
    "arn:aws:states:::glue:startJobRun": GLUE,
    "arn:aws:states:::codebuild:startBuild": CODEBUILD,
    "arn:aws:states:::athena:startQueryExecution": ATHENA,
}


def _wait(job: Job, request: Json, started: Json) -> Json:
    """The description of the finished work.

    Raises:
        ExecutionEnded: the execution was stopped or the state's time is up; the work was asked to stop.
    """
    task = tasks.current()
    while True:
        description = job.describe(request, started)
        if job.status(description) not in job.running:
            return description
        if task and task.ended:
            with contextlib.suppress(stepfunctions._ExecutionError):  # the work goes on where the role may not stop it
                job.stop(request, started)
            raise tasks.ExecutionEnded
        time.sleep(POLL_SECONDS)


def run(job: Job, resource: str, request: Json) -> Json:
    """Start `job`, and wait for it when `resource` ends in `.sync`.

    Raises:
        _ExecutionError: States.TaskFailed with the description as cause when the work did not succeed.
    """
    try:
        started = job.start(request)
        if not resource.endswith(".sync"):
            return started
        task = tasks.current()
        if task:
            details = {"resource": resource, "output": json.dumps(started, default=str)}
            stepfunctions._add_event(task.execution, "TaskSubmitted", {"taskSubmittedEventDetails": details})
        description = _wait(job, request, started)
    except RefusedError as refusal:
        raise refusal.optimized() from None
    if job.status(description) != "SUCCEEDED":
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(description, default=str))
    return job.result(description)


def apply() -> None:
    """Put the completion in place.

    Raises:
        HookChangedError: the emulator has one of the three integrations itself by now.
    """
    known = sorted(set(JOBS) & set(stepfunctions._SERVICE_DISPATCH))
    if known:
        raise HookChangedError(f"the emulator has {known} itself now: remove their completion")
    hook(stepfunctions, "_dispatch_aws_sdk_json", "service_info service_name action input_data")
    hook(stepfunctions, "_add_event", "execution event_type details")

    def handler(job: Job) -> Callable[[str, Json], Json]:
        return lambda resource, request: run(job, resource, request)

    stepfunctions._SERVICE_DISPATCH.update({prefix: handler(job) for prefix, job in JOBS.items()})
    stepfunctions._AWS_SDK_SERVICE_MAP.update(SDK_SERVICES)
    stepfunctions._AWS_SDK_ERROR_PREFIX.update(ERROR_PREFIXES)
