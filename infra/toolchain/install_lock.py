"""One process at a time installs a tool: a second one waits, then finds it installed."""

import contextlib
import fcntl
import pathlib
from collections.abc import Iterator


@contextlib.contextmanager
def install_lock(folder: pathlib.Path) -> Iterator[None]:
    """Hold the lock of a folder that tools are installed into.

    Args:
        folder: created when missing; gets the lock file `.install.lock`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
