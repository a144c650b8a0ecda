"""The silver job: objects of bronze, merged into the Iceberg tables of the Glue catalog.

    job.py --bronze s3://bucket/ --warehouse s3://bucket/ --database todo_silver --email-key-secret-id NAME
           [--objects s3://bucket/objects.json] [--from 2026-11-23] [--to 2026-11-24T12:00Z] [--full-refresh true]
           [--rebuild users,tasks] [--reject-threshold 0.01] [--report s3://bucket/silver.json]

The pipeline names the objects in a manifest (`--objects`, `ingestion.bronze_objects.Manifest`). Run by hand, the job
lists a window of arrival by itself (`--from`, `--to`), or all of bronze (`--full-refresh`). Merging is idempotent: any
objects may be read again, late, or together with others, so the job keeps no account of what it has read. A full
refresh builds new tables and swaps them in; `--rebuild` does that with the tables that it names and leaves the others.
A table that has held rows and has none stops the run. An object that cannot be read is moved to `errors/unreadable/`.

The report is an object of JSON: `window` {`from`, `to`} (RFC 3339, null: no bound), `envelopes` and `requests` (lines
read), `rejects` (lines of both that broke their contract, each counted by one run), `unreadable` (object -> why),
`rows` (inserted or replaced, by table), `seconds`.

Runs on AWS Glue 5 with `--datalake-formats iceberg` and, in `--conf`, the settings of the catalog `glue_catalog`
(https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html). Glue appends arguments of its
own, which are ignored.
"""

import argparse
import contextlib
import functools
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import boto3
from pyspark.sql import SparkSession

from ingestion.bronze_objects import Manifest, list_days, list_objects
from transforms.silver import privacy, tables
from transforms.silver.build import TOLERATED_REJECTS, Build, Report
from transforms.silver.contract import TABLES
from transforms.silver.failures import explained
from transforms.silver.lost_tables import TableRecord
from transforms.silver.progress import timed_step
from transforms.silver.tables import Tables

# what an operator types when too many lines were rejected: to see why, and to go on without them
SEE_REJECTS = 'insights query "select reason, count(*) from todo_silver.rejects where counted_at is null group by 1"'
ACCEPT_REJECTS = "insights pipeline start --reject-threshold 1 --reason 'why they may be missing' --wait"


class RejectsOverThreshold(Exception):  # noqa: N818 - the pipeline's states know failures by this name
    """More lines broke their contract than is tolerated; they are in `rejects`, all other lines are merged."""


def main(argv: Sequence[str]) -> None:
    """Run the job with these command-line arguments.

    Raises:
        SystemExit: the arguments are not as described above.
        RejectsOverThreshold: more lines broke their contract than is tolerated; the pipeline's next run reads the same
            objects again.
        SilverTableLost: a table that has held rows has none.
        RebuildRequired: a required column is missing.
        SparkEnded: Spark's JVM was killed.
        SilverFileLost: a file of a table is gone.
    """
    arguments = parse(argv)
    started, merged_at = time.monotonic(), datetime.now(UTC)
    with explained(), timed_step("all"):
        with timed_step("start Spark"):
            spark = session(arguments.warehouse)
        current, s3 = Tables(spark, arguments.database), boto3.client("s3")
        replaced = {table.name for table in TABLES} if arguments.full_refresh else set(arguments.rebuild)
        record = TableRecord(boto3.client("glue"), s3, arguments.database, arguments.warehouse)
        with timed_step("create what is missing"):
            record.check(replaced)
            current.drop_unfinished_rebuild()
            current.create(replaced)
        with timed_step("resolve the objects to read") as notes:
            manifest = resolve(arguments)
            notes.append(f"{len(manifest)} objects or folders to read")
        new = tables.rebuild(current, arguments.warehouse, replaced)
        with new if replaced else contextlib.nullcontext(current) as written:
            build = Build(written, s3, functools.partial(email_key, arguments), merged_at)
            report = build.run(manifest)
            report.seconds = round(time.monotonic() - started, 3)
            if arguments.report:
                save(report, arguments.report)
            refuse_over_threshold(report, arguments.reject_threshold)
            build.count_rejects()
        record.update()


