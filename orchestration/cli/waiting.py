"""One execution runs at a time: who wants the next waits for it, or is told which one runs."""

import time

from rich.console import Console
from rich.text import Text

from orchestration.cli import machine, render
from orchestration.cli.exits import Exit
from orchestration.cli.problems import fail

POLL_SECONDS = 2.0


def until_none_runs(state_machine_arn: str, wait: bool, quiet: bool = False) -> None:
    """Return once no execution runs.

    Args:
        state_machine_arn: of the pipeline.
        wait: stay until then; without it a running execution ends the command with `Exit.BUSY`.
        quiet: show nothing meanwhile, where another progress is shown already.
    """
    console = Console(stderr=True, quiet=quiet, highlight=False)
    look = machine.running(state_machine_arn)
    with console.status("") as status:
        while (busy := look()) is not None:
            took = render.duration((render.now() - busy["startDate"]).total_seconds())
            if not wait:
                status.stop()
                fail(
                    f"{busy['name']} has been running for {took}, and one execution runs at a time",
                    f"`--wait-for-running` waits for its end; `insights pipeline watch {busy['name']}` shows it",
                    Exit.BUSY,
                )
            status.update(Text(f"waiting for {busy['name']} ({took} so far)"))
            time.sleep(POLL_SECONDS)
