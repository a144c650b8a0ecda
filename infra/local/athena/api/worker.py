"""A query engine's process: takes one statement after another from the account, runs it, and answers with its outcome.

A statement that makes DuckDB or Arrow abort ends this process and fails one query; the account starts another one.
Everything that a statement touches (the catalog, S3) is reached over HTTP, with the caller's keys.
"""

import contextlib
import gc
import logging
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from infra.local.athena import caller, session
from infra.local.athena.api import result_objects
from infra.local.athena.api.jobs import Job, Outcome
from infra.local.athena.errors import OTHER, OUT_OF_MEMORY, SYSTEM, AthenaError, QueryCancelledError
from infra.local.athena.session import Session
from infra.local.athena.statements import ddl, dispatch

DATA_BYTES = 8 << 30
"""What one engine may allocate on Linux; DuckDB keeps its own part below `session.MEMORY_LIMIT`."""

RECURSION_LIMIT = 20_000

log = logging.getLogger("infra.local.athena")


def serve(connection: Connection) -> None:
    """Run the jobs that come over the connection until it is closed, which the end of the account does too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit_memory()
    # a UNION of hundreds of queries is a tree as deep
    sys.setrecursionlimit(RECURSION_LIMIT)
    with session.connection():
        pass  # the first one starts DuckDB
    # what is imported stays, so that nobody looks for garbage in it again and again
    gc.freeze()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            connection.send(run(connection.recv()))


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))


def run(job: Job) -> Outcome:
    """Run one statement and write its result objects; every failure is in the outcome."""
    with session.connection() as opened:
        running = Session(
            caller=caller.of(job.keys),
            database=job.database,
            connection=opened,
            scratch=f"{job.output.rpartition('/')[0]}/tables/",
            enforced=job.enforced,
            scan_limit=job.scan_limit,
        )
        ending: dict[str, Any]
        try:
            if job.external_table:
                result = ddl.create_external(running.caller.catalog, job.external_table)
            else:
                result = dispatch.run(running, job.sql, job.parameters, job.checked)
            output, manifest = result_objects.save(running.caller.objects, job.output, result, running.written)
            ending = {"result": result, "output": output, "manifest": manifest}
        except Exception as error:
            ending = _failure(error, job.sql)
    return Outcome(**ending, scanned=running.scanned)


def _failure(error: Exception, sql: str) -> dict[str, Any]:
    reason = str(error)[:1500] or type(error).__name__
    if isinstance(error, AthenaError):
        return {"failure": reason, "category": error.category, "cancelled": isinstance(error, QueryCancelledError)}
    if isinstance(error, MemoryError):
        return {"failure": OUT_OF_MEMORY, "category": SYSTEM}
    log.exception("the engine failed on: %s", sql[:2000])
    return {
        "failure": f"GENERIC_INTERNAL_ERROR: {reason}",
        "category": OTHER if isinstance(error, PermissionError) else SYSTEM,
    }
