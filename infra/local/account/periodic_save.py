"""Saves the account's state while it runs, so that a kill costs seconds and not the day.

Every few seconds in which something was written, the process forks between two requests. The child sees the memory of
that instant, all services alike, and writes it while the account goes on, at a lower priority. A save is whole
or the one before stays, see `persistence`. Objects in buckets are on the disk at once.
"""

import asyncio
import contextlib
import copy
import logging
import os
import pathlib
import resource
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from infra.local.account import hooks, persistence

# what a request may cause later (a stream's delivery, a buffer's flush, an execution's next state) is saved as well
AFTER_A_WRITE_SECONDS = 30.0
LONGEST_SAVE_SECONDS = 60.0
POLL_SECONDS = 0.2
READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Receive", "Filter", "Lookup", "Search")
log = logging.getLogger(__name__)

Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class PeriodicSave:
    """Saves at an interval, while there is something new.

    Args:
        app: the module `ministack.app`.
        folder: of the state.
        seconds: between the beginnings of two saves.
    """

    def __init__(self, app: Any, folder: pathlib.Path, seconds: float) -> None:
        self._app, self._folder, self._seconds = app, folder, seconds
        self._written_at = time.monotonic()
        self._child: int | None = None

    def watch(self, serve: Application) -> Application:
        """`serve`, which handles a request, with a look at whether the request may change something."""

        async def handle(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and is_write(scope):
                self._written_at = time.monotonic()
            await serve(scope, receive, send)

        return handle

    async def run(self) -> None:
        """Save until the account stops; a save that fails is logged, and the next one tries again."""
        while True:
            await asyncio.sleep(self._seconds)
            if time.monotonic() - self._written_at < AFTER_A_WRITE_SECONDS:
                try:
                    await self._save()
                except OSError:
                    log.exception("the account's state could not be saved; the next save tries again")

    async def _save(self) -> None:
        parent, instant = os.getpid(), time.time()
        self._child = os.fork()
        if self._child == 0:
            _save_and_exit(self._app, self._folder, parent, instant)
        end = time.monotonic() + LONGEST_SAVE_SECONDS
        while self._child and os.waitpid(self._child, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                # a lock that another thread held when the process forked
                log.error("a save took more than %s s; the next one tries again", LONGEST_SAVE_SECONDS)
                self.give_up()
                return
            await asyncio.sleep(POLL_SECONDS)
        self._child = None

    def give_up(self) -> None:
        """End a save that is under way; what was saved before stays."""
        if self._child:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
            self._child = None


def is_write(scope: Any) -> bool:
    """Whether an HTTP request, in ASGI's terms, may change something."""
    headers = dict(scope["headers"])
    operation = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
    if operation:
        return not operation.startswith(READS)
    return scope["method"] not in ("GET", "HEAD", "OPTIONS")


def _save_and_exit(app: Any, folder: pathlib.Path, parent: int, instant: float) -> None:
    """In the child: save what the memory holds, and end without anything that belongs to the parent."""
    status = 1
    try:
        os.nice(5)
        # a connection that the parent closes would stay open while this process has it
        os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        # the memory is this process's own, so nothing has to be copied before it is written
        copy.deepcopy = lambda value, *_: value
        saved = persistence.save(folder, app._build_persistence_save_dict(), instant=instant, while_alive=parent)
        status = 0 if saved else 1
    finally:
        os._exit(status)


def apply(app: Any, folder: pathlib.Path, seconds: float) -> None:
    """Put the completion in place, unless `seconds` is 0.

    Args:
        app: the module `ministack.app`, which has the state of all services.
        folder: of the state.
        seconds: between the beginnings of two saves.

    Raises:
        HookChangedError: the emulator starts or saves otherwise.
    """
    if not seconds:
        return
    periodic = PeriodicSave(app, folder, seconds)
    hooks.hook(app, "_build_persistence_save_dict", "")
    hooks.replace(app, "app", "scope receive send", periodic.watch(app.app))
    ready = hooks.hook(app, "_run_ready_scripts", "")
    save_all = hooks.hook(app, "save_all", "services")
    tasks = []

    async def start() -> None:
        tasks.append(asyncio.create_task(periodic.run()))
        await ready()

    def stop(services: persistence.Services) -> None:
        periodic.give_up()
        save_all(services)

    hooks.replace(app, "_run_ready_scripts", "", start)
    hooks.replace(app, "save_all", "services", stop)
