"""Options that several commands take, each written once."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else there.")]
Execution = Annotated[
    str | None, typer.Argument(metavar="EXECUTION", help="Name or ARN of an execution; the latest when not given.")
]
ShowData = Annotated[bool, typer.Option("--io", help="Show the input and output of each state.")]
StateName = Annotated[str | None, typer.Option(metavar="NAME", help="One state, as the state machine names it.")]
