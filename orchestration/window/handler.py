"""The function behind the state ResolveWindow.

It returns `{"holder": arn, "plan": {…}}`: which execution holds the run lock, and, when it is the caller, what the
stages are to do. An execution that is redriven acquires the lock only and keeps the plan that it has.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ingestion.discarded import list_discarded
from orchestration import run_lock
from orchestration.window.discarded import report_discarded
from orchestration.window.plan import Sources, plan
from orchestration.window.request import Request

logger = Logger()
table, machines = boto3.client("dynamodb"), boto3.client("stepfunctions")
sources = Sources(
    s3=boto3.client("s3"),
    glue=boto3.client("glue"),
    table=table,
    table_name=os.environ["TABLE_NAME"],
    bronze=os.environ["BRONZE_BUCKET"],
    artifacts=os.environ["ARTIFACTS_BUCKET"],
    gold=os.environ["GOLD_BUCKET"],
    crawler=os.environ["CRAWLER_NAME"],
    # a little less: starts of a schedule vary by seconds
    crawl_interval=timedelta(hours=int(os.environ["CRAWL_HOURS"])) * 0.95,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Check `event["input"]`, acquire the run lock for `event["execution"]`, and make its plan.

    Raises:
        InvalidInput: the input is not one that the pipeline takes.
    """
    request, execution, now = Request.read(event["input"]), event["execution"], datetime.now(UTC)
    holder = run_lock.acquire(table, sources.table_name, machines, execution, now)
    if holder != execution:
        logger.info("another execution holds the lock", holder=holder)
        return {"holder": holder}
    report_discarded(list_discarded(sources.s3, sources.bronze))
    if event["resuming"]:
        return {"holder": holder}
    made = plan(sources, request, execution.rsplit(":", 1)[-1], now)
    logger.info("planned", objects=made["objects"], late_objects=made["late_objects"], left_out=made["left_out"])
    return {"holder": holder, "plan": made}
