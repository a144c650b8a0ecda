"""One run: lines of bronze, read, checked and merged into the tables."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from ingestion.bronze_objects import Manifest
from ingestion.contract import CHANGES, REQUESTS
from transforms.silver import backfill, events, latest, lines, privacy, rejects, requests
from transforms.silver.contract import API_REQUESTS, REJECTS, TASK_EVENTS, TASKS, USERS, Table
from transforms.silver.envelope import ENVELOPE
from transforms.silver.merge import merge
from transforms.silver.progress import timed_step
from transforms.silver.tables import Tables


@dataclasses.dataclass
class Report:
    """What a run did.

    Args:
        start: of the window, RFC 3339; None: no bound.
        end: likewise.
        envelopes: lines of change events that were read.
        requests: lines of request logs that were read.
        rejects: lines of both that broke their contract.
        rows: inserted or replaced, by table.
        seconds: that the run took.
    """

    start: str | None
    end: str | None
    envelopes: int = 0
    requests: int = 0
    rejects: int = 0
    rows: dict[str, int] = dataclasses.field(
        default_factory=lambda: dict.fromkeys((t.name for t in (TASK_EVENTS, TASKS, USERS, API_REQUESTS)), 0)
    )
    seconds: float = 0.0

    def exceeds(self, share: float) -> bool:
        """Whether more than a share of the lines was rejected."""
        return self.rejects > share * (self.envelopes + self.requests)

    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        counts = dataclasses.asdict(self)
        return {"window": {"from": counts.pop("start"), "to": counts.pop("end")}, **counts}


@dataclasses.dataclass(frozen=True)
class Build:
    """Merges objects of bronze into tables.

    Args:
        tables: to merge into.
        key: fetches the key of the users' e-mail hash; called only if there are users.
        merged_at: the run's instant, which every row that it writes carries.
    """

    tables: Tables
    key: Callable[[], bytes]
    merged_at: datetime

    def run(self, manifest: Manifest) -> Report:
        """Merge the objects that a manifest names."""
        report = Report(manifest.start, manifest.end)
        if manifest.paths[REQUESTS]:
            self._requests(manifest.paths[REQUESTS], report)
        if manifest.paths[CHANGES]:
            self._changes(manifest.paths[CHANGES], report)
        return report

    def _changes(self, paths: Sequence[str], report: Report) -> None:
        changes, counts = self._read(paths, report)
        if counts["tasks"] or counts["backfills"]:
            self._merge(TASKS, latest.tasks(changes), report)
        if counts["users"]:
            self._merge(USERS, privacy.protect(self.tables.spark, latest.users(changes), self.key()), report)
        if counts["rejects"]:
            self._merge(REJECTS, rejects.rejects(CHANGES, changes), report)
        if counts["tasks"] or counts["backfills"]:
            self._events(changes, counts, report)
        changes.unpersist()

    def _read(self, paths: Sequence[str], report: Report) -> tuple[DataFrame, dict[str, Any]]:
        with timed_step("read change events") as notes:
            changes = events.changes(lines.read(self.tables.spark, paths, ENVELOPE)).persist()
            counts = _count(changes)
            report.envelopes = counts["lines"]
            report.rejects += counts["rejects"]
            notes.append(
                "{tasks} changes of tasks, {users} of users, {backfills} tasks from backfills, "
                "{rejects} broken lines rejected".format(**counts)
            )
        return changes, counts

    def _requests(self, paths: Sequence[str], report: Report) -> None:
        with timed_step("read request logs") as notes:
            checked = requests.checked(lines.read(self.tables.spark, paths, requests.REQUEST)).persist()
            occurred_at = sf.when(sf.col("reason").isNull(), lines.instant(sf.col("occurred_at")))
            read = checked.agg(sf.count("*").alias("lines"), sf.count("reason").alias("rejects"), *_span(occurred_at))
            counts = read.collect()[0].asDict()
            report.requests = counts["lines"]
            report.rejects += counts["rejects"]
            notes.append("{lines} requests, {rejects} broken lines rejected".format(**counts))
        if counts["lines"] > counts["rejects"]:
            self._merge(API_REQUESTS, requests.api_requests(checked), report, _period(counts))
        if counts["rejects"]:
            self._merge(REJECTS, rejects.rejects(REQUESTS, checked), report)
        checked.unpersist()

    def _events(self, changes: DataFrame, counts: dict[str, Any], report: Report) -> None:
        backfilled = backfill.backfilled_events(changes) if counts["backfills"] else None
        name = self.tables.name(TASK_EVENTS)
        rows = backfill.reconcile(self.tables.spark, name, events.task_events(changes), backfilled)
        self._merge(TASK_EVENTS, rows, report, _period(counts))

    def _merge(self, table: Table, rows: DataFrame, report: Report, where: str | None = None) -> None:
        with timed_step(f"merge {table.name}") as notes:
            merged = merge(self.tables.spark, self.tables.name(table), table, rows, self.merged_at, where)
            if table.name in report.rows:
                report.rows[table.name] = merged
            notes.append(f"{merged} rows")


def _count(changes: DataFrame) -> dict[str, Any]:
    """What there is, in one pass: lines, and among them changes of tasks and of users, tasks from backfills, and
    rejects; and the first and last time of a task's event, in microseconds since 1970."""
    valid = sf.col("reason").isNull()
    tasks, users = (valid & (sf.col("entity_type") == name) for name in ("TASK", "USER"))
    made = tasks & sf.col("is_backfill")
    occurred_at = sf.when(made, sf.col("created_at")).when(tasks, sf.col("occurred_at"))
    counted = changes.agg(
        sf.count("*").alias("lines"),
        sf.count_if(tasks & ~made).alias("tasks"),
        sf.count_if(users).alias("users"),
        sf.count_if(made).alias("backfills"),
        sf.count("reason").alias("rejects"),
        *_span(occurred_at),
    )
    return counted.collect()[0].asDict()


def _span(time: Column) -> list[Column]:
    return [sf.unix_micros(sf.min(time)).alias("first"), sf.unix_micros(sf.max(time)).alias("last")]


def _period(counts: dict[str, Any]) -> str:
    return "t.occurred_at between timestamp_micros({first}) and timestamp_micros({last})".format(**counts)
