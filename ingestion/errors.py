"""What an operator's command cannot do."""


class RefusedError(Exception):
    """The command cannot do what was asked; the message says why, and what to do about it."""
