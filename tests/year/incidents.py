"""What goes wrong, and what people do on purpose, in a simulated year; each with the commands that follow.

The rows of docs/faults.md say what each stops, which alarm tells of it, and which command repairs it.
"""

import dataclasses
import functools
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults import FAULTS, Fault
from tests.year import capture_faults, deeds, run_faults
from tests.year.world import World

Context = Callable[[World], AbstractContextManager[None]]


@contextmanager
def nothing(world: World) -> Iterator[None]:
    """Nothing happens."""
    del world
    yield


@dataclasses.dataclass(frozen=True)
class Incident:
    """Something that happens on one day.

    Args:
        name: what it is; of a fault, as its row in the fault matrix names it.
        while_people_work: entered before people work in the afternoon, left when bronze has all that it will get.
        while_it_runs: entered before the run, left after it.
        options: of the command that starts the run.
        run_fails: the run has to end with 1.
        is_silent: nobody is notified of a run that fails.
        is_down: the account is down for a while during the run: nobody can read.
        is_repaired_first: the command that repairs it comes before the run, not after it.
        runs_again: another run follows the repair.
        does: what somebody does after the run.
        looks_wrong: what is wrong at last, beside what every day is compared; sentences.
    """

    name: str
    while_people_work: Context = nothing
    while_it_runs: Context = nothing
    options: tuple[str, ...] = ()
    run_fails: bool = False
    is_silent: bool = False
    is_down: bool = False
    is_repaired_first: bool = False
    runs_again: bool = False
    does: Callable[[World], None] | None = None
    looks_wrong: Callable[[World], list[str]] | None = None

    @property
    def row(self) -> Fault | None:
        """The row of the fault matrix; None of what is no fault, or repairs itself without a trace."""
        return next((fault for fault in FAULTS if fault.fault == self.name), None)

    @property
    def repair(self) -> tuple[str, ...]:
        """The command that repairs it, as docs/faults.md has it and without its first word; empty: none is needed."""
        return tuple(shlex.split(self.row.command)[1:]) if self.row else ()


INCIDENTS = (
    Incident("change capture crashes", functools.partial(capture_faults.capture_fails, "crash")),
    Incident("somebody leaves", does=deeds.leave),
    Incident("A few lines of bronze break their contract", while_it_runs=functools.partial(run_faults.broken_lines, 3)),
    Incident("the account is killed", deeds.killed),
    Incident("the last days are run again", does=deeds.backfill_window),
    Incident(
        "An object of bronze is truncated, or no gzip file", while_it_runs=run_faults.truncated_object, runs_again=True
    ),
    Incident("maintenance", does=deeds.maintain),
    Incident(
        "A table of silver was dropped, or its metadata file is gone",
        while_it_runs=run_faults.silver_table_dropped,
        run_fails=True,
        runs_again=True,
    ),
    Incident("somebody exports", does=deeds.export),
    Incident("records are refused", functools.partial(capture_faults.capture_fails, "throttle_some")),
    Incident("The silver job raises", while_it_runs=run_faults.job_misconfigured, run_fails=True),
    Incident("batches come out of order", functools.partial(capture_faults.capture_fails, "out_of_order")),
    Incident("A build of gold fails", while_it_runs=run_faults.broken_row, run_fails=True),
    Incident("everything is built anew", does=deeds.build_anew),
    Incident(
        "Change capture fails in six ways: throttled, crashed, poisoned, repeated, reordered, too long",
        functools.partial(capture_faults.capture_fails, "poison"),
        is_repaired_first=True,
    ),
    Incident("A function stays throttled", while_it_runs=run_faults.publishing_throttled, run_fails=True),
    Incident("Change capture is refused for hours", capture_faults.capture_is_refused, is_repaired_first=True),
    Incident("batches come twice", functools.partial(capture_faults.capture_fails, "twice")),
    Incident("the account is restarted", deeds.restarted),
    Incident("The crawl fails", while_it_runs=run_faults.crawler_misconfigured),
    Incident("The job dies between two tables", while_it_runs=run_faults.job_killed, run_fails=True),
    Incident("the whole table is written to bronze again", does=deeds.write_table_to_bronze),
    Incident(
        "More than 20 lines and more than 1 % break it",
        while_it_runs=functools.partial(run_faults.broken_lines, 40),
        run_fails=True,
    ),
    Incident(
        "An object vanishes between listing and reading",
        while_it_runs=run_faults.vanishing_object,
        runs_again=True,
    ),
    Incident(
        "A full refresh is killed",
        while_it_runs=run_faults.rebuild_killed,
        options=("--full-refresh",),
        run_fails=True,
        looks_wrong=run_faults.find_rebuilds,
    ),
    Incident(
        "A required column has no value for old rows",
        while_it_runs=run_faults.required_column_missing,
        run_fails=True,
    ),
    Incident("Changes and removals are lost from the stream", capture_faults.changes_lost, is_repaired_first=True),
    Incident(
        "The topic of the operators is gone",
        while_it_runs=run_faults.topic_gone,
        run_fails=True,
        is_silent=True,
        runs_again=True,
        looks_wrong=run_faults.find_unheard,
    ),
    Incident("One user's row cannot be published", while_it_runs=run_faults.unpublishable_row),
    Incident(
        "Request logs cannot be transformed",
        capture_faults.logs_not_transformed,
        is_repaired_first=True,
        looks_wrong=deeds.compare_request_logs,
    ),
    Incident(
        "The local account is stopped during a run",
        while_it_runs=run_faults.stopped_in_a_run,
        run_fails=True,
        is_silent=True,
        is_down=True,
    ),
)
