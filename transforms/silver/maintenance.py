"""The maintenance job of silver: erases users, compacts, expires snapshots, deletes files that nothing leads to.

    maintenance.py --bronze s3://bucket/ --warehouse s3://bucket/ --database todo_silver --table todo-app-data
                   [--gold s3://bucket/] [--quarantine todo-cdc-quarantine] [--state-machine ARN] [--build-gold true]
                   [--silver-job todo-silver] [--erasures-only true] [--wait-seconds 0] [--report s3://bucket/key.json]
                   [--target-file-mib 128] [--least-files 5] [--snapshot-days 7] [--snapshots-kept 5]
                   [--snapshot-gib 20] [--orphan-days 3]

Users are erased while no execution of the pipeline runs, which could be reading files that go, and no run of the
silver job, which could bring rows back that it has read before. Results of queries in gold's bucket and messages in
quarantine go as well. Afterwards an execution is started that builds gold anew, before any request is closed.

A request whose user's last events have not arrived stays for the next run (`--wait-seconds`: is waited for), and so
does one that is younger than an hour: it is worked off again then, to catch stragglers, before it is closed.

The report is an object of JSON: `erased`, `closed` and `pending` (requests), `counts` (what went), `compacted` (files
replaced, by table), `orphans` (files deleted), `execution` (ARN of the one that builds gold; null: none was started),
`seconds`. Neither it nor the log names a user.

Runs on AWS Glue 5 as the silver job does, with the same `--conf`.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from api.contract import METRICS_NAMESPACE
from ingestion.bronze_objects import rfc3339
from transforms.contract import MAINTENANCE_FAILED, SILVER_JOB
from transforms.silver import gold, quarantine, storage
from transforms.silver.contract import TABLES
from transforms.silver.erase import Lake, LiveItems
from transforms.silver.erasures import Erasure, Erasures
from transforms.silver.job import folder, session, yes_or_no
from transforms.silver.job_runs import JobRuns
from transforms.silver.progress import timed_step
from transforms.silver.tables import Tables
from transforms.silver.traces import count_missing_removals

# longer than an event is under way when nothing goes wrong
MIN_AGE_TO_CLOSE = timedelta(hours=1)
# longer than capture (12 h) and delivery (24 h) go on trying, together
LATEST_ARRIVAL = timedelta(days=3)
POLL_SECONDS = 5.0


@dataclasses.dataclass
class Report:
    """What a run did; the module's documentation says what each figure is."""

    erased: int = 0
    closed: int = 0
    pending: int = 0
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    compacted: dict[str, int] = dataclasses.field(default_factory=dict)
    orphans: int = 0
    execution: str | None = None
    seconds: float = 0.0


def main(argv: Sequence[str]) -> None:
    """Run the job with these command-line arguments, and measure whether it failed.

    Raises:
        SystemExit: the arguments are not as described above.
        TimeoutError: the pipeline or runs of the silver job left no time to erase anybody.
    """
    arguments = parse(argv)
    try:
        run(arguments)
    except Exception:
        _measure(failed=1)
        raise
    _measure(failed=0)


def run(arguments: argparse.Namespace) -> None:
    """Do all that is asked for, and write the report.

    Raises:
        TimeoutError: as `main` does.
    """
    started = time.monotonic()
    report = Report()
    with timed_step("all"):
        with timed_step("start Spark"):
            spark = session(arguments.warehouse)
        tables = Tables(spark, arguments.database)
        tables.create()
        lake = Lake(boto3.client("s3"), tables, _bucket(arguments.bronze), _bucket(arguments.warehouse))
        erase_users(lake, arguments, report)
        if not arguments.erasures_only:
            maintain_tables(lake, arguments, report)
    report.seconds = round(time.monotonic() - started, 3)
    if arguments.report:
        _save(dataclasses.asdict(report), arguments.report)


def erase_users(lake: Lake, arguments: argparse.Namespace, report: Report) -> None:
    """Work off the requests to erase users."""
    erasures = Erasures(boto3.client("dynamodb"), arguments.table)
    due = list(erasures.list_due())
    if not due:
        return
    machine = arguments.state_machine
    pipeline = gold.Pipeline(boto3.client("stepfunctions"), machine) if machine else None
    if pipeline:
        pipeline.wait_until_idle()
    runs = JobRuns(boto3.client("glue"), arguments.silver_job)
    runs.wait_until_idle()
    since = datetime.now(UTC)
    deadline = time.monotonic() + arguments.wait_seconds
    while True:
        live_items = {erasure.user_id: erasures.live_items(erasure.user_id) for erasure in due}
        with timed_step("look for traces in bronze") as notes:
            lines = lake.find_traces(live_items)
            missing = count_missing_removals(line.trace for line in lines)
            # nothing arrives as late as that, so an event that is missing then was lost
            ready = [e for e in due if e.user_id not in missing or since - e.requested_at > LATEST_ARRIVAL]
            notes.append(f"{len(lines)} lines of {len(due)} users, {sum(missing.values())} removals on the way")
        if len(ready) == len(due) or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    report.pending = len(due) - len(ready)
    if not ready:
        return
    users = {erasure.user_id for erasure in ready}
    of_users = [line for line in lines if line.trace.user_id in users]
    for user_id in users:
        # before bronze is rewritten, so that no replay brings back what goes
        erasures.record_erased(user_id, since)
    report.counts = lake.erase({user_id: live_items[user_id] for user_id in users}, of_users, since)
    report.counts |= _erase_copies(lake, arguments, {user_id: live_items[user_id] for user_id in users})
    report.erased = len(ready)
    if pipeline and arguments.build_gold:
        report.execution = pipeline.build_gold()
    disturbed = runs.any_since(since)
    for erasure in ready:
        if disturbed or since - erasure.requested_at < MIN_AGE_TO_CLOSE:
            continue
        write_audit_record(lake, arguments.bronze, erasure, report)
        erasures.close(erasure)
        report.closed += 1


