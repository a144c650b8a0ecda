"""The log lines of a job run, build, crawl or function call, in order, while it writes them."""

import dataclasses
import datetime as dt
from collections.abc import Hashable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from orchestration.executions.service_runs import Stream

# how long before and after a state its function may have written: clocks differ
SLACK = dt.timedelta(seconds=2)
LATE_MILLISECONDS = 10_000  # a stream's lines may arrive that much later than those of another


@dataclasses.dataclass(frozen=True)
class Line:
    """One log event."""

    when: dt.datetime
    text: str


class LogReader:
    """Reads what is new in some streams, with one client.

    Args:
        streams: of one job run, build, crawl or function.
        start: no line is older.
        end: no line is newer; None while it runs.
    """

    def __init__(self, streams: list[Stream], start: dt.datetime, end: dt.datetime | None = None) -> None:
        self._client = boto3.client("logs")
        self._streams = streams
        self._since = {stream: _milliseconds(start - SLACK) for stream in streams}
        self._end = end and _milliseconds(end + SLACK)
        self._seen: set[Hashable] = set()

    def read(self) -> list[Line]:
        """The lines that have come since the last call, oldest first."""
        found = [line for stream in self._streams for line in self._new(stream)]
        return sorted(found, key=lambda line: line.when)

    def _new(self, stream: Stream) -> Iterator[Line]:
        which: dict[str, Any] = {"logStreamNames": [stream.stream]} if stream.stream else {}
        until: dict[str, Any] = {"endTime": self._end} if self._end and not stream.stream else {}
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=stream.group, startTime=self._since[stream], **which, **until
        )
        try:
            for page in pages:
                for event in page["events"]:
                    # the identifier is optional in the API's model, and the local account has none
                    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilteredLogEvent.html
                    identity = event.get("eventId") or (
                        stream, event.get("logStreamName"), event["timestamp"], event["message"]
                    )  # fmt: skip
                    if identity in self._seen:
                        continue
                    self._seen.add(identity)
                    self._since[stream] = max(self._since[stream], event["timestamp"] - LATE_MILLISECONDS)
                    when = dt.datetime.fromtimestamp(event["timestamp"] / 1000, dt.UTC)
                    yield Line(when, event["message"].rstrip("\n"))
        except ClientError as error:
            # a group or stream appears with its first line
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise


def _milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)
