"""Whether the account answers, for work that must distinguish its own failures from those of a start or a stop."""

import contextlib
import socket

from infra.local.account.credentials import settings


def is_serving() -> bool:
    """False before the account has started and as soon as it has been asked to stop."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", settings().port), timeout=1):
        return True
    return False
