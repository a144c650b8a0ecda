"""The function behind the state PublishInsights: the users' insights, the business's figures, the run's own row.

It may be tried again as often as it takes: every write replaces what an earlier attempt wrote.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from orchestration.publish import figure_alerts, insights, kpis, query, runs, table
from orchestration.publish_progress import Progress, read_progress
from transforms.alert_contract import ALERTS

logger = Logger()
athena, s3 = boto3.client("athena"), boto3.client("s3")
cloudwatch, sns = boto3.client("cloudwatch"), boto3.client("sns")
items = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
WORKGROUP, DATABASE = os.environ["ATHENA_WORKGROUP"], os.environ["GOLD_DATABASE"]
GOLD, ARTIFACTS = os.environ["GOLD_BUCKET"], os.environ["ARTIFACTS_BUCKET"]
USERS = f"select {', '.join(insights.COLUMNS)} from user_insights where {{}} order by as_of, user_id"  # noqa: S608
KPIS = "select metric, value from business_metrics_kpis"


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Publish what gold says now.

    Args:
        event: `plan`; `started`, when the execution did; `seconds`, by stage; `workers` of the silver job.

    Raises:
        QueryFailed: gold cannot be read.
    """
    plan, now = event["plan"], datetime.now(UTC)
    since = Progress() if plan["full_refresh"] else read_progress(s3, GOLD)
    published = table.publish(items, s3, GOLD, _rows(USERS.format(since.condition())), since)
    metrics = list(_rows(KPIS))
    silver = _read(plan["report"].removeprefix(f"s3://{ARTIFACTS}/"))
    build = _read(f"dbt/{plan['run']}/run_results.json")
    left_out = kpis.left_out(published["skipped"], silver, build)
    items.reload()
    size = kpis.table_size(items.item_count, items.table_size_bytes)
    kpis.put_metric_data(cloudwatch, [*kpis.make_metric_data(metrics), *size, *left_out])
    published["users"] = _users(metrics)
    started = datetime.fromisoformat(event["started"])
    runs.write(s3, GOLD, runs.row(event, silver, build, published["users"], now), started.strftime("%Y-%m-%d"))
    if plan["watermark"]:
        table.save_watermark(items, plan["watermark"])
    _notify()
    logger.info("published", extra=published)
    return published


def _notify() -> None:
    """Send what figures have crossed; that it cannot be sent keeps nothing from being published."""
    topic = os.environ["FIGURE_ALERTS_TOPIC"]

    def send(subject: str, text: str) -> None:
        figure_alerts.publish(sns, topic, subject, text)

    try:
        queries = figure_alerts.read_saved_queries(athena, WORKGROUP)
        figure_alerts.notify(ALERTS, queries, _rows, s3, GOLD, send)
    except (ClientError, KeyError, query.QueryFailed):
        logger.exception("figure alerts were not evaluated")


def _rows(sql: str) -> Iterator[dict[str, str]]:
    return query.rows(athena, s3, WORKGROUP, DATABASE, sql)


def _users(metrics: Iterable[Mapping[str, str]]) -> int:
    return next((round(float(row["value"])) for row in metrics if row["metric"] == "total_users"), 0)


def _read(key: str) -> Mapping[str, Any]:
    try:
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return {}  # a stage that was skipped left none
    return found
