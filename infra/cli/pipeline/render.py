"""Executions as tables, lines and JSON."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from infra.cli.format import format_duration, format_instant, indent_document, now, parse_document
from orchestration.executions.history import NOT_FAILED, StateRun, Status, Timeline

STATUS_STYLES = {
    Status.RUNNING: "yellow",
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.TIMED_OUT: "red",
    Status.ABORTED: "magenta",
    Status.PENDING_REDRIVE: "yellow",
}
STATUS_LABELS = {
    Status.RUNNING: "running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.ABORTED: "stopped",
    Status.PENDING_REDRIVE: "to go on",
}


def display_status(run: StateRun, timeline: Timeline) -> Status:
    """The status to show: a state that worked goes on running until the next one has started.

    Between two polls the machine waits outside the polling state; that is not its end.
    """
    if timeline.status is not Status.RUNNING or run.status is not Status.SUCCEEDED:
        return run.status
    left = [state.ended for state in timeline.states if state.ended is not None]
    goes_on = len(left) < len(timeline.states) or run.ended != max(left)
    return run.status if goes_on else Status.RUNNING


def table(timeline: Timeline) -> Table:
    """One row per state: status, attempts, duration, and what an operator should know about it."""
    rows = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    names = ["  " * run.depth + run.name for run in timeline.states]
    # where the terminal is narrow the remark is what is cut
    rows.add_column("state", min_width=max(map(len, names), default=0))
    rows.add_column("status", min_width=max(map(len, STATUS_LABELS.values())))
    rows.add_column("attempts", justify="right", min_width=len("attempts"))
    rows.add_column("duration", justify="right", min_width=len("59 min 59 s"))
    rows.add_column("", overflow="ellipsis", no_wrap=True)
    for name, run in zip(names, timeline.states, strict=True):
        status = display_status(run, timeline)
        word: RenderableType = Text(STATUS_LABELS[status], STATUS_STYLES[status])
        if status is Status.RUNNING:
            word = Spinner("dots", Text(STATUS_LABELS[status], STATUS_STYLES[status]))
        rows.add_row(name, word, str(run.retries + 1), format_duration(run.seconds(now())), Text(_remark(run), "dim"))
    return rows


def live_table(timeline: Timeline, name: str, data: bool = False) -> RenderableType:
    """What a terminal shows while an execution runs; with `data`, what goes into each state and comes out."""
    head = Text.assemble(
        (f"execution {name}", "bold"), (f"  {format_duration(timeline.seconds(now()))}{_redriven(timeline)}", "dim")
    )
    return Group(head, table(timeline), *(state_data(timeline) if data else []))


def state_data(timeline: Timeline) -> Iterator[RenderableType]:
    """The input and output of each state, in a line each that is cut at the terminal's edge."""
    for run in timeline.states:
        yield Text(run.name, "bold")
        for word, document in (("in ", run.input), ("out", run.output)):
            yield Text(f"  {word} {document or '–'}", "dim", no_wrap=True, overflow="ellipsis")


def state_detail(run: StateRun, timeline: Timeline) -> Iterator[RenderableType]:
    """Everything that is known of one state: figures, error, input and output in full."""
    yield table(Timeline(states=[run], status=timeline.status, started=timeline.started, ended=timeline.ended))
    for heading, text in (("error", run.error), ("cause", run.cause), ("input", run.input), ("output", run.output)):
        if text:
            yield Text(heading, "bold")
            yield Text(indent_document(text))


def changed_lines(before: Timeline, after: Timeline) -> Iterator[str]:
    """One line for each state that started or ended between two looks at an execution.

    A state may end twice: the crawler starts well, and then the crawl fails.
    """
    known = {run.name: display_status(run, before) for run in before.states}
    for run in after.states:
        status = display_status(run, after)
        if run.name not in known:
            yield f"{run.name} started"
        elif status is Status.RUNNING and known[run.name] not in NOT_FAILED and run.redrives:
            yield f"{run.name} started again"
        if status is not Status.RUNNING and status is not known.get(run.name):
            remark = _remark(run)
            took = format_duration(run.seconds(now()))
            yield f"{run.name} {STATUS_LABELS[status]} after {took}" + (f" ({remark})" if remark else "")


def print_ending(console: Console, timeline: Timeline, name: str) -> None:
    """Say how an execution ended; when badly, in which state, why, and what to do next."""
    took = format_duration(timeline.seconds(now())) if timeline.started else "?"
    since = (
        f"has been running for {took}"
        if timeline.status is Status.RUNNING
        else f"{STATUS_LABELS[timeline.status]} after {took}"
    )
    console.print(
        Text(f"execution {name} {since}{_redriven(timeline)}", f"bold {STATUS_STYLES[timeline.status]}"), soft_wrap=True
    )
    if timeline.status in NOT_FAILED:
        return
    failed = timeline.failed
    if failed is not None:
        console.print(Text(f"  state    {failed.name}"), soft_wrap=True)
    # the pipeline's error is the state's name, and its cause says the rest
    cause_is_shown = failed is not None and failed.name == timeline.error
    message = [timeline.cause] if cause_is_shown else [timeline.error, timeline.cause]
    if any(message):
        console.print(Text("  error    " + ": ".join(filter(None, message))), soft_wrap=True)
    console.print(Text(f"  logs     insights pipeline logs {name}"), soft_wrap=True)
    console.print(Text(f"  go on    insights pipeline redrive {name}"), soft_wrap=True)


def to_json(timeline: Timeline, execution_arn: str) -> dict[str, Any]:
    """What `--json` prints of one execution."""
    return {
        "execution": execution_arn,
        "status": timeline.status.value,
        "started": format_instant(timeline.started),
        "ended": format_instant(timeline.ended),
        "seconds": round(timeline.seconds(now()), 3),
        "redrives": timeline.redrives,
        "input": parse_document(timeline.input),
        "output": parse_document(timeline.output),
        "error": timeline.error,
        "cause": timeline.cause,
        "states": [
            {
                "name": run.name,
                "status": display_status(run, timeline).value,
                "started": format_instant(run.started),
                "ended": format_instant(run.ended),
                "seconds": round(run.seconds(now()), 3),
                "visits": run.visits,
                "retries": run.retries,
                "error": run.error,
                "cause": run.cause,
                "input": parse_document(run.input),
                "output": parse_document(run.output),
            }
            for run in timeline.states
        ],
    }


def _redriven(timeline: Timeline) -> str:
    return f", redriven {_times(timeline.redrives)}" if timeline.redrives else ""


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _remark(run: StateRun) -> str:
    remarks = []
    if run.visits > 1:
        remarks.append(f"{run.visits} times")
    if run.iterations:
        remarks.append(f"{run.iterations} iterations" + (f", {run.broken} failed" if run.broken else ""))
    if run.retries:
        remarks.append(f"tried again {_times(run.retries)}")
    if run.error and run.retries and run.status in NOT_FAILED:
        remarks.append(f"last {run.error}")
    return ", ".join(remarks)
