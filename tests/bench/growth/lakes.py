"""One lake of a given size, and what a run on it costs."""

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Iterator
from typing import Any

import boto3

from orchestration.publish import insights, query, table
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
KEYS = {"task_events": "event_id", "tasks": "task_id", "users": "user_id"}


@dataclasses.dataclass
class Run:
    """What one run cost.

    Args:
        build_seconds: of dbt's build and tests, its own start included.
        build_bytes: that Athena says the statements of the build scanned.
        gold_rows: rows added to gold's Iceberg tables.
        gold_bytes: of the objects that the build wrote to gold.
        published_rows: rows of `user_insights` that publishing read.
        dynamodb_calls: that publishing made.
    """

    build_seconds: float
    build_bytes: int
    gold_rows: int
    gold_bytes: int
    published_rows: int
    dynamodb_calls: int


class Lake:
    """Silver of a given size, written without Spark, and gold on it.

    Args:
        account: to make it in.
        events: about how many task events it begins with.
        folder: for a copy of the dbt project.
    """

    def __init__(self, account: Account, events: int, folder: pathlib.Path) -> None:
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
        merged = {name: [{**row, "merged_at": self._merged_at} for row in rows] for name, rows in silver.items()}
        self._tables.create()
        self._tables.fill(merged)
        self._increments = Increments(merged, today)
        self._runs = 0
        self.rows = {name: len(rows) for name, rows in silver.items()}
        self._items = self._make_items()

    def build_first(self) -> None:
        """Build gold of everything, test every row, publish all users."""
        self._builds.pipeline()
        self._publish()
        assert self._s3.get_object(Bucket=self._name, Key=TESTED)["Body"].read()

    def run(self) -> Run:
        """Bring the next increment to silver and follow it through gold to the table."""
        self._runs += 1
        merged_at = self._merged_at + dt.timedelta(days=2, hours=self._runs)
        for name, incoming in self._increments.next_run(merged_at).items():
            self._merge(name, incoming)
        self._statements.since_last()
        before, rows_before = self._objects(), self._rows_added()
        build = self._builds.pipeline()
        scanned = self._statements.since_last().total()
        after = self._objects()
        written = sum(size for key, size in after.items() if key not in before)
        rows, calls = self._publish()
        return Run(build.seconds, scanned, self._rows_added() - rows_before, written, rows, calls)

    @property
    def _s3(self) -> Any:
        return self.account.session.client("s3")

    def _merge(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Merge rows by key, as silver's job does, in one commit that touches the files of the keys only."""
        incoming = f"incoming_{name}_{self._runs}"
        self._tables.make_like(name, incoming, rows)
        columns = list(rows[0])
        updates = ", ".join(f"{column} = s.{column}" for column in columns)
        self._statements.scanned_by(
            f"merge into {self._name}_silver.{name} t using {self._name}_silver.{incoming} s"
            f" on t.{KEYS[name]} = s.{KEYS[name]} when matched then update set {updates}"
            f" when not matched then insert ({', '.join(columns)}) values ({', '.join(f's.{one}' for one in columns)})"
        )

    def _publish(self) -> tuple[int, int]:
        """Publish as the pipeline's function does; rows read and calls of DynamoDB."""
        since = table.progress(self._s3, self._name)
        columns = ", ".join(insights.COLUMNS)
        sql = f"select {columns} from user_insights where {since.condition()} order by as_of, user_id"
        athena = self._statements.athena
        read = list(query.rows(athena, self._s3, self._name, f"{self._name}_gold", sql))
        calls: list[str] = []
        events = self._items.meta.client.meta.events
        events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name), unique_id="count")
        table.publish(self._items, self._s3, self._name, read)
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

    def _rows_added(self) -> int:
        """Rows that snapshots have added to gold's Iceberg tables so far."""
        return sum(
            int(snapshot.summary["added-records"] or 0)
            for opened in self._iceberg_tables()
            for snapshot in opened.snapshots()
            if snapshot.summary and "added-records" in snapshot.summary.additional_properties
        )

    def _iceberg_tables(self) -> Iterator[Any]:
        pages = self.account.session.client("glue").get_paginator("get_tables")
        for page in pages.paginate(DatabaseName=f"{self._name}_gold"):
            for found in page["TableList"]:
                if found.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG":
                    yield self._tables.iceberg.load(f"{self._name}_gold", found["Name"])
