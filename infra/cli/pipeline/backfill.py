"""`insights pipeline backfill`: one execution for a window, or one per day or hour of it, one after the other.

Step Functions keeps executions for 90 days, and each interval's executions are named after the interval: so a backfill
that was interrupted can be resumed from any machine.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from infra.cli.console import listing, print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.format import format_duration, format_utc, now
from infra.cli.options import AsJson
from infra.cli.pipeline import bronze, render, windows
from infra.cli.pipeline.windows import Interval, Step
from infra.cli.target import writes
from infra.cli.wait import poll, wait_until_idle
from orchestration.executions import state_machine
from orchestration.executions.history import NOT_FAILED, Status

POLL_SECONDS = 1.0


@dataclasses.dataclass
class IntervalRun:
    """One interval and its latest execution.

    Args:
        interval: which arrival times.
        attempt: number of the latest execution of this interval; 0 while there is none.
        status: of that execution; None while there is none.
        seconds: that it took.
        error: the state it failed in.
        cause: why.
        done_before: whether an earlier backfill ran it successfully.
        has_data: whether bronze has objects of the interval; an interval without any is not run.
    """

    interval: Interval
    attempt: int = 0
    status: Status | None = None
    seconds: float = 0.0
    error: str | None = None
    cause: str | None = None
    done_before: bool = False
    has_data: bool = True

    @property
    def execution(self) -> str | None:
        """The name of the latest execution of this interval."""
        return self.interval.attempt(self.attempt) if self.attempt else None


@writes()
def backfill(
    since: Annotated[
        dt.datetime,
        typer.Option(
            windows.FROM, metavar="WHEN", parser=windows.parse_instant, help="First arrival, UTC, such as 2026-11-01."
        ),
    ],
    until: Annotated[
        dt.datetime,
        typer.Option(windows.TO, metavar="WHEN", parser=windows.parse_instant, help="End of the window, not included."),
    ],
    by: Annotated[Step, typer.Option(help="One execution for the whole window, or one per …")] = Step.WINDOW,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave out the intervals that have an execution that succeeded.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure go on with the next interval.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would run, and run nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the pipeline again over a window of arrival times.

    One execution reads the whole window, and builds gold once. Of a window too large for one run of the silver job make
    one per day or hour, one after the other. Any order and any repetition give the same tables. Stop it with Ctrl-C;
    the same command with `--resume` goes on.
    """
    windows.validate_window(since, until)
    for flag, moment in ((windows.FROM, since), (windows.TO, until)):
        if moment.second or moment.microsecond:
            raise typer.BadParameter(f"{format_utc(moment)}: expected whole minutes", param_hint=flag)
    console = terminal(stderr=as_json)
    with explain_errors():
        arn = state_machine.find_state_machine()
        runs = plan(
            windows.split_window(since, until, by), backfill_executions(state_machine.list_executions(arn)), resume
        )
        for run in runs:
            run.has_data = run.status is not None or bronze.has_objects(run.interval.start, run.interval.end)
        interrupted = False
        if not dry_run:
            try:
                _run(console, arn, runs, keep_going)
            except KeyboardInterrupt:
                interrupted = True
    if as_json:
        print_json(summary(since, until, by, runs))
    else:
        console.print(results_table(runs))
        for line in next_steps(
            runs, dry_run, f"{windows.FROM} {format_utc(since)} {windows.TO} {format_utc(until)} --by {by}"
        ):
            console.print(Text(line), soft_wrap=True)
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not dry_run and any(run.has_data and run.status is not Status.SUCCEEDED for run in runs):
        raise typer.Exit(ExitCode.FAILED)


