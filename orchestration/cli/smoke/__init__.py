"""`insights smoke …`: is what is deployed alive? Each command goes through it from outside, step by step.

Exit status: 0 every step did what it should, 1 one did not (or AWS refused), 2 the command line is wrong, 130
interrupted by Ctrl-C. What a command made it removes again, also when it fails or is interrupted.
"""

import typer

smoke = typer.Typer(no_args_is_help=True, help="Check what is deployed from outside, step by step.")
