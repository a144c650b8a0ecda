"""Waiting for an execution of the pipeline as one step of several."""

from collections.abc import Callable

from infra.cli.smoke.steps import UnexpectedError
from infra.cli.wait import poll
from orchestration.executions import state_machine
from orchestration.executions.history import Status, Timeline

POLL_SECONDS = 0.5


def await_end(execution: str, seconds: float, say: Callable[[str], None] = lambda _: None) -> Timeline:
    """The history of an execution when it has ended.

    Args:
        execution: its ARN.
        seconds: how long to wait.
        say: gets a line about what the execution is doing, again and again.

    Raises:
        UnexpectedError: it is still running.
    """
    for timeline in poll(state_machine.timeline_reader(execution), POLL_SECONDS, seconds):
        if timeline.status is not Status.RUNNING:
            return timeline
        say(f"the pipeline is in {timeline.states[-1].name}" if timeline.states else "the pipeline starts")
    raise UnexpectedError(f"{state_machine.execution_name(execution)} is still running after {seconds:.0f} s")