def backfill_executions(executions: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The executions of all backfills so far, by name, of what ListExecutions gives."""
    return {one["name"]: one for one in executions if one["name"].startswith("backfill-")}


def plan(intervals: Iterable[Interval], executions: Mapping[str, Mapping[str, Any]], resume: bool) -> list[IntervalRun]:
    """What there is to do.

    Args:
        intervals: in the order in which they run.
        executions: as `backfill_executions` gives them.
        resume: take over what succeeded before, and what runs.

    Returns:
        one per interval; a run without a status is still to run.
    """
    runs = []
    for interval in intervals:
        run = IntervalRun(interval)
        attempts = [(interval.number(name), name) for name in executions if interval.number(name)]
        if attempts:
            run.attempt, latest = max(attempts)
            found = executions[latest]
            status = Status(found["status"])
            if resume and status in NOT_FAILED:
                run.status, run.done_before = status, status is Status.SUCCEEDED
                run.seconds = _seconds(found)
        runs.append(run)
    return runs


def _run(console: Console, arn: str, runs: list[IntervalRun], keep_going: bool) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=len(runs))
        for run in runs:
            if not run.has_data:
                progress.advance(bar)
                continue
            if run.status is None:
                progress.update(bar, description=f"{run.interval} waits for a running execution")
                wait_until_idle(arn, wait=True, quiet=True)
                run.attempt += 1
                state_machine.start_execution(
                    arn, windows.build_input(run.interval.start, run.interval.end, False, None, None), run.execution
                )
                run.status = Status.RUNNING
            if run.status is Status.RUNNING:
                for state in _follow(arn, run):
                    progress.update(bar, description=f"{run.interval} {state}")
            progress.advance(bar)
            if not console.is_terminal:
                console.print(Text(_format_line(run)), soft_wrap=True)
            if run.status is not Status.SUCCEEDED and not keep_going:
                return


def _follow(arn: str, run: IntervalRun) -> Iterator[str]:
    """Keep `run` up to date until its execution has ended, and name the state that it is in."""
    execution = f"{arn.replace(':stateMachine:', ':execution:')}:{run.execution}"
    for timeline in poll(state_machine.timeline_reader(execution), POLL_SECONDS):
        run.status, run.seconds = timeline.status, round(timeline.seconds(now()), 3)
        run.error, run.cause = timeline.error, timeline.cause
        if timeline.status is not Status.RUNNING:
            return
        yield timeline.states[-1].name if timeline.states else ""


def _seconds(execution: Mapping[str, Any]) -> float:
    ended: dt.datetime = execution.get("stopDate") or now()
    return round(float((ended - execution["startDate"]).total_seconds()), 3)


def _format_line(run: IntervalRun) -> str:
    word = render.STATUS_LABELS[run.status] if run.status else "not run"
    if run.done_before:
        return f"{run.interval} {word} before"
    return f"{run.interval} {word} after {format_duration(run.seconds)}" + (f" in {run.error}" if run.error else "")


def results_table(runs: list[IntervalRun]) -> Table:
    """A row per interval: what became of it, how long it took, and in which state it failed."""
    rows = listing("interval (UTC)", "status", "duration", "")
    for run in runs:
        word = (
            Text(render.STATUS_LABELS[run.status], render.STATUS_STYLES[run.status])
            if run.status
            else Text("not run" if run.has_data else "no data", "dim")
        )
        remark = "before" if run.done_before else run.error or ""
        took = format_duration(run.seconds) if run.status else ""
        rows.add_row(str(run.interval), word, took, Text(remark, "dim"))
    return rows


def next_steps(runs: list[IntervalRun], dry_run: bool, window: str) -> Iterator[str]:
    """The counts in a sentence, and the commands that help with what is left."""
    done = sum(run.status is Status.SUCCEEDED for run in runs)
    left = [run for run in runs if run.status is not Status.SUCCEEDED and run.has_data]
    empty = sum(not run.has_data for run in runs)
    if dry_run:
        yield f"{len(left)} of {len(runs)} intervals would run, one after the other"
        return
    yield f"{done} of {len(runs)} intervals done" + (f", {empty} have no data in bronze" if empty else "")
    for run in left:
        if run.status not in (None, *NOT_FAILED):
            yield f"why it failed: insights pipeline describe {run.execution}"
            yield f"its log:       insights pipeline logs {run.execution}"
        elif run.status is Status.RUNNING:
            yield f"it still runs: insights pipeline watch {run.execution}"
    if left:
        yield f"to go on:      insights pipeline backfill {window} --resume"


def summary(since: dt.datetime, until: dt.datetime, by: Step, runs: list[IntervalRun]) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "from": format_utc(since),
        "to": format_utc(until),
        "by": by.value,
        "succeeded": sum(run.status is Status.SUCCEEDED for run in runs),
        "intervals": [
            {
                "from": format_utc(run.interval.start),
                "to": format_utc(run.interval.end),
                "execution": run.execution,
                "status": run.status and run.status.value,
                "seconds": run.seconds,
                "error": run.error,
                "cause": run.cause,
                "done_before": run.done_before,
                "has_data": run.has_data,
            }
            for run in runs
        ],
    }