def _erase_copies(lake: Lake, arguments: argparse.Namespace, live_items: LiveItems) -> dict[str, int]:
    """Erase what others than the lake's tables hold of users; how many results and messages went."""
    counts = {}
    if arguments.quarantine:
        counts["quarantined_records"] = quarantine.delete_messages_of_erased(
            boto3.client("sqs"), arguments.quarantine, live_items
        )
    if arguments.gold:
        counts["query_results"] = gold.delete_query_results(lake.s3, _bucket(arguments.gold))
    return counts


def write_audit_record(lake: Lake, bronze: str, erasure: Erasure, report: Report) -> None:
    """Leave a record of an erasure in `audit/erasures/` of bronze: when, by which request, and what went.

    The request is named by a hash: whoever has its id can find the record, and the record names nobody.
    """
    bucket, prefix = _bucket(bronze), f"audit/erasures/dt={datetime.now(UTC):%Y-%m-%d}"
    document = {
        "request_sha256": hashlib.sha256(erasure.request_id.encode()).hexdigest(),
        "requested_at": rfc3339(erasure.requested_at),
        "erased_at": rfc3339(datetime.now(UTC)),
        "requests_in_this_run": report.erased,
        "counts_of_this_run": report.counts,
    }
    body = json.dumps(document).encode()
    lake.s3.put_object(Bucket=bucket, Key=f"{prefix}/{uuid.uuid4()}.json", Body=body, ContentType="application/json")


def maintain_tables(lake: Lake, arguments: argparse.Namespace, report: Report) -> None:
    """Compact, expire snapshots, and delete files that nothing leads to."""
    now = datetime.now(UTC)
    for table in TABLES:
        lake.tables.set_properties(table)
        with timed_step(f"compact {table.name}") as notes:
            report.compacted[table.name] = lake.tables.compact(table, arguments.target_file_mib, arguments.least_files)
            notes.append(f"{report.compacted[table.name]} files replaced")
    with timed_step("expire snapshots"):
        for table in TABLES:
            before = now - timedelta(days=arguments.snapshot_days)
            lake.tables.expire_snapshots(table, before, arguments.snapshots_kept, int(arguments.snapshot_gib * 2**30))
    with timed_step("delete files that nothing leads to") as notes:
        before = now - timedelta(days=arguments.orphan_days)
        prefix = f"{arguments.database}.db/"
        reachable = lake.tables.find_reachable_files()
        report.orphans = storage.delete_orphan_files(lake.s3, lake.silver, prefix, reachable, before)
        notes.append(f"{report.orphans} files")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The job's arguments; others than the job's own are left alone."""
    parser = argparse.ArgumentParser(description="Maintain silver.", allow_abbrev=False)
    parser.add_argument("--bronze", required=True, type=folder)
    parser.add_argument("--warehouse", required=True, type=folder)
    parser.add_argument("--database", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--gold", type=folder)
    parser.add_argument("--quarantine")
    parser.add_argument("--state-machine")
    parser.add_argument("--build-gold", type=yes_or_no, default=True)
    parser.add_argument("--silver-job", default=SILVER_JOB)
    parser.add_argument("--erasures-only", type=yes_or_no, default=False)
    parser.add_argument("--wait-seconds", type=float, default=0)
    parser.add_argument("--report")
    parser.add_argument("--target-file-mib", type=int, default=128)
    parser.add_argument("--least-files", type=int, default=5)
    parser.add_argument("--snapshot-days", type=float, default=7)
    parser.add_argument("--snapshots-kept", type=int, default=5)
    parser.add_argument("--snapshot-gib", type=float, default=20)
    # a commit that takes longer would lose files that it has written
    parser.add_argument("--orphan-days", type=float, default=3)
    arguments, _ = parser.parse_known_args(argv)
    return arguments


def _measure(failed: int) -> None:
    # nobody waits for a nightly run, and what it leaves undone may be an erasure
    boto3.client("cloudwatch").put_metric_data(
        Namespace=METRICS_NAMESPACE, MetricData=[{"MetricName": MAINTENANCE_FAILED, "Value": failed, "Unit": "Count"}]
    )


def _bucket(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[0]


def _save(document: dict[str, Any], uri: str) -> None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = json.dumps(document).encode()
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


if __name__ == "__main__":
    main(sys.argv[1:])
