"""One run: lines of bronze, read, checked and merged into the tables."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from ingestion.bronze_objects import Manifest
from ingestion.contract import CHANGES, REQUESTS
from transforms.silver import backfill, events, latest, lines, privacy, rejects, requests, unreadable
from transforms.silver.contract import API_REQUESTS, REJECTS, TASK_EVENTS, TASKS, USERS, Table
from transforms.silver.envelope import ENVELOPE
from transforms.silver.merge import merge
from transforms.silver.progress import timed_step
from transforms.silver.tables import Tables

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# fewer broken lines than this say nothing about the producer, whatever their share
TOLERATED_REJECTS = 20


@dataclasses.dataclass
class Report:
    """What a run did.

    Args:
        start: of the window, RFC 3339; None: no bound.
        end: likewise.
        envelopes: lines of change events that were read.
        requests: lines of request logs that were read.
        rejects: lines of both that broke their contract, but for those that an earlier run has counted.
        unreadable: URI of each object that could not be read -> why.
        rows: inserted or replaced, by table.
        seconds: that the run took.
    """

    start: str | None
    end: str | None
    envelopes: int = 0
    requests: int = 0
    rejects: int = 0
    unreadable: dict[str, str] = dataclasses.field(default_factory=dict)
    rows: dict[str, int] = dataclasses.field(
        default_factory=lambda: dict.fromkeys((t.name for t in (TASK_EVENTS, TASKS, USERS, API_REQUESTS)), 0)
    )
    seconds: float = 0.0

    def exceeds(self, share: float) -> bool:
        """Whether more than a share of the lines was rejected, and more than a handful."""
        return self.rejects > max(TOLERATED_REJECTS, share * (self.envelopes + self.requests))

    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        counts = dataclasses.asdict(self)
        return {"window": {"from": counts.pop("start"), "to": counts.pop("end")}, **counts}


@dataclasses.dataclass(frozen=True)
class Build:
    """Merges objects of bronze into tables.

    Args:
        tables: to merge into; if some of them are rebuilt, into those only.
        s3: moves objects that cannot be read.
        key: fetches the key of the users' e-mail hash; called only if there are users.
        merged_at: the run's instant, which every row that it writes carries.
        new_rejects: the keys of rejected lines that no earlier run has counted.
    """

    tables: Tables
    s3: "S3Client"
    key: Callable[[], bytes]
    merged_at: datetime
    new_rejects: list[DataFrame] = dataclasses.field(default_factory=list)

    def run(self, manifest: Manifest) -> Report:
        """Merge the objects that a manifest names; one that cannot be read is moved away, and the rest is merged."""
        report = Report(manifest.start, manifest.end)
        for folder, merge_all in ((REQUESTS, self._requests), (CHANGES, self._changes)):
            paths = manifest.paths[folder]
            try:
                merge_all(paths, report)
            except Exception:
                # Spark names neither every object nor always the right one
                found = unreadable.find_unreadable(self.s3, paths)
                if not found:
                    raise
                for uri, reason in found.items():
                    print(f"left out: {uri}: {reason}", flush=True)
                    unreadable.quarantine(self.s3, uri, reason)
                report.unreadable |= found
                merge_all([path for path in paths if path not in found], report)
        return report

    def count_rejects(self) -> None:
        """Let no later run count the rejected lines that this one has read."""
        spark, name = self.tables.spark, self.tables.name(REJECTS)
        moment = f"timestamp '{self.merged_at:%Y-%m-%d %H:%M:%S.%f}'"
        if REJECTS.name in self.tables.rebuilt:
            spark.sql(f"update {name} set counted_at = {moment}")  # noqa: S608 - fixed names
            return
        same = " and ".join(f"s.{key} = t.{key}" for key in REJECTS.key)
        for keys in self.new_rejects:
            keys.createOrReplaceTempView("counted")
            spark.sql(
                f"merge into {name} t using counted s on {same} when matched then update set counted_at = {moment}"
            )

    def _changes(self, paths: Sequence[str], report: Report) -> None:
        if not paths:
            return
        changes, counts = self._read(paths, report)
        if counts["tasks"] or counts["backfills"]:
            self._merge(TASKS, latest.tasks(changes), report)
        if counts["users"] and self._is_filled(USERS):
            self._merge(USERS, privacy.protect(self.tables.spark, latest.users(changes), self.key()), report)
        if counts["rejects"]:
            self._reject(CHANGES, changes, report)
        if (counts["tasks"] or counts["backfills"]) and self._is_filled(TASK_EVENTS):
            self._events(changes, counts, report)

    def _read(self, paths: Sequence[str], report: Report) -> tuple[DataFrame, dict[str, Any]]:
        with timed_step("read change events") as notes:
            # kept to the end of the job: to drop it, Spark would plan what is made of it anew, from the lines on
            changes = events.changes(lines.read(self.tables.spark, paths, ENVELOPE)).persist()
            counts = _count(changes)
            report.envelopes = counts["lines"]
            notes.append(
                "{tasks} changes of tasks, {users} of users, {backfills} tasks from backfills, "
                "{rejects} broken lines rejected".format(**counts)
            )
        return changes, counts

    def _requests(self, paths: Sequence[str], report: Report) -> None:
        if not paths:
            return
        with timed_step("read request logs") as notes:
            checked = requests.checked(lines.read(self.tables.spark, paths, requests.REQUEST)).persist()
            occurred_at = sf.when(sf.col("reason").isNull(), lines.instant(sf.col("occurred_at")))
            read = checked.agg(sf.count("*").alias("lines"), sf.count("reason").alias("rejects"), *_span(occurred_at))
            counts = read.collect()[0].asDict()
            report.requests = counts["lines"]
            notes.append("{lines} requests, {rejects} broken lines rejected".format(**counts))
        if counts["lines"] > counts["rejects"]:
            self._merge(API_REQUESTS, requests.api_requests(checked), report, _period(counts))
        if counts["rejects"]:
            self._reject(REQUESTS, checked, report)

    def _reject(self, source: str, checked: DataFrame, report: Report) -> None:
        """Merge the broken lines, and count those that no run has counted."""
        spark = self.tables.spark
        rows = rejects.rejects(source, checked).persist()
        new = rows.select(*REJECTS.key)
        name = dataclasses.replace(self.tables, rebuilt=frozenset()).name(REJECTS)
        # a full refresh meets all that were ever counted; the table may lack the column then, or be lost
        if spark.catalog.tableExists(name) and "counted_at" in spark.table(name).columns:
            counted = spark.table(name).where("counted_at is not null").select(*REJECTS.key)
            new = new.join(counted, [*REJECTS.key], "left_anti").persist()
        report.rejects += new.count()
        self.new_rejects.append(new)
        self._merge(REJECTS, rows, report)

    def _events(self, changes: DataFrame, counts: dict[str, Any], report: Report) -> None:
        captured = events.task_events(changes)
        rows = backfill.reconcile(self.tables, captured, changes, has_snapshots=counts["backfills"] > 0)
        if rows is not captured:
            # a synthetic event may be of any time
            rows = rows.persist()
            counts = rows.agg(*_span(sf.col("occurred_at"))).collect()[0].asDict()
        if counts["first"] is not None:
            self._merge(TASK_EVENTS, rows, report, _period(counts))

    def _is_filled(self, table: Table) -> bool:
        return not self.tables.rebuilt or table.name in self.tables.rebuilt

    def _merge(self, table: Table, rows: DataFrame, report: Report, where: str | None = None) -> None:
        if not self._is_filled(table):
            return
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
