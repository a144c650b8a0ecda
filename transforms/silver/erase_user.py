"""What an operator erases a user with, without waiting for the night: the table's items, then the maintenance job.

It does what the API's `DELETE /users` does: a request for the lake, then tasks, idempotency records, figures, and the
profile last. The maintenance job is run with the requests only, and starts the execution of the pipeline that builds
gold anew. All of it may be repeated. The command is `infra.cli.erase_user`.
"""

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3

from api import contract
from transforms.contract import SILVER_MAINTENANCE_JOB

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient

POLL_SECONDS = 2.0
# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
FINAL_STATES = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")


class MaintenanceRunningError(Exception):
    """The maintenance job is running already, and one run of it happens at a time."""


def delete_user_items(dynamodb: "DynamoDBClient", table: str, user_id: str) -> int:
    """Leave a request to erase a user, then delete what the table holds of them; how many items.

    Args:
        dynamodb: the client.
        table: the application's table.
        user_id: whom; that there is no such user is no error, the lake may know them still.
    """
    try:
        dynamodb.put_item(
            TableName=table,
            Item={
                **contract.erasure_key(user_id).typed(),
                "entity_type": {"S": contract.EntityType.ERASURE.value},
                "requested_at": {"S": dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")},
                "erasure_id": {"S": str(uuid.uuid4())},
                "generation": {"S": ""},
                "request_id": {"S": str(uuid.uuid4())},
            },
            # a request that the API has left keeps its time, and how far it has come no longer matters
            ConditionExpression="attribute_not_exists(PK)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        dynamodb.update_item(
            TableName=table,
            Key=contract.erasure_key(user_id).typed(),
            UpdateExpression="REMOVE deleting_since",
        )
    tasks = _keys(dynamodb, table, contract.task_partition(user_id))
    records = _keys(dynamodb, table, contract.idempotency_partition(user_id))
    rest = (contract.insights_key(user_id).typed(), contract.user_key(user_id).typed())
    return sum(_delete(dynamodb, table, key) for keys in (tasks, records, rest) for key in keys)


def _keys(dynamodb: "DynamoDBClient", table: str, partition: str) -> Iterator[Any]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="PK = :partition",
        ExpressionAttributeValues={":partition": {"S": partition}},
        ProjectionExpression="PK, SK",
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _delete(dynamodb: "DynamoDBClient", table: str, key: Any) -> bool:
    """Delete an item; whether there was one."""
    return "Attributes" in dynamodb.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")


def run_maintenance(glue: "GlueClient", wait: int, build_gold: bool, progress: Callable[[str, int], None]) -> Any:
    """Run the maintenance job with the requests to erase only, and wait for its end; the run as Glue describes it.

    Args:
        glue: the client.
        wait: seconds that the job waits for a user's last changes to reach the lake.
        build_gold: whether the job starts the execution that builds gold anew.
        progress: gets the run's state and how many seconds it has run, every other second.

    Raises:
        MaintenanceRunningError: the job is running.
    """
    defaults = glue.get_job(JobName=SILVER_MAINTENANCE_JOB)["Job"]["DefaultArguments"]
    given = {
        "--erasures-only": "true",
        "--wait-seconds": str(wait),
        "--build-gold": str(build_gold).lower(),
        "--report": f"{defaults['--TempDir']}erasures/{uuid.uuid4()}.json",
    }
    try:
        run_id = glue.start_job_run(JobName=SILVER_MAINTENANCE_JOB, Arguments=given)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException:
        raise MaintenanceRunningError(f"{SILVER_MAINTENANCE_JOB} is running") from None
    while True:
        run = glue.get_job_run(JobName=SILVER_MAINTENANCE_JOB, RunId=run_id)["JobRun"]
        if run["JobRunState"] in FINAL_STATES:
            return run
        progress(run["JobRunState"], run.get("ExecutionTime", 0))
        time.sleep(POLL_SECONDS)


def read_report(uri: str) -> dict[str, Any]:
    """The report of a run of the maintenance job, at `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found: dict[str, Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
