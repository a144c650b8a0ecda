"""The task that a thread of the interpreter works for: whose execution it is, and whether it may still go on.

The emulator hands a task's resource and input down, not the execution; a context variable does, through the threads
that it starts for time limits too.
"""

import concurrent.futures
import contextlib
import contextvars
import dataclasses
import functools
import threading
from collections.abc import Iterator
from typing import Any

from ministack.services import stepfunctions

from infra.local.account.credentials import role_session
from infra.local.account.hooks import replace

STOP_SECONDS = 10.0
# token of a task that waits for its callback -> ARN of its state machine
MACHINES: dict[str, str] = {}


class ExecutionEnded(SystemExit):
    """The execution ended while this thread worked for it.

    A SystemExit, because the interpreter must not take it for a failed task and retry or catch it, and a thread that
    ends with one ends in silence.
    """


@dataclasses.dataclass
class Task:
    """One Task state of a running execution.

    Args:
        execution: the record of the execution that the state machine was started as, also inside a Map.
        state: the state's definition.
        input: the state's input.
        context: the context object that JSONata calls `$states.context`.
        cancelled: set when the state's time is up.
    """

    execution: dict[str, Any]
    state: dict[str, Any]
    input: Any
    context: dict[str, Any]
    cancelled: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        """Whether the work of this task is no longer wanted."""
        return self.cancelled.is_set() or self.execution["status"] != "RUNNING"

    @functools.cached_property
    def role_arn(self) -> str:
        """The role that the execution was started with."""
        started = self.execution["events"][0]["executionStartedEventDetails"]
        role: str = started["roleArn"]
        return role

    @functools.cached_property
    def access_key(self) -> str:
        """The id of a key that may do what the role may; made once per task."""
        credentials = role_session(self.role_arn, self.execution["name"]).get_credentials()
        if credentials is None:
            raise RuntimeError(f"sts:AssumeRole gave no credentials for {self.role_arn}")
        return credentials.access_key


_current: contextvars.ContextVar[Task | None] = contextvars.ContextVar("stepfunctions_task", default=None)


def current() -> Task | None:
    """The task that the calling thread works for, if any."""
    return _current.get()


@contextlib.contextmanager
def use_task(task: Task | None) -> Iterator[None]:
    """Make `task` the current one; None hides it from what is called inside."""
    token = _current.set(task)
    try:
        yield
    finally:
        _current.reset(token)


def run_within_limit(resource: str, input_data: Any, limit: Any) -> Any:
    """Invoke `resource`, at most for `limit` seconds (a number or a JSONata expression).

    A task that waits for a job notices the end of its time and stops the job; that is given a moment, then the state
    fails whatever the job does.

    Raises:
        _ExecutionError: States.Timeout, or what the task failed with.
    """
    task = current()
    if task is not None and isinstance(limit, str):
        limit = stepfunctions._jsonata_state_field(task.state, "TimeoutSeconds", "number", task.input, task.context)
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=1)
    attempt = dataclasses.replace(task, cancelled=threading.Event()) if task else None
    with use_task(attempt):
        future = pool.submit(contextvars.copy_context().run, stepfunctions._invoke_resource, resource, input_data)
    pool.shutdown(wait=False)
    try:
        return future.result(timeout=limit)
    except concurrent.futures.TimeoutError:
        if attempt:
            attempt.cancelled.set()
            concurrent.futures.wait([future], timeout=STOP_SECONDS)
        raise stepfunctions._ExecutionError("States.Timeout", f"Task timed out after {limit} seconds") from None


def apply() -> None:
    """Put the completion in place."""

    def execute_task(state_def: dict[str, Any], raw_input: Any, execution: Any, ctx: dict[str, Any]) -> Any:
        root = stepfunctions._executions.get((ctx.get("Execution") or {}).get("Id"))
        with use_task(Task(root, state_def, raw_input, ctx) if root and root.get("events") else None):
            return original_task(state_def, raw_input, execution, ctx)

    def invoke_resource(resource: str, input_data: Any) -> Any:
        task = current()
        if task and task.ended:
            raise ExecutionEnded
        return original_resource(resource, input_data)

    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        task = current()
        if task:
            MACHINES[token] = task.execution["stateMachineArn"]
        try:
            return original_callback(resource, input_data, token, state_def)
        finally:
            MACHINES.pop(token, None)

    original_task = replace(stepfunctions, "_execute_task", "state_def raw_input execution ctx", execute_task)
    original_resource = replace(stepfunctions, "_invoke_resource", "resource input_data", invoke_resource)
    original_callback = replace(
        stepfunctions, "_invoke_with_callback", "resource input_data token state_def", invoke_with_callback
    )
    replace(stepfunctions, "_invoke_resource_with_timeout", "resource input_data timeout", run_within_limit)
