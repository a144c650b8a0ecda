"""A CloudWatch Logs stream that a job or a build writes to while it runs."""

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Self

import boto3
import botocore.exceptions

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

FLUSH_SECONDS = 0.5
EVENTS_PER_CALL = 1000
CHARACTERS_PER_EVENT = 60_000  # an event may hold 256 KB of UTF-8


class LogStream:
    """Collects lines from any thread; `flush` sends them.

    Args:
        session: whose credentials write; the service's role needs logs:CreateLogStream and logs:PutLogEvents, and
            logs:CreateLogGroup for a group that does not exist yet.
        group: log group name.
        stream: log stream name.

    Raises:
        botocore.exceptions.ClientError: the stream could not be made.
    """

    def __init__(self, session: boto3.Session, group: str, stream: str) -> None:
        self._logs = session.client("logs")
        self._group, self._stream = group, stream
        self._events: list[InputLogEventTypeDef] = []
        self._lock = threading.Lock()
        self._sent = time.monotonic()
        self._create()

    @classmethod
    def where_allowed(cls, session: boto3.Session, group: str, stream: str) -> Self | None:
        """The stream; None when the role may not write it, as crawlers and jobs go on without their logs then."""
        with contextlib.suppress(botocore.exceptions.ClientError):
            return cls(session, group, stream)
        return None

    def _create(self) -> None:
        try:
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            return
        except self._logs.exceptions.ResourceNotFoundException:
            self._logs.create_log_group(logGroupName=self._group)
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)

    def write(self, line: str) -> None:
        """Add a line; CloudWatch Logs has no empty events, so an empty line is left out."""
        if line.strip():
            event: InputLogEventTypeDef = {"timestamp": int(time.time() * 1000), "message": line[:CHARACTERS_PER_EVENT]}
            with self._lock:
                self._events.append(event)

    def flush_now_and_then(self) -> None:
        """`flush`, unless that was done less than half a second ago."""
        if time.monotonic() - self._sent >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send what has been written since the last time."""
        with self._lock:
            events, self._events = self._events, []
        self._sent = time.monotonic()
        for start in range(0, len(events), EVENTS_PER_CALL):
            batch = events[start : start + EVENTS_PER_CALL]
            self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)
