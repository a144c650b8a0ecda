"""Quotas of AWS and deadlines of this project, and how many users reach them."""

import dataclasses

from infra.cost_model import Usage
from infra.environments import example
from tests.bench.scale.model import DAY_SECONDS, Load, Slopes

AWS = "https://docs.aws.amazon.com"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limit:
    """A quota or a deadline, and how many users reach it.

    Args:
        stage: where it is.
        what: the limit, with its value.
        users: at which it is reached in the busiest hour.
        change: that moves it.
        lost: what the change replaces or gives up.
        source: of the limit.
    """

    stage: str
    what: str
    users: float
    change: str
    lost: str
    source: str


def limits(found: Slopes, load: Load, usage: Usage) -> list[Limit]:
    """Every limit by the number of users that reach it."""
    events = load.events_a_second(1, usage)
    units = events * usage.write_units
    hour = load.events_a_run(1, usage)
    history = load.events_a_year(1, usage)
    requests = load.requests * load.peak / DAY_SECONDS
    prod = example("prod")
    known = [
        Limit(
            stage="API",
            what=f"{prod.throttle_rate} requests a second, this project's own throttle (`throttle_rate`)",
            users=prod.throttle_rate / requests,
            change="raise `throttle_rate`; API Gateway's account quota is 10,000 a second",
            lost="the bound on the bill of an attack",
            source=f"{AWS}/apigateway/latest/developerguide/limits.html",
        ),
        Limit(
            stage="API",
            what="1,000 functions at once in an account",
            users=1000 / (requests * usage.request_seconds),
            change="ask for more in Service Quotas",
            lost="nothing",
            source=f"{AWS}/lambda/latest/dg/gettingstarted-limits.html",
        ),
        Limit(
            stage="table",
            what="40,000 write units a second of an on-demand table",
            users=40_000 / units,
            change="ask for more in Service Quotas; warm the table before a campaign",
            lost="nothing",
            source=f"{AWS}/amazondynamodb/latest/developerguide/ServiceQuotas.html",
        ),
        Limit(
            stage="delivery stream",
            what="1 MiB a second of direct puts (5 in us-east-1, us-west-2, eu-west-1)",
            users=1024**2 / (events * usage.change_bytes),
            change="ask for more, or write to two streams by a hash of the key",
            lost="nothing; silver orders by version, not by arrival",
            source=f"{AWS}/firehose/latest/dev/limits.html",
        ),
        Limit(
            stage="silver",
            what="an hour for the run of the busiest hour, with two Glue workers",
            users=_ratio(3600 - found.silver_fixed, found.silver_event * hour),
            change="more workers (`NumberOfWorkers`), then EMR Serverless with workers kept ready",
            lost="EMR Serverless replaces the Glue job: `.sync` and its metrics have to be written again",
            source=f"{AWS}/glue/latest/dg/add-job.html",
        ),
        Limit(
            stage="gold",
            what="an hour for the build of the busiest hour, over a year of history",
            users=_ratio(3600 - found.gold_fixed, found.gold_event * hour + found.gold_history * history),
            change="partition the facts by month and prune; S3 Tables for compaction by AWS",
            lost="S3 Tables replaces the maintenance job; erasure by rewriting files has to follow its schedule",
            source=f"{AWS}/AmazonS3/latest/userguide/s3-tables.html",
        ),
        Limit(
            stage="gold",
            what=f"{prod.dbt_scan_limit_gib} GiB of a query, this project's cut-off, here of a whole build",
            users=_ratio(
                prod.dbt_scan_limit_gib * 1024**3 - found.scan_fixed,
                found.scan_event * hour + found.scan_history * history,
            ),
            change="raise `dbt_scan_limit_gib`; incremental predicates on more models",
            lost="the bound on the bill of a bad query",
            source=f"{AWS}/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html",
        ),
        Limit(
            stage="publishing",
            what="15 minutes of a Lambda function, at 100 calls a second",
            users=900 * 100 / (found.dynamodb_calls * load.active),
            change="a Map state over shards of users, or publishing by the Glue job",
            lost="one writer: each shard needs its own watermark",
            source=f"{AWS}/lambda/latest/dg/gettingstarted-limits.html",
        ),
        Limit(
            stage="change capture",
            what="one invocation at a time for each shard, one shard for 1,000 write units a second",
            users=float("inf"),
            change=f"none needed: a shard brings {1000 / usage.write_units:,.0f} changes a second, a core transforms "
            f"{found.records:,.0f}",
            lost="nothing",
            source=f"{AWS}/lambda/latest/dg/with-ddb.html",
        ),
        Limit(
            stage="table",
            what="1,000 write units a second of one partition key, which is one user",
            users=float("inf"),
            change=f"none needed: `requests_per_minute_per_user` lets a user use {_user_units(usage):.0%} of it",
            lost="nothing",
            source=f"{AWS}/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html",
        ),
        Limit(
            stage="table",
            what="10 GB of a user's items and index entries",
            users=float("inf"),
            change=f"none needed: {prod.max_tasks_per_user:,} tasks take "
            f"{prod.max_tasks_per_user * usage.item_bytes / 10e9:.2%} of it",
            lost="nothing",
            source=f"{AWS}/amazondynamodb/latest/developerguide/LSI.html",
        ),
    ]
    return sorted(known, key=lambda limit: limit.users)


def _ratio(room: float, each: float) -> float:
    return max(room, 0.0) / each if each > 0 else float("inf")


def _user_units(usage: Usage) -> float:
    return example("prod").requests_per_minute_per_user / 60 * usage.write_units / 1000
