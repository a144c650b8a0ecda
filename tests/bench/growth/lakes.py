"""One lake of a given size, and what a run on it costs."""

import dataclasses
import datetime as dt
import pathlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3

from orchestration.publish import insights, query, table
from orchestration.publish_progress import read_progress
from orchestration.window.new_objects import list_recent
from orchestration.window.watermark import Watermark
from tests.bench.gold.athena import Statements
from tests.bench.gold.builds import Builds
from tests.bench.growth.increments import Increments
from tests.conftest import Account
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.silver_tables import SilverTables
from transforms.dbt.runner import TESTED

CHANGES_PER_TASK = 20
# so many are left of them when the days are over and purged tasks have no more
EVENTS_PER_TASK = 7.5
HISTORY_DAYS = 90
BRONZE = "bronze"
OBJECT_HOURS = 4
INCOMING = "incoming_"
# https://iceberg.apache.org/spec/#optional-snapshot-summary-fields
SUMMARY = ("added-records", "added-files-size", "deleted-data-files")
KEYS = {"task_events": "event_id", "tasks": "task_id", "users": "user_id"}


@dataclasses.dataclass
class Run:
    """What one run cost.

    Args:
        build_seconds: of dbt's build and tests, its own start included.
        build_bytes: that Athena says the statements of the build scanned.
        listed_objects: of bronze, that ResolveWindow lists.
        silver_rows: rows added to silver's tables.
        silver_bytes: of the files that merging wrote to silver.
        silver_files_rewritten: data files of silver that merging replaced.
        gold_rows: rows added to gold's Iceberg tables.
        gold_bytes: of the objects that the build wrote to gold.
        published_rows: rows of `user_insights` that publishing read.
        dynamodb_calls: that publishing made.
    """

    build_seconds: float
    build_bytes: int
    listed_objects: int
    silver_rows: int
    silver_bytes: int
    silver_files_rewritten: int
    gold_rows: int
    gold_bytes: int
    published_rows: int
    dynamodb_calls: int


