"""The query engines of the account: a few processes, each running one statement at a time.

Athena runs every query on its own; one that crashes its engine fails alone. Here an engine that ends is replaced, and
its query is FAILED with the reason. Engines are forked from a server that has imported the engine once, so that a new
one costs milliseconds (https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods).
"""

import contextlib
import functools
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from infra.local.account import health
from infra.local.athena.api.jobs import Job, Outcome
from infra.local.athena.errors import SYSTEM, USER

MAX_ENGINES = 4
QUERY_SECONDS = 30 * 60.0
"""Athena's DML timeout: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"""

_POLL_SECONDS = 0.2
_WORKER = "infra.local.athena.api.worker"


def _serve(connection: Connection) -> None:
    # imported here, because the account's own process needs no DuckDB, no Arrow and no Iceberg
    from infra.local.athena.api import worker

    worker.serve(connection)


class Engine:
    """One process."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_WORKER])
        self._connection: Connection
        self._connection, other_end = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_serve, args=(other_end,), name="athena-engine", daemon=True
        )
        self._process.start()
        other_end.close()

    def is_alive(self) -> bool:
        """Whether it can take a job."""
        return self._process.is_alive()

    def run(self, job: Job, seconds: float) -> Outcome:
        """Run a statement to its end; the engine is dead afterwards when the statement crashed it or took too long."""
        try:
            self._connection.send(job)
            if self._connection.poll(seconds):
                outcome: Outcome = self._connection.recv()
                return outcome
        except (EOFError, OSError):
            return Outcome(failure=f"GENERIC_INTERNAL_ERROR: {self._describe_end()}", category=SYSTEM)
        self.kill()
        return Outcome(failure=f"Query timeout: it ran for longer than {seconds:.0f} seconds", category=USER)

    def kill(self) -> None:
        """End it at once, with the statement that it runs."""
        self._process.kill()

    def _describe_end(self) -> str:
        self._process.join(5)
        code = self._process.exitcode
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit status {code}"
        return (
            f"the query engine ended with {how} while it ran this statement. No other query was affected. "
            "Please report the statement as a bug of the local account"
        )


class EnginePool:
    """Up to MAX_ENGINES engines; a query waits for a free one."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(MAX_ENGINES)
        self._idle: list[Engine] = []
        self._running: dict[str, Engine] = {}
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def engine(self, query_id: str) -> Iterator[Engine]:
        """An engine for one query, which `cancel` reaches by the query's id."""
        with self._free:
            engine = self._acquire()
            with self._lock:
                self._running[query_id] = engine
                if self._closed:
                    engine.kill()
            try:
                yield engine
            finally:
                with self._lock:
                    self._running.pop(query_id, None)
                    if engine.is_alive():
                        self._idle.append(engine)

    def _acquire(self) -> Engine:
        with self._lock:
            while self._idle:
                engine = self._idle.pop()  # the one used last: its caches are the warmest
                if engine.is_alive():
                    return engine
        return Engine()

    def cancel(self, query_id: str) -> None:
        """End the engine that runs a query, if there is one."""
        with self._lock:
            engine = self._running.pop(query_id, None)
        if engine:
            engine.kill()

    def close(self) -> None:
        """End every engine with what it runs, also those that are started from now on: the account stops."""
        with self._lock:
            self._closed = True
            for engine in (*self._running.values(), *self._idle):
                engine.kill()

    def warm_up(self) -> None:
        """Start the first engine once the account serves, so that the first query does not wait for the imports."""
        while not health.is_serving():
            time.sleep(_POLL_SECONDS)
        with self._free:
            engine = self._acquire()
        with self._lock:
            self._idle.append(engine)


@functools.cache
def pool() -> EnginePool:
    """The account's engines."""
    return EnginePool()
