"""The maintenance job of silver: erases users, compacts, expires snapshots, deletes files that nothing leads to.

    maintenance.py --bronze s3://bucket/ --warehouse s3://bucket/ --database todo_silver --table todo-app-data
                   --email-key-secret-id NAME
                   [--gold s3://bucket/] [--queues NAME,NAME] [--state-machine ARN] [--build-gold true]
                   [--silver-job todo-silver] [--erasures-only true] [--wait-seconds 0] [--report s3://bucket/key.json]
                   [--target-file-mib 128] [--least-files 5] [--snapshot-days 7] [--snapshots-kept 5]
                   [--snapshot-gib 20] [--orphan-days 3]

All of it is done under the pipeline's run lock, in slices (some users, one table) between which executions run: one
could be reading files that go, or bring rows back that it has read before. Results of queries in gold's bucket and
messages in quarantine, or of webhooks' deliveries that failed, go as well. After the first users an execution is
started that builds gold anew, before any request is closed.

A request whose user's last events have not arrived stays for the next run (`--wait-seconds`: is waited for), and so
does one that is younger than an hour: it is worked off again then, to catch stragglers, before it is closed.

The report is an object of JSON: `erased`, `closed` and `pending` (requests), `counts` (what went), `compacted` (files
replaced, by table), `orphans` (files deleted), `execution` (ARN of the one that builds gold; null: none was started),
`seconds`. Neither it nor the log names a user.

Runs on AWS Glue 5 as the silver job does, with the same `--conf`.
"""

import argparse
import dataclasses
import json
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from api.contract import METRICS_NAMESPACE
from orchestration.run_lock import Lease
from transforms.contract import MAINTENANCE_FAILED, SILVER_JOB
from transforms.silver import gold, privacy, quarantine, storage
from transforms.silver.certificate import make_certificate
from transforms.silver.contract import TABLES
from transforms.silver.erase import Lake, Line, LiveItems
from transforms.silver.erasures import Erasure, Erasures
from transforms.silver.failures import explained
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
# how long the run lock is waited for, all in all: what follows has to fit into the rest of the job's hour
WAIT_SECONDS = 1800.0
USERS_PER_SLICE = 50


@dataclasses.dataclass
class Report:
    """What a run did; the module's documentation says what each figure is."""

    erased: int = 0
    closed: int = 0
    pending: int = 0
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    compacted: dict[str, int] = dataclasses.field(default_factory=dict)
    orphans: int = 0
    snapshots: dict[str, int] = dataclasses.field(default_factory=dict)
    certificates: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    execution: str | None = None
    seconds: float = 0.0


def main(argv: Sequence[str]) -> None:
    """Run the job with these command-line arguments, and measure whether it failed.

    Raises:
        SystemExit: the arguments are not as described above.
        TimeoutError: the pipeline or runs of the silver job left no time; the message says who held the run lock.
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
    with explained(), timed_step("all"):
        with timed_step("start Spark"):
            spark = session(arguments.warehouse)
        tables = Tables(spark, arguments.database)
        lake = Lake(boto3.client("s3"), tables, _bucket(arguments.bronze), _bucket(arguments.warehouse))
        lease = Lease(
            boto3.client("dynamodb"),
            arguments.table,
            boto3.client("stepfunctions"),
            f"maintenance {arguments.JOB_RUN_ID or uuid.uuid4()}",
            started + WAIT_SECONDS,
            arguments.state_machine or "",
        )
        with lease.held():
            tables.create()
        erase_users(lake, arguments, report, lease)
        if not arguments.erasures_only:
            maintain_tables(lake, arguments, report, lease)
    report.seconds = round(time.monotonic() - started, 3)
    if arguments.report:
        _save(dataclasses.asdict(report), arguments.report)


def erase_users(lake: Lake, arguments: argparse.Namespace, report: Report, lease: Lease) -> None:
    """Work off the requests to erase users, so many at a time that the pipeline can run between them."""
    erasures = Erasures(boto3.client("dynamodb"), arguments.table)
    due = sorted(erasures.list_due(), key=lambda one: one.requested_at)
    for start in range(0, len(due), USERS_PER_SLICE):
        _erase_slice(lake, arguments, report, lease, erasures, due[start : start + USERS_PER_SLICE])


def _erase_slice(
    lake: Lake, arguments: argparse.Namespace, report: Report, lease: Lease, erasures: Erasures, due: list[Erasure]
) -> None:
    runs = JobRuns(boto3.client("glue"), arguments.silver_job)
    deadline = time.monotonic() + arguments.wait_seconds
    while True:
        with lease.held():
            # a run that somebody has started by hand takes no lock
            runs.wait_until_idle()
            lake.tables.drop_unfinished_rebuild()
            since = datetime.now(UTC)
            live_items = {erasure.user_id: erasures.live_items(erasure.user_id) for erasure in due}
            with timed_step("look for traces in bronze") as notes:
                lines = lake.find_traces(live_items)
                missing = count_missing_removals(line.trace for line in lines)
                # nothing arrives as late as that, so an event that is missing then was lost
                ready = [e for e in due if e.user_id not in missing or since - e.requested_at > LATEST_ARRIVAL]
                notes.append(f"{len(lines)} lines of {len(due)} users, {sum(missing.values())} removals on the way")
            if len(ready) == len(due) or time.monotonic() > deadline:
                report.pending += len(due) - len(ready)
                if ready:
                    of_users = [line for line in lines if line.trace.user_id in {one.user_id for one in ready}]
                    _erase(lake, arguments, report, erasures, ready, of_users, live_items, runs, since)
                return
        time.sleep(POLL_SECONDS)


def _erase(
    lake: Lake,
    arguments: argparse.Namespace,
    report: Report,
    erasures: Erasures,
    ready: list[Erasure],
    lines: list[Line],
    live_items: LiveItems,
    runs: JobRuns,
    since: datetime,
) -> None:
    of_users = {one.user_id: live_items[one.user_id] for one in ready}
    for user_id in of_users:
        # before bronze is rewritten, so that no replay brings back what goes
        erasures.record_erased(user_id, since)
    counts = lake.erase(of_users, lines, since) | _erase_copies(lake, arguments, of_users)
    report.counts = {name: report.counts.get(name, 0) + count for name, count in counts.items()}
    report.erased += len(ready)
    if arguments.state_machine and arguments.build_gold and report.execution is None:
        report.execution = gold.build_gold(boto3.client("stepfunctions"), arguments.state_machine)
    report.snapshots = lake.tables.list_current_snapshots()
    certificates = _certify(arguments, report, ready)
    report.certificates += certificates.values()
    disturbed = runs.any_since(since)
    for erasure in ready:
        if disturbed or since - erasure.requested_at < MIN_AGE_TO_CLOSE:
            continue
        write_audit_record(lake, arguments.bronze, certificates[erasure.user_id])
        erasures.close(erasure)
        report.closed += 1


def _erase_copies(lake: Lake, arguments: argparse.Namespace, live_items: LiveItems) -> dict[str, int]:
    """Erase what others than the lake's tables hold of users; how many results and messages went."""
    counts = {}
    if arguments.queues:
        sqs = boto3.client("sqs")
        counts["quarantined_records"] = sum(
            quarantine.delete_messages_of_erased(sqs, queue, live_items) for queue in arguments.queues
        )
    if arguments.gold:
        counts["query_results"] = gold.delete_query_results(lake.s3, _bucket(arguments.gold))
    return counts


