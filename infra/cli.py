"""`insights`: the operator's commands, and those of the local account, in one program."""


def main() -> None:
    """Run the command line."""
    raise SystemExit("not assembled yet")
