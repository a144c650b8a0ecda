"""The text of docs/scale.md."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from infra import ROOT
from infra.cost_model import Usage
from infra.site.markdown import page, table
from tests.bench.report.results import Result
from tests.bench.scale.limits import AWS, limits
from tests.bench.scale.model import DAY_SECONDS, Load, Slopes, dollars, slopes

PAGE = ROOT / "docs" / "scale.md"
USERS = (10_000, 100_000, 1_000_000, 10_000_000)
# https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
RECORDS_PER_CALL = 500
# the smallest Glue job has two
GLUE_WORKERS = 2

INTRODUCTION = """\
# Scale

`make bench` writes this page from [the measured figures](benchmarks.md), the prices of [cost](cost.md) and quotas of
AWS, named below. It says what the platform costs and where it breaks between 10,000 and 10,000,000 users. Nothing of it
was run at that size: it is a line through what was measured, and each line is stated."""
WITHOUT_GOLD = """\
The report has no figures of `make bench-gold` yet, so an event of the run costs nothing in gold here: the limits of
gold are too high, and its dollars too low."""
COMPARISON = (
    (
        "freshness of gold",
        "about an hour (`pipeline_schedule`), and a minute for the live views",
        "15 minutes at least, then what reads it",
        "the buffer's interval, then what reads it",
    ),
    (
        "exactness",
        "each change once, by event id, in order of version; a wrong row is quarantined",
        "the latest state of each item; changes in between are not kept",
        "at least once; updates and deletes need unique keys, and order within a batch is Firehose's",
    ),
    (
        "history of changes",
        "every change, with old and new image",
        "none: a snapshot that is kept up to date",
        "each record, if the table only appends",
    ),
    (
        "erasure of a user",
        "rewrites bronze and silver, with a certificate",
        "follows the delete in the table; old snapshots stay until they expire",
        "follows a delete record; old snapshots and error objects stay until they expire",
    ),
    (
        "code to keep",
        "change capture, the Spark job, the state machine",
        "none before dbt",
        "a function that names table and operation of each record",
    ),
    (
        "what it costs",
        "Glue and CodeBuild by the hour, see above",
        "exports by the GB from point-in-time recovery, and the target's capacity",
        "Firehose by the GB; compaction by Glue or S3 Tables",
    ),
)
SOURCES = f"""\
Sources: [zero-ETL integrations of Glue, refresh interval]({AWS}/glue/latest/dg/zero-etl-configuring-integration.html),
[DynamoDB as a source]({AWS}/glue/latest/dg/zero-etl-sources.html),
[Firehose to Iceberg]({AWS}/firehose/latest/dev/apache-iceberg-destination.html) and
[its limits]({AWS}/firehose/latest/dev/apache-iceberg-considerations.html). Zero-ETL would replace everything between
table and silver; `task_events`, and with it streaks, cycle times and status periods, would be lost. Firehose to Iceberg
would replace bronze's files and the first half of the Spark job, and keep the events."""


def text(results: Mapping[str, Sequence[Result]]) -> str:
    """The whole page.

    Args:
        results: runs by bench.
    """
    load, usage, found = Load(), Usage(), slopes(results)
    return page(
        INTRODUCTION,
        "## What a user is taken to do",
        table(("input", "value"), _inputs(load, usage)),
        "## Fitted costs",
        "Silver: processor time of an increment and of a full build, on two processors, and for each event no less "
        "than the cost model takes. Gold: for events of the run, a build of all and one of nothing new; for the "
        "history, the same increment over a small one and one ten times as large. Seconds are those of the machine "
        "that ran the bench, and of whatever else ran on it.",
        table(("stage", "fixed", "for each"), _fitted(found)),
        "" if results.get("gold") else WITHOUT_GOLD,
        "## By number of users",
        table(("", *(f"{users:,} users" for users in USERS)), _by_users(found, load, usage)),
        "## Dollars a month",
        table(("service", *(f"{users:,} users" for users in USERS)), _dollars(found, load, usage)),
        "## What breaks first",
        "By the number of users that reach the limit in the busiest hour.",
        table(
            ("users", "stage", "limit", "what moves it", "what is lost or replaced", "source"),
            _limits(found, load, usage),
        ),
        "## AWS's own ways from DynamoDB to Iceberg",
        table(("", "this platform", "zero-ETL to Iceberg", "Firehose to Iceberg"), COMPARISON),
        SOURCES,
    )


