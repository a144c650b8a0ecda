"""`insights pipeline …`: start, stop and redrive executions, and see how they went."""

import typer

from infra.cli.exit_codes import EXIT_CODES_EPILOG
from infra.cli.lazy import HELP_OPTIONS, LazyCommand, lazy_group

COMMANDS = {
    name: LazyCommand(f"infra.cli.pipeline.{module}:{name}", summary, EXIT_CODES_EPILOG)
    for name, module, summary in (
        ("start", "run", "Start an execution; without a window it takes everything since the last successful one."),
        ("watch", "display", "Follow an execution until it ends; exit with 1 unless it succeeds."),
        ("history", "display", "List executions, the latest first."),
        ("describe", "display", "Show the states of an execution, and why it failed if it did."),
        ("logs", "display", "Print the log of the job, build, crawl or function of a state."),
        ("redrive", "run", "Redrive a failed, timed out or stopped execution from the state that it ended in."),
        ("stop", "run", "Stop a running execution, and wait for the end of the job or build that it had started."),
        ("backfill", "backfill", "Run the pipeline again over a window of arrival times."),
    )
}
app = typer.Typer(
    cls=lazy_group(COMMANDS),
    no_args_is_help=True,
    context_settings=HELP_OPTIONS,
    help="Run the pipeline, and see how it went.",
    epilog=EXIT_CODES_EPILOG,
)


@app.callback()
def pipeline() -> None:
    """Run the pipeline, and see how it went."""
