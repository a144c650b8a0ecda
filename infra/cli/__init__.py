"""`insights`: all commands of the platform, for the local account and for AWS.

This package has the command lines only: arguments, output, exit codes. What a command does is a function of the folder
that it belongs to. Each command's module is imported when the command is called, so `--help` and completion are quick.
"""


def main() -> None:
    """Run the command line."""
    from infra.cli.app import app

    app()