def resolve(arguments: argparse.Namespace) -> Manifest:
    """The objects that the run is to read."""
    s3 = boto3.client("s3")
    if arguments.objects:
        return Manifest.read(s3, arguments.objects)
    if arguments.full_refresh or arguments.rebuild:
        return Manifest.of([], list_days(s3, arguments.bronze))
    start, end = arguments.start, arguments.end
    return Manifest.of(list_objects(s3, arguments.bronze, start, end), start=start, end=end)


def email_key(arguments: argparse.Namespace) -> bytes:
    """The key of the users' e-mail hash."""
    return privacy.fetch_key(boto3.client("secretsmanager"), arguments.email_key_secret_id)


def refuse_over_threshold(report: Report, threshold: float) -> None:
    """Fail if more than a share of the lines was rejected.

    Raises:
        RejectsOverThreshold: says how many, and what to do.
    """
    if report.exceeds(threshold):
        raise RejectsOverThreshold(
            f"{report.rejects} of {report.envelopes + report.requests} lines broke their contract, more than "
            f"{TOLERATED_REJECTS} and more than the share of {threshold:g} that is tolerated; all others are merged. "
            f"Why: {SEE_REJECTS}. To go on without them: {ACCEPT_REJECTS}"
        )


def save(report: Report, uri: str) -> None:
    """Write the report to `uri`, `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = json.dumps(report.document()).encode()
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The job's arguments; others than the job's own are left alone."""
    parser = argparse.ArgumentParser(description="Merge objects of bronze into silver.", allow_abbrev=False)
    parser.add_argument("--bronze", required=True, type=folder)
    parser.add_argument("--warehouse", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--email-key-secret-id", required=True)
    parser.add_argument("--objects")
    parser.add_argument("--from", dest="start", type=instant)
    parser.add_argument("--to", dest="end", type=instant)
    parser.add_argument("--full-refresh", type=yes_or_no, default=False)
    parser.add_argument("--rebuild", type=table_names, default=[])
    parser.add_argument("--reject-threshold", type=share, default=0.01)
    parser.add_argument("--report")
    arguments, _ = parser.parse_known_args(argv)
    is_bounded = bool(arguments.start or arguments.end)
    if is_bounded and (arguments.full_refresh or arguments.rebuild or arguments.objects):
        parser.error("--from and --to name a window to list; they go with neither --objects nor --full-refresh")
    if not (is_bounded or arguments.full_refresh or arguments.rebuild or arguments.objects):
        parser.error("nothing to read: give --objects, --from and --to, or --full-refresh true")
    return arguments


def instant(text: str) -> datetime | None:
    """An ISO 8601 date or time, UTC unless it says otherwise; None for an empty text."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 date or time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def yes_or_no(text: str) -> bool:
    """`true` or `false`; nothing at all is `false`."""
    if text.lower() not in ("true", "false", ""):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def table_names(text: str) -> list[str]:
    """Names of silver's tables, separated by commas."""
    names = [name for name in text.split(",") if name]
    unknown = set(names) - {table.name for table in TABLES}
    if unknown:
        raise argparse.ArgumentTypeError(f"no table of silver: {', '.join(sorted(unknown))}")
    return names


def share(text: str) -> float:
    """A number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def folder(uri: str) -> str:
    """An S3 URI that ends with a slash."""
    return uri.rstrip("/") + "/"


def session(warehouse: str) -> SparkSession:
    """The session that Glue or the command line has configured, with what this job insists on."""
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # what is kept in memory is mostly unique text, which a dictionary makes slower and no smaller
    spark.conf.set("spark.sql.inMemoryColumnarStorage.compressed", "false")
    # HotSpot compiles no method of more bytecode than this, so a stage that needs one is better cut into smaller ones
    spark.conf.set("spark.sql.codegen.hugeMethodLimit", "8000")
    spark.conf.set(f"spark.sql.catalog.{tables.CATALOG}.warehouse", warehouse)
    return spark


if __name__ == "__main__":
    main(sys.argv[1:])