def _certify(arguments: argparse.Namespace, report: Report, ready: list[Erasure]) -> dict[str, dict[str, Any]]:
    """A certificate for each user of this run, by identifier."""
    key = privacy.fetch_key(boto3.client("secretsmanager"), arguments.email_key_secret_id)
    return {
        one.user_id: make_certificate(
            key,
            user_id=one.user_id,
            request_id=one.request_id,
            requested_at=one.requested_at,
            erased_at=datetime.now(UTC),
            requests=report.erased,
            counts=report.counts,
            snapshots=report.snapshots,
        )
        for one in ready
    }


def write_audit_record(lake: Lake, bronze: str, certificate: dict[str, Any]) -> None:
    """Leave an erasure's certificate in `audit/erasures/` of bronze.

    The request is named by a hash: whoever has its id can find the certificate, which names nobody.
    """
    bucket, prefix = _bucket(bronze), f"audit/erasures/dt={datetime.now(UTC):%Y-%m-%d}"
    body = json.dumps(certificate).encode()
    lake.s3.put_object(Bucket=bucket, Key=f"{prefix}/{uuid.uuid4()}.json", Body=body, ContentType="application/json")


def maintain_tables(lake: Lake, arguments: argparse.Namespace, report: Report, lease: Lease) -> None:
    """Compact, expire snapshots, and delete files that nothing leads to; the pipeline can run between the tables."""
    now = datetime.now(UTC)
    for table in TABLES:
        with lease.held(), timed_step(f"compact {table.name}") as notes:
            lake.tables.set_properties(table)
            report.compacted[table.name] = lake.tables.compact(table, arguments.target_file_mib, arguments.least_files)
            before = now - timedelta(days=arguments.snapshot_days)
            lake.tables.expire_snapshots(table, before, arguments.snapshots_kept, int(arguments.snapshot_gib * 2**30))
            notes.append(f"{report.compacted[table.name]} files replaced")
    with lease.held(), timed_step("delete files that nothing leads to") as notes:
        lake.tables.drop_unfinished_rebuild()
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
    parser.add_argument("--email-key-secret-id", required=True)
    parser.add_argument("--gold", type=folder)
    parser.add_argument("--queues", type=lambda names: names.split(","), default=[])
    parser.add_argument("--state-machine")
    parser.add_argument("--build-gold", type=yes_or_no, default=True)
    parser.add_argument("--silver-job", default=SILVER_JOB)
    parser.add_argument("--erasures-only", type=yes_or_no, default=False)
    parser.add_argument("--wait-seconds", type=float, default=0)
    parser.add_argument("--report")
    parser.add_argument("--JOB_RUN_ID")
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
