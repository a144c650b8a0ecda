"""`python -m transforms.reconcile`: the command where there is no `insights`."""

import typer

from transforms.reconcile.command import reconcile

if __name__ == "__main__":
    typer.run(reconcile)