def _inputs(load: Load, usage: Usage) -> Iterator[tuple[str, str]]:
    yield "requests of a user a day", f"{load.requests:g}"
    yield "share of them that write", f"{usage.write_share:.0%}"
    yield "busiest second over the mean", f"{load.peak:g}"
    yield "tasks of a user after a year", f"{load.tasks:g}"
    yield "users with a change in the busiest hour", f"{load.active:.0%}"
    yield "write units of a write", f"{usage.write_units:g}"


def _fitted(found: Slopes) -> Iterator[tuple[str, str, str]]:
    yield "change capture", "", f"{1e6 / found.records:.1f} µs of a core a change"
    yield "silver's job", f"{found.silver_fixed:.1f} s a run", f"{1000 * found.silver_event:.3f} ms an event"
    yield "gold's build", f"{found.gold_fixed:.1f} s a run", f"{1000 * found.gold_event:.3f} ms an event of the run"
    yield "gold's build", "", f"{1e6 * found.gold_history:.2f} µs an event of history"
    yield "bytes of it", f"{found.scan_fixed / 1e6:.2f} MB a run", f"{found.scan_event:.0f} bytes an event of the run"
    yield "bytes of it", "", f"{found.scan_history:.1f} bytes an event of history"
    yield "publishing", "", f"{found.dynamodb_calls:.2f} calls of DynamoDB a row"


def _by_users(found: Slopes, load: Load, usage: Usage) -> Iterator[tuple[str, ...]]:
    def row(name: str, value: Callable[[float], str]) -> tuple[str, ...]:
        return (name, *(value(users) for users in USERS))

    def events(users: float) -> float:
        return load.events_a_second(users, usage)

    def run(users: float) -> float:
        return load.events_a_run(users, usage)

    def silver(users: float) -> float:
        return found.silver_seconds(run(users))

    def history(users: float) -> float:
        return load.events_a_year(users, usage)

    def partitions(users: float) -> float:
        return max(1.0, -(-events(users) * usage.write_units // 1000))

    yield row("requests a second, busiest", lambda users: f"{users * load.requests * load.peak / DAY_SECONDS:,.0f}")
    yield row("changes a second, busiest", lambda users: f"{events(users):,.0f}")
    yield row("write units a second", lambda users: f"{events(users) * usage.write_units:,.0f}")
    yield row("partitions that they need, and shards of the stream", lambda users: f"{partitions(users):,.0f}")
    yield row("change capture at once, one for each shard", lambda users: f"{partitions(users):,.0f}")
    yield row("cores that transform changes", lambda users: f"{events(users) / found.records:,.3f}")
    yield row("MiB a second into Firehose", lambda users: f"{events(users) * usage.change_bytes / 1024**2:,.2f}")
    yield row("calls a second to Firehose, at least", lambda users: f"{events(users) / RECORDS_PER_CALL:,.2f}")
    yield row("minutes of silver in the busiest hour", lambda users: f"{silver(users) / 60:,.1f}")
    yield row(
        "Glue workers that keep it below half an hour",
        lambda users: f"{max(GLUE_WORKERS, -(-GLUE_WORKERS * silver(users) // 1800)):,.0f}",
    )
    yield row(
        "CodeBuild minutes of gold in the busiest hour, after a year",
        lambda users: f"{found.gold_seconds(run(users), history(users)) / 60:,.1f}",
    )
    yield row(
        "GB that it scans in Athena",
        lambda users: f"{found.scanned_bytes(run(users), history(users)) / 1e9:,.3f}",
    )
    yield row("GB in the table, a year", lambda users: f"{users * load.tasks * usage.item_bytes / 1e9:,.0f}")


def _dollars(found: Slopes, load: Load, usage: Usage) -> Iterator[tuple[str, ...]]:
    costs = [dollars(users, found, load, usage) for users in USERS]
    for service in costs[0]:
        yield (service, *(f"{each[service]:,.0f}" for each in costs))
    yield ("**total**", *(f"**{sum(each.values()):,.0f}**" for each in costs))
    yield ("a user", *(f"{sum(each.values()) / users:.4f}" for users, each in zip(USERS, costs, strict=True)))


def _limits(found: Slopes, load: Load, usage: Usage) -> Iterator[tuple[str, ...]]:
    for limit in limits(found, load, usage):
        users = "not by users" if limit.users == float("inf") else f"{limit.users:,.0f}"
        yield users, limit.stage, limit.what, limit.change, limit.lost, f"[AWS]({limit.source})"
