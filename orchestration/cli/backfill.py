"""`insights pipeline backfill`: one execution per day or hour of a window, one after the other.

What was done before is asked of Step Functions, which keeps an execution for 90 days: each interval's executions have
names made of the interval, so a backfill that was cut short is resumed from anywhere, by anyone.
"""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from orchestration.cli import machine, render, windows
from orchestration.cli.executions import GOOD, Status
from orchestration.cli.exits import Exit
from orchestration.cli.following import terminal
from orchestration.cli.problems import explained
from orchestration.cli.waiting import until_none_runs
from orchestration.cli.windows import Interval, Step

POLL_SECONDS = 1.0


@dataclasses.dataclass
class Share:
    """One interval and what became of it.

    Args:
        interval: which arrivals.
        attempt: number of the latest execution of this interval; 0 while there is none.
        status: of that execution; None while there is none.
        seconds: that it took.
        error: the state it failed in.
        cause: why.
        before: whether an earlier backfill did it.
    """

    interval: Interval
    attempt: int = 0
    status: Status | None = None
    seconds: float = 0.0
    error: str | None = None
    cause: str | None = None
    before: bool = False

    @property
    def execution(self) -> str | None:
        """The name of the latest execution of this interval."""
        return self.interval.attempt(self.attempt) if self.attempt else None


def backfill(
    since: Annotated[
        dt.datetime,
        typer.Option(
            windows.FROM, metavar="WHEN", parser=windows.instant, help="First arrival, UTC, such as 2026-11-01."
        ),
    ],
    until: Annotated[
        dt.datetime,
        typer.Option(windows.TO, metavar="WHEN", parser=windows.instant, help="End of the arrivals, not included."),
    ],
    by: Annotated[Step, typer.Option(help="One execution per …")] = Step.DAY,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave out the intervals that have an execution that succeeded.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure go on with the next interval.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would run, and run nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON document.")] = False,
) -> None:
    """Run the pipeline over a window of arrivals again, an execution per day or hour, one after the other.

    Any order and any repetition give the same tables. Stop it with Ctrl-C; the same command with `--resume` goes on.
    """
    windows.check(since, until)
    for flag, moment in ((windows.FROM, since), (windows.TO, until)):
        if moment.second or moment.microsecond:
            raise typer.BadParameter(f"{windows.written(moment)}: whole minutes are wanted", param_hint=flag)
    console = terminal(stderr=as_json)
    with explained():
        arn = machine.state_machine()
        shares = plan(windows.intervals(since, until, by), known(machine.recent(arn)), resume)
        interrupted = False
        if not dry_run:
            try:
                _run(console, arn, shares, keep_going)
            except KeyboardInterrupt:
                interrupted = True
    if as_json:
        typer.echo(json.dumps(summary(since, until, by, shares)))
    else:
        console.print(table(shares))
        for line in next_steps(
            shares, dry_run, f"{windows.FROM} {windows.written(since)} {windows.TO} {windows.written(until)} --by {by}"
        ):
            console.print(Text(line), soft_wrap=True)
    if interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    if not dry_run and any(share.status is not Status.SUCCEEDED for share in shares):
        raise typer.Exit(Exit.FAILED)


