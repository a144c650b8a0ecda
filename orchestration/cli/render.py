"""How executions look: a table that lives while they run, or lines where there is no terminal to redraw."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orchestration.cli.executions import GOOD, StateRun, Status, Timeline
from orchestration.cli.windows import written

STYLES = {
    Status.RUNNING: "yellow",
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.TIMED_OUT: "red",
    Status.ABORTED: "magenta",
    Status.PENDING_REDRIVE: "yellow",
}
WORDS = {
    Status.RUNNING: "running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.ABORTED: "stopped",
    Status.PENDING_REDRIVE: "to go on",
}


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `42 s`, `3 min 20 s`, `1 h 02 min`, `2 d 03 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours = minutes // 60
    return f"{hours} h {minutes % 60:02} min" if hours < 48 else f"{hours // 24} d {hours % 24:02} h"


def now() -> dt.datetime:
    """This instant, comparable with those of the events."""
    return dt.datetime.now(dt.UTC)


def shown_status(run: StateRun, told: Timeline) -> Status:
    """The status to show: a state that worked goes on running until the next one has started.

    Between two polls the machine waits outside the polling state; that is not its end.
    """
    if told.status is not Status.RUNNING or run.status is not Status.SUCCEEDED:
        return run.status
    left = [state.ended for state in told.states if state.ended is not None]
    goes_on = len(left) < len(told.states) or run.ended != max(left)
    return run.status if goes_on else Status.RUNNING


def table(told: Timeline) -> Table:
    """One row per state: status, attempts, duration, and what an operator should know about it."""
    rows = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    names = ["  " * run.depth + run.name for run in told.states]
    # where the terminal is narrow the remark is what is cut
    rows.add_column("state", min_width=max(map(len, names), default=0))
    rows.add_column("status", min_width=max(map(len, WORDS.values())))
    rows.add_column("attempts", justify="right", min_width=len("attempts"))
    rows.add_column("duration", justify="right", min_width=len("59 min 59 s"))
    rows.add_column("", overflow="ellipsis", no_wrap=True)
    for name, run in zip(names, told.states, strict=True):
        status = shown_status(run, told)
        word: RenderableType = Text(WORDS[status], STYLES[status])
        if status is Status.RUNNING:
            word = Spinner("dots", Text(WORDS[status], STYLES[status]))
        rows.add_row(name, word, str(run.retries + 1), duration(run.seconds(now())), Text(_remark(run), "dim"))
    return rows


def live(told: Timeline, name: str, data: bool = False) -> RenderableType:
    """What a terminal shows while an execution runs; with `data`, what goes into each state and comes out."""
    head = Text.assemble((f"execution {name}", "bold"), (f"  {duration(told.seconds(now()))}{_redriven(told)}", "dim"))
    return Group(head, table(told), *(passed(told) if data else []))


def passed(told: Timeline) -> Iterator[RenderableType]:
    """The input and output of each state, in a line each that is cut at the terminal's edge."""
    for run in told.states:
        yield Text(run.name, "bold")
        for word, document in (("in ", run.input), ("out", run.output)):
            yield Text(f"  {word} {document or '–'}", "dim", no_wrap=True, overflow="ellipsis")


def one_state(run: StateRun, told: Timeline) -> Iterator[RenderableType]:
    """Everything that is known of one state: figures, error, input and output in full."""
    yield table(Timeline(states=[run], status=told.status, started=told.started, ended=told.ended))
    for heading, text in (("error", run.error), ("cause", run.cause), ("input", run.input), ("output", run.output)):
        if text:
            yield Text(heading, "bold")
            yield Text(pretty(text))


def pretty(document: str) -> str:
    """JSON with one member per line; any other text as it is."""
    try:
        return json.dumps(json.loads(document), indent=2, ensure_ascii=False)
    except ValueError:
        return document


def changes(before: Timeline, after: Timeline) -> Iterator[str]:
    """One line for each state that started or ended between two looks at an execution.

    A state may end twice: the crawler starts well, and then the crawl fails.
    """
    known = {run.name: shown_status(run, before) for run in before.states}
    for run in after.states:
        status = shown_status(run, after)
        if run.name not in known:
            yield f"{run.name} started"
        elif status is Status.RUNNING and known[run.name] not in GOOD and run.redrives:
            yield f"{run.name} started again"
        if status is not Status.RUNNING and status is not known.get(run.name):
            remark = _remark(run)
            took = duration(run.seconds(now()))
            yield f"{run.name} {WORDS[status]} after {took}" + (f" ({remark})" if remark else "")


def ending(console: Console, told: Timeline, name: str) -> None:
    """Say how an execution ended; when badly, in which state, why, and what to do next."""
    took = duration(told.seconds(now())) if told.started else "?"
    since = f"has been running for {took}" if told.status is Status.RUNNING else f"{WORDS[told.status]} after {took}"
    console.print(Text(f"execution {name} {since}{_redriven(told)}", f"bold {STYLES[told.status]}"), soft_wrap=True)
    if told.status in GOOD:
        return
    failed = told.failed
    if failed is not None:
        console.print(Text(f"  state    {failed.name}"), soft_wrap=True)
    # the pipeline's error is the state's name, and its cause says the rest
    told_by_state = failed is not None and failed.name == told.error
    said = [told.cause] if told_by_state else [told.error, told.cause]
    if any(said):
        console.print(Text("  error    " + ": ".join(filter(None, said))), soft_wrap=True)
    console.print(Text(f"  logs     insights pipeline logs {name}"), soft_wrap=True)
    console.print(Text(f"  go on    insights pipeline redrive {name}"), soft_wrap=True)


def as_json(told: Timeline, execution_arn: str) -> dict[str, Any]:
    """What `--json` prints of one execution."""
    return {
        "execution": execution_arn,
        "status": told.status.value,
        "started": instant(told.started),
        "ended": instant(told.ended),
        "seconds": round(told.seconds(now()), 3),
        "redrives": told.redrives,
        "input": document(told.input),
        "output": document(told.output),
        "error": told.error,
        "cause": told.cause,
        "states": [
            {
                "name": run.name,
                "status": shown_status(run, told).value,
                "started": instant(run.started),
                "ended": instant(run.ended),
                "seconds": round(run.seconds(now()), 3),
                "visits": run.visits,
                "retries": run.retries,
                "error": run.error,
                "cause": run.cause,
                "input": document(run.input),
                "output": document(run.output),
            }
            for run in told.states
        ],
    }


def instant(moment: dt.datetime | None) -> str | None:
    """RFC 3339 in UTC, or None."""
    return None if moment is None else written(moment)


def document(text: str | None) -> Any:
    """What a JSON document says; the text itself when it is none, as history cuts what is too long."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _redriven(told: Timeline) -> str:
    return f", redriven {_times(told.redrives)}" if told.redrives else ""


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
    if run.error and run.retries and run.status in GOOD:
        remarks.append(f"last {run.error}")
    return ", ".join(remarks)