class Lake:
    """Silver of a given size, written without Spark, and gold on it.

    Args:
        account: to make it in.
        events: about how many task events it begins with.
        bronze_days: for how many days bronze has had objects.
        folder: for a copy of the dbt project.

    Attributes:
        rows: of silver at the beginning, by table.
        scanned: bytes of the last run's build, by dbt node.
    """

    def __init__(self, account: Account, events: int, bronze_days: int, folder: pathlib.Path) -> None:
        self.account, self.events = account, events
        self._statements = Statements(account, f"growth-{events}")
        self._name = self._statements.name
        self._builds = Builds(account, self._name, folder)
        self._tables = SilverTables(account, f"{self._name}_silver", f"s3://{self._name}/silver")
        today = dt.datetime.now(dt.UTC).date()
        yesterday = today - dt.timedelta(days=1)
        tasks = round(events / EVENTS_PER_TASK)
        shape = Shape(events // 100, tasks, HISTORY_DAYS, skew=0.6, requests=events // 100, end=yesterday)
        silver = Population(shape, changes_per_task=CHANGES_PER_TASK).rows
        self._merged_at = dt.datetime.combine(today - dt.timedelta(days=3), dt.time(), dt.UTC)
        # the nightly erasure leaves nothing of who has left
        gone = {user["user_id"] for user in silver["users"] if user["is_deleted"]}
        merged = {
            name: [{**row, "merged_at": self._merged_at} for row in rows if row.get("user_id") not in gone]
            for name, rows in silver.items()
        }
        self._tables.create()
        self._tables.fill(merged)
        self._increments = Increments(merged, today)
        self._runs = 0
        self.rows = {name: len(rows) for name, rows in merged.items()}
        self.scanned: Counter[str] = Counter()
        self._items = self._make_items()
        self._fill_bronze(bronze_days)

    def build_first(self) -> None:
        """Build gold of everything, test every row, publish all users."""
        self._builds.pipeline()
        self._publish()
        assert self._s3.get_object(Bucket=self._name, Key=TESTED)["Body"].read()

    def run(self) -> Run:
        """Bring the next increment to silver and follow it through gold to the table."""
        self._runs += 1
        merged_at = self._merged_at + dt.timedelta(days=2, hours=self._runs)
        now = dt.datetime.now(dt.UTC)
        listed = list_recent(self._s3, f"s3://{self._name}/{BRONZE}/", Watermark(now, frozenset(), now, now, now))
        silver = self._added("silver")
        for name, incoming in self._increments.next_run(merged_at).items():
            self._merge(name, incoming)
        silver = self._added("silver") - silver
        self._statements.since_last()
        before, gold = self._objects(), self._added("gold")
        build = self._builds.pipeline()
        self.scanned = self._statements.since_last()
        for line in build.compared:
            print(f"  {line}")
        written = sum(size for key, size in self._objects().items() if key not in before)
        rows, calls = self._publish()
        return Run(
            build.seconds,
            self.scanned.total(),
            len(listed),
            silver["added-records"],
            silver["added-files-size"],
            silver["deleted-data-files"],
            (self._added("gold") - gold)["added-records"],
            written,
            rows,
            calls,
        )

    @property
    def _s3(self) -> Any:
        return self.account.session.client("s3")

    def _merge(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Merge rows by key, as silver's job does, in one commit that touches the files of the keys only."""
        incoming = f"{INCOMING}{name}_{self._runs}"
        self._tables.make_like(name, incoming, rows)
        columns = list(rows[0])
        updates = ", ".join(f"{column} = s.{column}" for column in columns)
        self._statements.scanned_by(
            f'merge into "{self._name}_silver".{name} t using "{self._name}_silver".{incoming} s'
            f" on t.{KEYS[name]} = s.{KEYS[name]} when matched then update set {updates}"
            f" when not matched then insert ({', '.join(columns)}) values ({', '.join(f's.{one}' for one in columns)})"
        )

    def _publish(self) -> tuple[int, int]:
        """Publish as the pipeline's function does; rows read and calls of DynamoDB."""
        since = read_progress(self._s3, self._name)
        columns = ", ".join(insights.COLUMNS)
        sql = f"select {columns} from user_insights where {since.condition()} order by as_of, user_id"
        athena = self._statements.athena
        read = list(query.rows(athena, self._s3, self._name, f"{self._name}_gold", sql))
        calls: list[str] = []
        events = self._items.meta.client.meta.events
        events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name), unique_id="count")
        table.publish(self._items, self._s3, self._name, read, since)
        events.unregister("before-call.dynamodb", unique_id="count")
        return len(read), len(calls)

    def _make_items(self) -> Any:
        resource = boto3.resource("dynamodb", endpoint_url=self.account.settings.endpoint)
        keys = [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}]
        types = [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")]
        return resource.create_table(
            TableName=self._name,
            KeySchema=keys,  # type: ignore[arg-type]
            AttributeDefinitions=types,  # type: ignore[arg-type]
            BillingMode="PAY_PER_REQUEST",
        )

    def _objects(self) -> dict[str, int]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix="tables/")
        return {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", [])}

    def _fill_bronze(self, days: int) -> None:
        """Objects of change capture, one for some hours each: a window is listed by their names alone."""
        today = dt.datetime.now(dt.UTC).replace(minute=0)
        for hours in range(0, days * 24, OBJECT_HOURS):
            at = today - dt.timedelta(hours=hours)
            self._s3.put_object(Bucket=self._name, Key=f"{BRONZE}/cdc/dt={at:%Y-%m-%d}/hour={at:%H}/one.gz", Body=b"")

    def _added(self, layer: str) -> Counter[str]:
        """What the snapshots of a layer's Iceberg tables added and replaced so far, without the bench's own tables."""
        added: Counter[str] = Counter()
        for opened in self._iceberg_tables(f"{self._name}_{layer}"):
            for snapshot in opened.snapshots():
                for name in SUMMARY if snapshot.summary else ():
                    added[name] += int(snapshot.summary.additional_properties.get(name, 0))
        return added

    def _iceberg_tables(self, database: str) -> Iterator[Any]:
        pages = self.account.session.client("glue").get_paginator("get_tables")
        for page in pages.paginate(DatabaseName=database):
            for found in page["TableList"]:
                is_iceberg = found.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG"
                if is_iceberg and not found["Name"].startswith(INCOMING):
                    yield self._tables.iceberg.load(database, found["Name"])
