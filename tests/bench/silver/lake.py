"""A bronze folder, local and in an account's S3, and the two ways to make silver of it."""

import concurrent.futures
import os
import pathlib
import sys

import duckdb
from pyiceberg.catalog import Catalog, load_catalog

from infra import ROOT
from infra.local.account.settings import REGION
from infra.toolchain import spark as toolchain
from ingestion.bronze_objects import Manifest
from tests.bench.silver.measure import Cost, run
from tests.conftest import Account
from transforms.silver.contract import REJECTS, TASK_EVENTS, TASKS, USERS, Table
from transforms.silver.privacy import derive_pads

CATALOG = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
}
# the local account's jobs run for seconds and compile with the quick compiler only; minutes want both, as on Glue
JVM = {"spark.driver.extraJavaOptions": "-XX:+UseSerialGC", "spark.driver.memory": "1500m"}
BUCKET, SECRET = "bench-silver", "bench-silver-key"
KEY = b"a key that only this bench uses"


class Lake:
    """One history and its silver.

    Args:
        account: to run in; has the bucket and the secret.
        name: of the history.
        folder: for its files.
    """

    def __init__(self, account: Account, name: str, folder: pathlib.Path) -> None:
        self._account, self._name, self._folder = account, name, folder
        self.bronze = folder / "bronze"
        self._uploaded: set[pathlib.Path] = set()
        self._database = f"bench_{name}"
        account.session.client("glue").create_database(DatabaseInput={"Name": self._database})

    @property
    def _manifest(self) -> str:
        return f"s3://{BUCKET}/{self._name}/objects.json"

    def upload(self) -> None:
        """Put what is new in the local bronze into the account's, and name it in the manifest of the next run."""
        s3 = self._account.session.client("s3")
        new = [path for path in self.bronze.rglob("*.gz") if path not in self._uploaded]

        def put(path: pathlib.Path) -> None:
            key = f"{self._name}/{path.relative_to(self.bronze).as_posix()}"
            s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(put, new))
        self._uploaded.update(new)
        objects = [f"s3://{BUCKET}/{self._name}/{path.relative_to(self.bronze).as_posix()}" for path in new]
        Manifest({"cdc": objects, "logs": []}).write(s3, self._manifest)

    def spark(self) -> Cost:
        """The silver job, as the local account's Glue runs it."""
        scratch = self._folder / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        settings = {**CATALOG, **JVM, **toolchain.account_settings(self._account.settings.endpoint, REGION)}
        environment = {
            **os.environ,
            **toolchain.environment(self._account.settings.toolchain, scratch, settings),
            "PYTHONPATH": str(ROOT),
        }
        script = ROOT / "transforms" / "silver" / "job.py"
        arguments = {
            "--bronze": f"s3://{BUCKET}/{self._name}/",
            "--objects": self._manifest,
            "--warehouse": f"s3://{BUCKET}/",
            "--database": self._database,
            "--email-key-secret-id": SECRET,
        }
        return run([sys.executable, str(script), *(w for pair in arguments.items() for w in pair)], environment)

    def duckdb(self) -> Cost:
        """The reference, on the same files."""
        self._reference.mkdir(exist_ok=True)
        inner, outer = (pad.hex() for pad in derive_pads(KEY))
        module = ["-m", "tests.bench.silver.duckdb_reference"]
        command = [sys.executable, *module, str(self.bronze), str(self._reference), inner, outer]
        return run(command, {**os.environ, "PYTHONPATH": str(ROOT)})

    def rows_equal(self) -> bool:
        """Whether silver and the reference have the same rows, as often."""
        # each is told of, whatever the others say
        equal = [self._equal(table) for table in (TASK_EVENTS, TASKS, USERS, REJECTS)]
        return all(equal)

    def data_files(self) -> set[str]:
        """The data files of silver's current snapshots."""
        return {
            task.file.file_path
            for table in (TASK_EVENTS, TASKS, USERS, REJECTS)
            for task in self._catalog().load_table((self._database, table.name)).scan().plan_files()
        }

    def _equal(self, table: Table) -> bool:
        silver = self._catalog().load_table((self._database, table.name)).scan().to_arrow()
        connection = duckdb.connect()
        connection.execute("set timezone = 'UTC'")
        connection.register("silver", silver)
        columns = ", ".join(table.content_names())
        ours = f"select {columns} from silver"
        if table is REJECTS:
            columns = "reason, object, digest"
            ours = "select reason, parse_filename(bronze_file), digest from silver"
        theirs = f"select {columns} from '{self._reference}/{table.name}.parquet'"
        counted = connection.execute(f"""
            select (select count(*) from silver), (select count(*) from ({ours} except all {theirs})),
                (select count(*) from ({theirs} except all {ours}))""").fetchone()
        assert counted
        rows, only_ours, only_theirs = counted
        print(f"  {table.name}: {rows:,} rows, {only_ours} only in silver, {only_theirs} only in the reference")
        return bool(rows > 0 and only_ours == only_theirs == 0)

    def _catalog(self) -> Catalog:
        return load_catalog("glue", **{"type": "glue", "s3.endpoint": self._account.settings.endpoint})

    @property
    def _reference(self) -> pathlib.Path:
        return self._folder / "reference"
