"""`insights smoke …`: check what is deployed from outside, step by step.

What a command made it removes again, also when it fails or is interrupted.
"""

import typer

from infra.cli.exit_codes import EXIT_CODES_EPILOG
from infra.cli.lazy import HELP_OPTIONS, LazyCommand, lazy_group

COMMANDS = {
    "api": LazyCommand(
        "infra.cli.smoke.api:api", "Call the deployed API as a client would and clean up afterwards.", EXIT_CODES_EPILOG
    ),
    "etl": LazyCommand(
        "infra.cli.smoke.etl:etl", "Follow changes through bronze and the pipeline into gold.", EXIT_CODES_EPILOG
    ),
}
app = typer.Typer(cls=lazy_group(COMMANDS), no_args_is_help=True, context_settings=HELP_OPTIONS)


@app.callback()
def smoke() -> None:
    """Check what is deployed from outside, step by step."""
