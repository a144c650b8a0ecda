"""What an environment costs a month: `python -m infra.cost_model` writes docs/cost.md.

Prices are list prices of us-east-1 without free tiers, each with its source. What a request uses comes from the benches
(`make bench-api`, `make bench-silver`, `make bench-gold`) and from the settings of prod; both are stated in the page.
"""

import dataclasses
import sys

from infra import ROOT

PAGE = ROOT / "docs" / "cost.md"
ENTERED, LOOKED_UP = "2025-11", "2026-11-29"
DAYS = 30
REQUESTS_A_DAY = (1_000, 100_000, 10_000_000)
GB = 1e9


@dataclasses.dataclass(frozen=True)
class Price:
    """A list price.

    Args:
        dollars: per unit.
        unit: what it buys.
        source: AWS's page.
        quoted: page in which the price was found when it was last looked up; empty when none was found.
    """

    dollars: float
    unit: str
    source: str
    quoted: str = ""


AWS = "https://aws.amazon.com"
PRICES = {
    "http_api": Price(1.00 / 1e6, "request", f"{AWS}/api-gateway/pricing/", "https://www.apigatewaycost.com/aws"),
    "lambda_request": Price(
        0.20 / 1e6,
        "invocation",
        f"{AWS}/lambda/pricing/",
        "https://git.mcrn.ar/mariano/lambda_local_runner/src/branch/main/docs/lambdas-md/lambda-13-cost.md",
    ),
    "lambda_time": Price(
        0.0000133334,
        "GB-second, arm64",
        f"{AWS}/lambda/pricing/",
        "https://git.mcrn.ar/mariano/lambda_local_runner/src/branch/main/docs/lambdas-md/lambda-13-cost.md",
    ),
    "snapshot": Price(
        0.0000015046,
        "GB-second of a cached snapshot",
        f"{AWS}/lambda/pricing/",
        "https://awsnegotiations.com/blog/lambda-snapstart-cost-impact/",
    ),
    "write_unit": Price(
        0.625 / 1e6,
        "write request unit",
        f"{AWS}/dynamodb/pricing/on-demand/",
        "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    ),
    "read_unit": Price(
        0.125 / 1e6,
        "read request unit",
        f"{AWS}/dynamodb/pricing/on-demand/",
        "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    ),
    "table_storage": Price(0.25 + 0.20, "GB-month, with point-in-time recovery", f"{AWS}/dynamodb/pricing/on-demand/"),
    "firehose": Price(0.029 / GB, "byte, records rounded up to 5 KB", f"{AWS}/firehose/pricing/"),
    "s3_storage": Price(
        0.023,
        "GB-month",
        f"{AWS}/s3/pricing/",
        "https://kindatechnical.com/aws-codebuild/understanding-codebuild-pricing.html",
    ),
    "s3_write": Price(
        0.005 / 1e3, "PUT", f"{AWS}/s3/pricing/", "https://athena.guide/articles/athena-basics-pricing-model"
    ),
    "logs": Price(
        0.50 / GB,
        "byte ingested",
        f"{AWS}/cloudwatch/pricing/",
        "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    ),
    "alarm": Price(0.10, "metric alarm and metric in it, month", f"{AWS}/cloudwatch/pricing/"),
    "composite_alarm": Price(0.50, "composite alarm, month", f"{AWS}/cloudwatch/pricing/"),
    "metric": Price(
        0.30, "custom metric, month", f"{AWS}/cloudwatch/pricing/", "https://signoz.io/guides/cloudwatch-pricing"
    ),
    "dashboard": Price(
        3.00,
        "dashboard, month",
        f"{AWS}/cloudwatch/pricing/",
        "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    ),
    "glue": Price(
        0.44, "DPU-hour", f"{AWS}/glue/pricing/", "https://awsnegotiations.com/glue-job-cost-optimization.html"
    ),
    "glue_flex": Price(0.29, "DPU-hour of Flex", f"{AWS}/glue/pricing/"),
    "build": Price(
        0.005,
        "minute of general1.small",
        f"{AWS}/codebuild/pricing/",
        "https://c3x.dev/resources/aws/aws_codebuild_project/",
    ),
    "athena": Price(
        5.00 / 1e12,
        "byte scanned, at least 10 MB a query",
        f"{AWS}/athena/pricing/",
        "https://athena.guide/articles/athena-basics-pricing-model",
    ),
    "queue": Price(
        0.40 / 1e6, "request to a queue", f"{AWS}/sqs/pricing/", "https://cloudburn.io/blog/amazon-sqs-pricing"
    ),
    "transition": Price(
        0.025 / 1e3,
        "state transition",
        f"{AWS}/step-functions/pricing/",
        "https://aws.amazon.com/step-functions/pricing/",
    ),
    "secret": Price(0.40, "secret, month", f"{AWS}/secrets-manager/pricing/"),
    "key": Price(1.00, "KMS key, month", f"{AWS}/kms/pricing/", "https://cloudburn.io/blog/aws-kms-pricing"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Usage:
    """What a request and a run use.

    Args:
        write_share: share of requests that write a task.
        write_units: of one write, indexes and idempotency record included.
        read_units: of one read, a page of a list on average.
        request_seconds: billed time of the api function.
        webhook_share: share of writes that one webhook hears of.
        change_bytes: of one change event in bronze, before compression.
        log_bytes: of one request's log lines.
        item_bytes: of one task in the table, indexes included.
        runs: executions a month that find something to do.
        silver_minutes: of the Glue job with two DPUs, at few data.
        gold_minutes: of dbt in CodeBuild, at few data.
        crawl_minutes: billed, at least ten.
        statements: of dbt and publishing, a run.
        transitions: of the state machine, a run.
        events_a_minute: change events that the Glue job takes beyond its fixed time.
    """

    write_share: float = 0.3
    write_units: float = 6
    read_units: float = 2
    request_seconds: float = 0.03
    webhook_share: float = 0.05
    change_bytes: float = 1_500
    log_bytes: float = 800
    item_bytes: float = 1_200
    runs: int = 24 * DAYS
    silver_minutes: float = 2.5
    gold_minutes: float = 3
    crawl_minutes: float = 10
    statements: int = 40
    transitions: int = 20
    events_a_minute: float = 500_000


TEXT = """# What it costs

`python -m infra.cost_model` writes this page for a `prod` environment: list prices of us-east-1 without free tiers and
taxes, each with its source below. AWS's pages show most prices by script; where one could be found quoted elsewhere on
{looked_up}, the table names that page, and all of those agreed. The others were entered in {entered}. *Idle* is an
environment that nobody uses: alarms, dashboard, a cached snapshot of the api function, polls of the webhooks' queue,
and hourly executions that find nothing to do.

{costs}

## The three largest levers at low traffic

1. How often the pipeline builds: crawler, Glue jobs and dbt cost {builds:,.0f} USD a month when each hour has new data.
   `pipeline_schedule` of dev runs three times a day, for an eighth of it.
2. The crawler alone costs {crawler:,.0f} USD: each crawl is billed for ten minutes, and only bronze analysts need it.
   `crawl_hours` of [infra/environments.py](../infra/environments.py) makes it rarer: 24 leaves {daily_crawl:,.0f} USD.
3. Alarms, metrics and logs cost {cloudwatch:,.0f} USD, whatever the traffic.

At high traffic they are the write units of DynamoDB, the requests of API Gateway, and the time of the api function.

## What a request and a run use

| input | value |
|---|---|
{inputs}

Their meaning and units are in `Usage` of [infra/cost_model.py](../infra/cost_model.py).

## Prices

| US dollars | per | source | looked up |
|---|---|---|---|
{prices}
"""
# of the stacks, as docs/alarms.md lists them
ALARMS, COMPOSITE_ALARMS, CUSTOM_METRICS = 132, 10, 47
FIREHOSE_STEP = 5_000
# five long polls of 20 seconds at a time, however empty the queue of the webhooks is
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLS = 5 * 3 * 60 * 24 * DAYS
# changes that one invocation of change capture and of the webhooks' look-up takes
BATCH = 20


def _cost(name: str, amount: float) -> float:
    return PRICES[name].dollars * amount


def monthly(requests_a_day: int, usage: Usage) -> dict[str, float]:
    """Dollars a month by service.

    Args:
        requests_a_day: to the API; 0 is an environment that nobody uses.
        usage: what each of them needs.
    """
    requests = requests_a_day * DAYS
    writes = requests * usage.write_share
    # with no traffic, an execution ends after its first state: nothing is built
    runs = usage.runs if requests else 0
    silver = runs * usage.silver_minutes + writes / usage.events_a_minute
    snapshot = _cost("snapshot", 1.0 * DAYS * 86_400)
    deliveries = writes * usage.webhook_share
    stored = writes * (usage.item_bytes + 0.2 * usage.change_bytes) / GB
    return {
        "API Gateway": _cost("http_api", requests),
        "Lambda": _cost("lambda_request", requests + 2 * writes / BATCH + deliveries / 10)
        + _cost("lambda_time", requests * usage.request_seconds + 2 * writes / BATCH * 0.5 * 0.3)
        # ten events at once to receivers that take a second
        + _cost("lambda_time", deliveries / 10 * 0.5)
        + snapshot,
        "DynamoDB": _cost("write_unit", writes * usage.write_units)
        # each change is looked up among its user's webhooks, and each delivery is recorded
        + _cost("read_unit", (requests - writes) * usage.read_units + writes * 0.5)
        + _cost("write_unit", deliveries * 2)
        + _cost("table_storage", writes * usage.item_bytes / GB),
        "Firehose": _cost("firehose", (writes + requests) * FIREHOSE_STEP),
        "S3": _cost("s3_storage", stored) + _cost("s3_write", runs * 200 + 2 * 60 * 24 * DAYS * (requests > 0)),
        "Glue jobs": _cost("glue", silver * 2 / 60) + _cost("glue_flex", DAYS * 5 * 2 / 60),
        "Glue crawler": _cost("glue", runs * usage.crawl_minutes / 60),
        # the comparison of table and silver: of everything each week, of what is new each night
        "CodeBuild": _cost("build", runs * usage.gold_minutes + 4 * 5 + DAYS * 2),
        "Athena": _cost("athena", runs * usage.statements * max(10e6, stored * GB / 1_000)),
        # sent, received and deleted
        "SQS": _cost("queue", POLLS + 3 * deliveries),
        "Step Functions": _cost("transition", usage.runs * 4 + runs * usage.transitions),
        "CloudWatch": _cost("logs", requests * usage.log_bytes + usage.runs * 20_000)
        + _cost("alarm", ALARMS)
        + _cost("composite_alarm", COMPOSITE_ALARMS)
        + _cost("metric", CUSTOM_METRICS)
        + _cost("dashboard", 1),
        "Secrets and key": _cost("secret", 3) + _cost("key", 1),
    }


def page(usage: Usage) -> str:
    """The text of docs/cost.md."""
    columns = (0, *REQUESTS_A_DAY)
    costs = {requests: monthly(requests, usage) for requests in columns}
    head = ["| US dollars a month | idle | " + " | ".join(f"{each:,} requests a day" for each in REQUESTS_A_DAY) + " |"]
    head.append("|---" * (len(columns) + 1) + "|")
    rows = [
        f"| {service} | " + " | ".join(f"{costs[each][service]:,.2f}" for each in columns) + " |"
        for service in costs[0]
    ]
    rows.append("| **total** | " + " | ".join(f"**{sum(costs[each].values()):,.2f}**" for each in columns) + " |")
    inputs = [f"| `{field.name}` | {getattr(usage, field.name):,} |" for field in dataclasses.fields(usage)]
    prices = [
        f"| {price.dollars:.10g} | {price.unit} | {price.source} | {_looked_up(price)} |" for price in PRICES.values()
    ]
    small = costs[REQUESTS_A_DAY[0]]
    return TEXT.format(
        entered=ENTERED,
        looked_up=LOOKED_UP,
        costs="\n".join([*head, *rows]),
        builds=small["Glue crawler"] + small["Glue jobs"] + small["CodeBuild"],
        crawler=small["Glue crawler"],
        daily_crawl=_cost("glue", DAYS * usage.crawl_minutes / 60),
        cloudwatch=small["CloudWatch"],
        inputs="\n".join(inputs),
        prices="\n".join(prices),
    )


def _looked_up(price: Price) -> str:
    return f"{LOOKED_UP} in {price.quoted}" if price.quoted else f"{ENTERED}, not found since"


if __name__ == "__main__":
    PAGE.write_text(page(Usage()))
    print(PAGE.relative_to(ROOT), file=sys.stderr)
