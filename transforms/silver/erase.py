"""Erases users from the lake: bronze's objects and their old versions, silver's rows, snapshots and files.

A user is erased once everything that is to arrive of them has arrived: each item that bronze knows is known to be gone.
Until then nothing is touched, for an event that comes after the others are erased would bring data of the user back.
"""

import contextlib
import dataclasses
import gzip
import hashlib
import urllib.parse
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from ingestion.contract import DISCARDED
from ingestion.discarded import DiscardedBatch
from transforms.silver import discarded, storage
from transforms.silver.contract import API_REQUESTS, REJECTS, TABLES, TASK_EVENTS, TASKS, USERS, Table
from transforms.silver.progress import timed_step
from transforms.silver.tables import Tables
from transforms.silver.traces import Item, Trace, find_return, find_trace, hash_of
from transforms.silver.unreadable import readable_part

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LiveItems = Mapping[str, Collection[Item]]


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of bronze about a user who is to be erased."""

    key: str
    digest: str
    trace: Trace


@dataclasses.dataclass(frozen=True)
class Lake:
    """Where users leave traces.

    Args:
        s3: the client.
        tables: silver's.
        bronze: the bucket.
        silver: the bucket of the tables.
    """

    s3: "S3Client"
    tables: Tables
    bronze: str
    silver: str

    @property
    def spark(self) -> SparkSession:
        """The session."""
        return self.tables.spark

    def find_traces(self, live_items: LiveItems) -> list[Line]:
        """The lines of bronze about users, but for those of the time since they came back.

        Args:
            live_items: for each user, the items that are to stay.
        """
        users = list(live_items)
        # of an object that cannot be read to its end, what can be read
        reader = self.spark.read.option("recursiveFileLookup", "true").option("ignoreCorruptFiles", "true")
        found = reader.text(f"s3://{self.bronze}/", lineSep="\n")
        undelivered = sf.unbase64(sf.get_json_object("value", "$.rawData")).cast("string")
        text = sf.concat_ws(" ", "value", sf.when(sf.col("value").contains('"rawData"'), undelivered))
        named = sf.lit(False)
        for word in (*users, *map(hash_of, users)):
            named = named | text.contains(word)
        lines = found.where(named).select("value", "_metadata.file_path").collect()
        return [
            Line(_key(row.file_path, self.bronze), digest, trace)
            for row in lines
            for digest, trace in _find(row.value, users)
            if not trace.is_kept(live_items[trace.user_id])
        ]

    def erase(self, live_items: LiveItems, lines: Sequence[Line], before: datetime) -> dict[str, int]:
        """Erase users everywhere; how many objects, versions, lines and rows went.

        Args:
            live_items: as `traces` got it.
            lines: as `traces` found them.
            before: a time since when nobody has written to silver.
        """
        counts = {"bronze_lines": len(lines)}
        with timed_step("rewrite bronze") as notes:
            counts["bronze_objects"] = self._rewrite(lines)
            counts["bronze_versions"] = self._delete_versions(list(live_items))
            notes.append("{bronze_lines} lines of {bronze_objects} objects".format(**counts))
        for table, rows in self._rows_to_delete(live_items, lines):
            with timed_step(f"erase in {table.name}") as notes:
                counts[table.name] = self._delete(table, rows)
                notes.append(f"{counts[table.name]} rows")
        with timed_step("expire snapshots"):
            for table in TABLES:
                # also what a run has deleted that died before it came here
                if counts[table.name] or self.tables.needs_rewrite(table):
                    self.tables.rewrite_files(table)
            for table in TABLES:
                self.tables.expire_snapshots(table, datetime.now(before.tzinfo), 1)
        with timed_step("delete files") as notes:
            counts["silver_files"] = self._delete_files(before)
            notes.append(f"{counts['silver_files']} files and old versions")
        return counts

    def _rewrite(self, lines: Sequence[Line]) -> int:
        digests_by_key: dict[str, set[str]] = {}
        for line in lines:
            digests_by_key.setdefault(line.key, set()).add(line.digest)
        for key, digests in digests_by_key.items():
            body = self._without(key, digests)
            if body:
                self.s3.put_object(Bucket=self.bronze, Key=key, Body=body)
            else:
                self.s3.delete_object(Bucket=self.bronze, Key=key)
            old = [
                (name, version)
                for name, version, _ in storage.list_noncurrent_versions(self.s3, self.bronze, key)
                if name == key
            ]
            storage.delete_objects(self.s3, self.bronze, old)
        return len(digests_by_key)

    def _without(self, key: str, digests: Collection[str]) -> bytes | None:
        """An object without some of its lines, or its records; None when nothing is left."""
        lines = [line for line in self._lines(key) if line.strip() and _digest(line) not in digests]
        if key.startswith(DISCARDED):
            with contextlib.suppress(ValueError):
                return DiscardedBatch.parse(b"\n".join(lines)).drop_records(digests)
        body = b"\n".join(lines) + b"\n" if lines else b""
        return (gzip.compress(body) if key.endswith(".gz") else body) if body else None

    def _delete_versions(self, users: Sequence[str]) -> int:
        """Delete earlier versions of bronze's objects that hold anything about users, the whole version each."""
        found = [
            (key, version)
            for key, version, has_content in storage.list_noncurrent_versions(self.s3, self.bronze, "")
            if has_content
            and any(find_trace(line.decode(errors="replace"), users) for line in self._lines(key, VersionId=version))
        ]
        return storage.delete_objects(self.s3, self.bronze, found)

    def _lines(self, key: str, **version: str) -> list[bytes]:
        body = self.s3.get_object(Bucket=self.bronze, Key=key, **version)["Body"].read()  # type: ignore[arg-type]
        return readable_part(body).split(b"\n")

    def _rows_to_delete(self, live_items: LiveItems, lines: Sequence[Line]) -> Iterable[tuple[Table, DataFrame]]:
        """For each table, the keys of the rows that are to go."""
        known = [(user_id, hash_of(user_id), find_return(items)) for user_id, items in live_items.items()]
        users = self._frame(known, "user_id string, user_hash string, returned_at timestamp")
        staying = [(item, created_at) for items in live_items.values() for item, created_at in items]
        kept = self._frame(staying, "item string, created_at string")
        kept = kept.select("item", sf.col("created_at").cast("timestamp").alias("created_at"))
        digests = self._frame([(line.digest,) for line in lines], "digest string").distinct()

        def rows(table: Table) -> DataFrame:
            return self.spark.table(self.tables.name(table))

        tasks = kept.select(sf.col("item").alias("task_id"))
        profiles = kept.withColumnRenamed("item", "user_id")
        yield TASK_EVENTS, rows(TASK_EVENTS).join(users, "user_id", "left_semi").join(tasks, "task_id", "left_anti")
        yield TASKS, rows(TASKS).join(users, "user_id", "left_semi").join(tasks, "task_id", "left_anti")
        yield (
            USERS,
            rows(USERS).join(users, "user_id", "left_semi").join(profiles, ["user_id", "created_at"], "left_anti"),
        )
        earlier = sf.coalesce(sf.col("occurred_at") < sf.col("returned_at"), sf.lit(True))
        yield API_REQUESTS, rows(API_REQUESTS).join(users, "user_hash").where(earlier)
        yield REJECTS, rows(REJECTS).join(digests, "digest", "left_semi")

    def _delete(self, table: Table, rows: DataFrame) -> int:
        keys = rows.select(*table.key).distinct().persist()
        count = keys.count()
        if count:
            view = f"to_delete_{table.name}"
            keys.createOrReplaceTempView(view)
            self.tables.request_rewrite(table)
            same = " and ".join(f"s.{key} = t.{key}" for key in table.key)
            self.spark.sql(f"merge into {self.tables.name(table)} t using {view} s on {same} when matched then delete")
        keys.unpersist()
        return count

    def _delete_files(self, before: datetime) -> int:
        """Delete every file and version in silver's bucket that no table leads to any more."""
        folder = f"{self.tables.database}.db/"
        kept = self.tables.find_reachable_files()
        gone = storage.delete_orphan_files(self.s3, self.silver, folder, kept, before)
        old = [(key, version) for key, version, _ in storage.list_noncurrent_versions(self.s3, self.silver, folder)]
        return gone + storage.delete_objects(self.s3, self.silver, old)

    def _frame(self, rows: Sequence[tuple[Any, ...]], schema: str) -> DataFrame:
        return self.spark.createDataFrame(list(rows), schema)


def _find(line: str, users: Sequence[str]) -> Iterable[tuple[str, Trace]]:
    """What of a line is about users: the line, or records of the batch that it is; by what tells it from others."""
    batch = discarded.read(line)
    if batch:
        yield from discarded.find_traces(batch, users)
    elif trace := find_trace(line, users):
        yield _digest(line.encode()), trace


def _key(path: str, bucket: str) -> str:
    return urllib.parse.unquote(path.split(f"://{bucket}/", 1)[1])


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