def known(executions: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The executions of all backfills so far, by name, of what ListExecutions gives."""
    return {one["name"]: one for one in executions if one["name"].startswith("backfill-")}


def plan(intervals: Iterable[Interval], executions: Mapping[str, Mapping[str, Any]], resume: bool) -> list[Share]:
    """What there is to do.

    Args:
        intervals: in the order in which they run.
        executions: as `known` gives them.
        resume: take over what succeeded before, and what runs.

    Returns:
        a share per interval; one without a status is still to run.
    """
    shares = []
    for interval in intervals:
        share = Share(interval)
        attempts = [(interval.number(name), name) for name in executions if interval.number(name)]
        if attempts:
            share.attempt, latest = max(attempts)
            found = executions[latest]
            status = Status(found["status"])
            if resume and status in GOOD:
                share.status, share.before = status, status is Status.SUCCEEDED
                share.seconds = _seconds(found)
        shares.append(share)
    return shares


def _run(console: Console, arn: str, shares: list[Share], keep_going: bool) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=len(shares))
        for share in shares:
            if share.status is None:
                progress.update(bar, description=f"{share.interval} waits for its turn")
                until_none_runs(arn, wait=True, quiet=True)
                share.attempt += 1
                machine.start(
                    arn, windows.document(share.interval.start, share.interval.end, False, None, None), share.execution
                )
                share.status = Status.RUNNING
            if share.status is Status.RUNNING:
                for state in _follow(arn, share):
                    progress.update(bar, description=f"{share.interval} {state}")
            progress.advance(bar)
            if not console.is_terminal:
                console.print(Text(_line(share)), soft_wrap=True)
            if share.status is not Status.SUCCEEDED and not keep_going:
                return


def _follow(arn: str, share: Share) -> Iterator[str]:
    """Keep `share` up to date until its execution has ended, and name the state that it is in."""
    execution = f"{arn.replace(':stateMachine:', ':execution:')}:{share.execution}"
    look = machine.reader(execution)
    while True:
        told = look()
        share.status, share.seconds = told.status, round(told.seconds(render.now()), 3)
        share.error, share.cause = told.error, told.cause
        if told.status is not Status.RUNNING:
            return
        yield told.states[-1].name if told.states else ""
        time.sleep(POLL_SECONDS)


def _seconds(execution: Mapping[str, Any]) -> float:
    ended: dt.datetime = execution.get("stopDate") or render.now()
    return round(float((ended - execution["startDate"]).total_seconds()), 3)


def _line(share: Share) -> str:
    word = render.WORDS[share.status] if share.status else "not run"
    if share.before:
        return f"{share.interval} {word} before"
    return f"{share.interval} {word} after {render.duration(share.seconds)}" + (
        f" in {share.error}" if share.error else ""
    )


def table(shares: list[Share]) -> Table:
    """A row per interval: what became of it, how long it took, and in which state it failed."""
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("interval (UTC)", "status", "duration", ""):
        rows.add_column(heading, overflow="fold")
    for share in shares:
        word = Text(render.WORDS[share.status], render.STYLES[share.status]) if share.status else Text("not run", "dim")
        remark = "before" if share.before else share.error or ""
        took = render.duration(share.seconds) if share.status else ""
        rows.add_row(str(share.interval), word, took, Text(remark, "dim"))
    return rows


def next_steps(shares: list[Share], dry_run: bool, window: str) -> Iterator[str]:
    """The counts in a sentence, and the commands that help with what is left."""
    done = sum(share.status is Status.SUCCEEDED for share in shares)
    left = [share for share in shares if share.status is not Status.SUCCEEDED]
    if dry_run:
        yield f"{len(left)} of {len(shares)} intervals would run, one after the other"
        return
    yield f"{done} of {len(shares)} intervals done"
    for share in left:
        if share.status not in (None, *GOOD):
            yield f"why it failed: insights pipeline describe {share.execution}"
            yield f"its log:       insights pipeline logs {share.execution}"
        elif share.status is Status.RUNNING:
            yield f"it still runs: insights pipeline watch {share.execution}"
    if left:
        yield f"to go on:      insights pipeline backfill {window} --resume"


def summary(since: dt.datetime, until: dt.datetime, by: Step, shares: list[Share]) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "from": windows.written(since),
        "to": windows.written(until),
        "by": by.value,
        "succeeded": sum(share.status is Status.SUCCEEDED for share in shares),
        "intervals": [
            {
                "from": windows.written(share.interval.start),
                "to": windows.written(share.interval.end),
                "execution": share.execution,
                "status": share.status and share.status.value,
                "seconds": share.seconds,
                "error": share.error,
                "cause": share.cause,
                "done_before": share.before,
            }
            for share in shares
        ],
    }
