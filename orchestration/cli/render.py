"""How executions look: a table that lives while they run, or lines where there is no terminal to redraw."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orchestration.cli.executions import StateRun, Status, Timeline, log_stream

UTC = dt.UTC

STYLES = {
    Status.RUNNING: "yellow",
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.TIMED_OUT: "red",
    Status.ABORTED: "magenta",
}
WORDS = {
    Status.RUNNING: "running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.ABORTED: "stopped",
}


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `42 s`, `3 min 20 s`, `1 h 02 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def now() -> dt.datetime:
    """This instant, comparable with those of the events."""
    return dt.datetime.now(dt.UTC)


def shown_status(run: StateRun, told: Timeline) -> Status:
    """The status to show: a state that worked goes on running until the next one has started.

    Between two polls the machine waits outside the polling state; that is not its end.
    """
    is_last = run is told.states[-1]
    waits = is_last and told.status is Status.RUNNING and run.status is Status.SUCCEEDED
    return Status.RUNNING if waits else run.status


def table(told: Timeline) -> Table:
    """One row per state: status, duration, and what an operator should know about it."""
    rows = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("state", "status", "duration", ""):
        rows.add_column(heading, justify="right" if heading == "duration" else "left", overflow="fold")
    for run in told.states:
        status = shown_status(run, told)
        word: RenderableType = Text(WORDS[status], STYLES[status])
        if status is Status.RUNNING:
            word = Spinner("dots", Text(WORDS[status], STYLES[status]))
        rows.add_row(run.name, word, duration(run.seconds(now())), Text(_remark(run), "dim"))
    return rows


def live(told: Timeline, name: str) -> RenderableType:
    """What a terminal shows while an execution runs."""
    return Group(Text(f"execution {name}", "bold"), table(told))


def changes(before: Timeline, after: Timeline) -> Iterator[str]:
    """One line for each state that started or ended between two looks at an execution.

    A state may end twice: the crawler starts well, and then the crawl fails.
    """
    known = {run.name: shown_status(run, before) for run in before.states}
    for run in after.states:
        status = shown_status(run, after)
        if run.name not in known:
            yield f"{run.name} started"
        if status is not Status.RUNNING and status is not known.get(run.name):
            remark = _remark(run)
            took = duration(run.seconds(now()))
            yield f"{run.name} {WORDS[status]} after {took}" + (f" ({remark})" if remark else "")


def ending(console: Console, told: Timeline, name: str) -> None:
    """Say how an execution ended; when badly, in which state, why, and where its logs are."""
    took = duration(((told.ended or now()) - told.started).total_seconds()) if told.started else "?"
    since = f"has been running for {took}" if told.status is Status.RUNNING else f"{WORDS[told.status]} after {took}"
    console.print(Text(f"execution {name} {since}", f"bold {STYLES[told.status]}"), soft_wrap=True)
    if told.status in (Status.RUNNING, Status.SUCCEEDED):
        return
    failed = told.failed
    if failed is not None:
        console.print(Text(f"  state  {failed.name}"), soft_wrap=True)
    if told.cause or told.error:
        console.print(Text(f"  error  {told.cause or told.error}"), soft_wrap=True)
    where = log_stream(failed.cause) if failed is not None else None
    if where is not None:
        console.print(
            Text(f"  logs   aws logs tail {where.group} --since 1d --log-stream-names {where.stream}"), soft_wrap=True
        )


def as_json(told: Timeline, execution_arn: str) -> dict[str, Any]:
    """What `--json` prints of one execution."""
    return {
        "execution": execution_arn,
        "status": told.status.value,
        "started": _instant(told.started),
        "ended": _instant(told.ended),
        "error": told.error,
        "cause": told.cause,
        "states": [
            {
                "name": run.name,
                "status": shown_status(run, told).value,
                "started": _instant(run.started),
                "ended": _instant(run.ended),
                "seconds": round(run.seconds(now()), 3),
                "visits": run.visits,
                "retries": run.retries,
                "error": run.error,
            }
            for run in told.states
        ],
    }


def _instant(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _remark(run: StateRun) -> str:
    remarks = []
    if run.visits > 1:
        remarks.append(f"{run.visits} times")
    if run.retries:
        remarks.append(f"tried again {run.retries} times" if run.retries > 1 else "tried again once")
    if run.error and run.retries and run.status in (Status.RUNNING, Status.SUCCEEDED):
        remarks.append(f"last {run.error}")
    return ", ".join(remarks)
