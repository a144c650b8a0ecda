"""The silver job: a window of bronze's change events, merged into the Iceberg tables of the Glue catalog.

    job.py --bronze s3://bucket/cdc/ --warehouse s3://bucket/ --database todo_silver --email-key-secret-id NAME
           [--from 2026-11-23 --to 2026-11-24T12:00Z]

Runs on AWS Glue 5 with `--datalake-formats iceberg` and, in `--conf`, the settings of the catalog `glue_catalog`
(https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html). Glue appends arguments of its
own, which are ignored. Every window may be run again, late, or together with others.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from transforms.silver import events, latest, privacy
from transforms.silver.contract import TABLES, TASK_EVENTS, TASKS, USERS
from transforms.silver.merge import merge
from transforms.silver.read import Window, envelopes

CATALOG = "glue_catalog"


def main(argv: Sequence[str]) -> None:
    """Run the job with these command-line arguments.

    Raises:
        SystemExit: the arguments are not as described above.
    """
    arguments, window = parse(argv)
    with step("all"):
        with step("start Spark"):
            spark = session(arguments.warehouse)
        database = f"{CATALOG}.{arguments.database}"
        with step("create what tables are missing"):
            for table in TABLES:
                spark.sql(table.ddl(database))
        with step("read bronze") as notes:
            found = envelopes(spark, boto3.client("s3"), arguments.bronze, window)
            changes = events.changes(found).persist()
            counts = count(changes)
            notes.append(
                "{tasks} changes of tasks, {users} of users, {invalid} broken records left out".format(**counts)
            )
        if counts["tasks"]:
            with step("merge task_events") as notes:
                period = "t.occurred_at between timestamp_micros({first}) and timestamp_micros({last})".format(**counts)
                notes.append(f"{merge(spark, database, TASK_EVENTS, events.task_events(changes), period)} rows")
            with step("merge tasks") as notes:
                notes.append(f"{merge(spark, database, TASKS, latest.tasks(changes))} rows")
        if counts["users"]:
            with step("merge users") as notes:
                key = privacy.fetch_key(boto3.client("secretsmanager"), arguments.email_key_secret_id)
                users = privacy.protect(spark, latest.users(changes), key)
                notes.append(f"{merge(spark, database, USERS, users)} rows")
        changes.unpersist()


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, Window]:
    """The job's arguments, and the window that they ask for; others than the job's own are left alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bronze", required=True, type=folder)
    parser.add_argument("--warehouse", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--email-key-secret-id", required=True)
    parser.add_argument("--from", dest="start")
    parser.add_argument("--to", dest="end")
    arguments, _ = parser.parse_known_args(argv)
    try:
        return arguments, Window.between(arguments.start, arguments.end)
    except ValueError as error:
        parser.error(f"--from and --to take ISO 8601 dates or times: {error}")


def folder(uri: str) -> str:
    """An S3 URI that ends with a slash."""
    return uri.rstrip("/") + "/"


def session(warehouse: str) -> SparkSession:
    """The session that Glue or the command line has configured, with what this job insists on."""
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set(f"spark.sql.catalog.{CATALOG}.warehouse", warehouse)
    return spark


def count(changes: DataFrame) -> dict[str, Any]:
    """What is in a window, in one pass: valid changes of tasks and of users, and invalid ones; and the first and last
    change of a task, in microseconds since 1970."""
    tasks, users = (sf.col("is_valid") & (sf.col("entity_type") == name) for name in ("TASK", "USER"))
    counted = changes.agg(
        sf.count_if(tasks).alias("tasks"),
        sf.count_if(users).alias("users"),
        sf.count_if(~sf.col("is_valid")).alias("invalid"),
        sf.unix_micros(sf.min(sf.when(tasks, sf.col("occurred_at")))).alias("first"),
        sf.unix_micros(sf.max(sf.when(tasks, sf.col("occurred_at")))).alias("last"),
    )
    return counted.collect()[0].asDict()


@contextlib.contextmanager
def step(name: str) -> Iterator[list[str]]:
    """Print how long the block took, with the notes that it appends to the list it is given."""
    notes: list[str] = []
    started = time.monotonic()
    yield notes
    print(f"{name}: {time.monotonic() - started:.1f} s", *notes, sep=", ", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
