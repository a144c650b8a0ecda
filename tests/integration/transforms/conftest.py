"""One Spark for the whole session, on the account's S3 and Glue catalog, and a lake of its own for each test."""

import datetime as dt
import gzip
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import StructField, TimestampType

from infra.local.account.settings import REGION
from infra.toolchain import spark as toolchain
from ingestion.bronze_objects import Manifest
from tests.conftest import Account
from tests.integration.transforms import oracle
from transforms.silver import job
from transforms.silver.contract import TABLES

# as the Glue job's --conf has them
CATALOG_SETTINGS = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
}
# of a few dozen rows, planning stages anew, compiling code for each and describing every plan takes longer than running
# them; the deployed job does all of it, in tests/e2e
FEW_ROWS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.ui.explainMode": "simple",
}
BUCKET = "silver-job-tests"
SECRET = "silver-job-tests-key"  # the secret's name
KEY = b"a key of the tests, longer than one block of SHA-256, so that it has to be hashed itself first"


# what is new is looked for in the folders of the last days, and S3 dates an object to the moment at which it is put
NOW = dt.datetime.now(dt.UTC)
TODAY, YESTERDAY = (f"{NOW - dt.timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
HOURS = [f"{YESTERDAY}T00", f"{YESTERDAY}T23", f"{TODAY}T00"]
KEYS = {table.name: table.key for table in TABLES}


class Lake:
    """A bronze folder and a silver database."""

    def __init__(
        self, account: Account, spark: SparkSession, name: str, bucket: str = BUCKET, warehouse: str = BUCKET
    ) -> None:
        self.s3, self.spark, self.database = account.session.client("s3"), spark, f"silver_{name}"
        self.glue = account.session.client("glue")
        self.name, self.bucket, self.warehouse = name, bucket, warehouse
        self.files = 0
        self.unread: list[tuple[str, str]] = []
        self.glue.create_database(
            # the session's catalog has one warehouse for all tests
            DatabaseInput={"Name": self.database, "LocationUri": f"s3://{warehouse}/{self.database}.db"}
        )

    def arrive(self, hour: str, lines: Iterable[bytes], folder: str = "cdc") -> str:
        """Put lines into the bronze folder of an hour (`YYYY-MM-DDTHH`), as Firehose writes them; the object's key."""
        self.files += 1
        day, _, hour_of_day = hour.partition("T")
        key = f"{self.name}/{folder}/dt={day}/hour={hour_of_day}/{self.files}.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=gzip.compress(b"".join(lines)))
        self.unread.append((folder, f"s3://{self.bucket}/{key}"))
        return key

    def run(self, *window: str) -> dict[str, Any]:
        """Run the job with the arguments that Glue would give it; its report.

        Without a window, a full refresh or a rebuild, it reads what no such run has read, as the pipeline's manifest
        names it.
        """
        whole = not {"--from", "--to"} & set(window)
        if not {"--from", "--to", "--full-refresh", "--rebuild"} & set(window):
            manifest = f"s3://{self.bucket}/{self.name}/objects.json"
            Manifest({"cdc": [], "logs": []} | self._unread()).write(self.s3, manifest)
            window = ("--objects", manifest, *window)
        arguments = [
            *("--bronze", f"s3://{self.bucket}/{self.name}/"),
            *("--warehouse", f"s3://{self.warehouse}/"),
            *("--database", self.database),
            *("--email-key-secret-id", SECRET),
            *("--report", f"s3://{self.bucket}/{self.name}/silver.json"),
            *window,
            *("--JOB_NAME", "todo-silver", "--JOB_RUN_ID", "jr_1"),
        ]
        try:
            job.main(arguments)
        finally:
            # a run's process ends with it; what stays cached is planned anew by every later write to its tables
            self.spark.catalog.clearCache()
        if whole:
            self.unread.clear()
        return self.report()

    def _unread(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for folder, uri in self.unread:
            found.setdefault(folder, []).append(uri)
        return found

    def report(self) -> dict[str, Any]:
        """The report of the last run that wrote one."""
        body = self.s3.get_object(Bucket=self.bucket, Key=f"{self.name}/silver.json")["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def table(self, name: str) -> str:
        return f"glue_catalog.{self.database}.{name}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table's rows without `merged_at`, times as microseconds since 1970, ordered by its key."""
        found = self.spark.table(self.table(table)).drop("merged_at")
        rows = [row.asDict() for row in found.select(*map(comparable, found.schema)).collect()]
        return sorted(rows, key=lambda row: [str(row[name]) for name in KEYS[table]])

    def merged_at(self, table: str) -> dict[tuple[Any, ...], Any]:
        """When the run that last wrote each row began, by key; microseconds since 1970."""
        keys = KEYS[table]
        found = self.spark.table(self.table(table)).select(*keys, sf.unix_micros("merged_at").alias("merged_at"))
        return {tuple(row[key] for key in keys): row.merged_at for row in found.collect()}

    def column(self, table: str, column: str) -> dict[str, Any]:
        """One column's values by the table's key."""
        (key,) = KEYS[table]
        return {row[key]: row[column] for row in self.spark.table(self.table(table)).select(key, column).collect()}

    def snapshots(self, table: str) -> int:
        return self.spark.table(f"{self.table(table)}.snapshots").count()


def comparable(field: StructField) -> Column:
    column = sf.col(field.name)
    return sf.unix_micros(column).alias(field.name) if isinstance(field.dataType, TimestampType) else column


def assert_equals_oracle(lake: Lake, lines: list[bytes], requests: Iterable[bytes] = ()) -> None:
    for table, rows in oracle.silver(lines, KEY, requests).items():
        expected = sorted(rows.values(), key=lambda row: [str(row[name]) for name in KEYS[table]])
        assert lake.rows(table) == expected, table


@pytest.fixture(scope="session")
def spark(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    scratch: pathlib.Path = tmp_path_factory.mktemp("spark")
    settings = {
        **CATALOG_SETTINGS,
        **FEW_ROWS,
        **toolchain.account_settings(account.settings.endpoint, REGION),
    }
    account.session.client("s3").create_bucket(Bucket=BUCKET)
    account.session.client("secretsmanager").create_secret(Name=SECRET, SecretString=KEY.decode())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in toolchain.environment(account.settings.toolchain, scratch, settings).items():
            patch.setenv(name, value)
        session = job.session(f"s3://{BUCKET}/")
        yield session
        session.stop()
        gateway = session.sparkContext._gateway
        if gateway is not None:
            gateway.shutdown()
            gateway.proc.stdin.close()  # the JVM ends when its standard input does


@pytest.fixture
def lake(account: Account, spark: SparkSession, unique: str) -> Lake:
    return Lake(account, spark, unique)
