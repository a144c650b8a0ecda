"""A job that dies before or after one of its writes.

A write is a statement that changes tables, or a call of AWS that changes something. From the write on at which the job
dies, no other one comes through, as when its machine is gone.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import boto3
import pytest
from pyspark.sql import DataFrameWriterV2, SparkSession

from orchestration import run_lock

CALLS = (
    *("DeleteItem", "DeleteMessage", "DeleteMessageBatch", "DeleteObject", "DeleteObjects", "PutItem", "PutObject"),
    "StartExecution",
)
STATEMENTS = ("alter", "call", "create", "delete", "drop", "insert", "merge", "update")


class Death(BaseException):
    """The job is gone; nobody handles it."""


class Writes:
    """Notes writes, and lets the job die at one of them.

    Args:
        when: `before` or `after` the write takes effect.
        is_last: whether the job dies at the last one of these writes.
    """

    def __init__(self, when: str, is_last: Callable[[Sequence[str]], bool]) -> None:
        self.when, self.is_last = when, is_last
        self.made: list[str] = []
        self.is_dead = False

    def check(self, what: str, when: str) -> None:
        """A write is about to take effect, or has taken effect."""
        if threading.current_thread() is not threading.main_thread():  # renews the run lock now and then
            return
        if when == "before":
            if self.is_dead:
                raise Death
            self.made.append(what)
        if when == self.when and not self.is_dead and self.is_last(self.made):
            self.is_dead = True
            raise Death


@contextlib.contextmanager
def dying(writes: Writes) -> Iterator[None]:
    """The job dies at a write, if it makes it; the block ends there, without an error."""
    run, append = SparkSession.sql, DataFrameWriterV2.append

    def sql(session: SparkSession, text: str, *arguments: Any, **options: Any) -> Any:
        if not text.lstrip().lower().startswith(STATEMENTS):
            return run(session, text, *arguments, **options)
        writes.check(text, "before")
        done = run(session, text, *arguments, **options)
        writes.check(text, "after")
        return done

    def appending(writer: DataFrameWriterV2) -> None:
        writes.check("append", "before")
        append(writer)
        writes.check("append", "after")

    def before(model: Any, **_: Any) -> None:
        if model.name in CALLS:
            writes.check(model.name, "before")

    def after(model: Any, **_: Any) -> None:
        if model.name in CALLS:
            writes.check(model.name, "after")

    session = boto3._get_default_session()  # of which the job makes its clients
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SparkSession, "sql", sql)
        patch.setattr(DataFrameWriterV2, "append", appending)
        # a lease that nobody renews ends soon
        patch.setattr(run_lock, "LEASE", timedelta(seconds=4))
        patch.setattr(run_lock, "RENEW_SECONDS", 1.0)
        patch.setattr(run_lock, "POLL_SECONDS", 0.5)
        session.events.register("before-call", before)
        session.events.register("after-call", after)
        try:
            with contextlib.suppress(Death):
                yield
        finally:
            session.events.unregister("before-call", before)
            session.events.unregister("after-call", after)
