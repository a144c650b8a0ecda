"""`insights demo`: the whole platform on the local account."""

import typer

from infra.cli.errors import fail
from infra.cli.exit_codes import ExitCode


def demo() -> None:
    """Show the whole platform on the local account and check the result.

    It exits with 1 when gold does not agree with the table.
    """
    from infra.local import demo as demonstration
    from infra.local.account.settings import Settings

    try:
        is_consistent = demonstration.run(Settings.from_environment())
    except demonstration.DemoError as error:
        fail(str(error))
    raise typer.Exit(ExitCode.OK if is_consistent else ExitCode.FAILED)
