"""`insights erase-user ID`: a user gone from table and lake, for an operator who will not wait for the night.

What the API's `DELETE /users` does, done for the user: a request for the lake, then tasks, idempotency records,
figures, and the profile last. Then the maintenance job runs, with the requests only.

Exit status: 0 erased, 1 not (or AWS refused), 2 the command line is wrong, 130 interrupted; it may be repeated.
"""

import datetime as dt
import json
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.status import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient

TABLE = "todo-app-data"
JOB = "todo-silver-maintenance"
POLL_SECONDS = 2.0
ENDED = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")
GOLD = "gold follows with `insights pipeline start --full-refresh`"


def erase_user(
    user_id: Annotated[str, typer.Argument(metavar="ID", help="The user's identifier: the subject of their tokens.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[int, typer.Option(help="Seconds to wait for the user's last changes to reach the lake.")] = 600,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Erase a user for good from the table, from bronze with all its versions, and from silver with its history."""
    console = Console(stderr=True)
    if not yes and not typer.confirm(f"Erase user {user_id} and all their tasks for good?", err=True):
        raise typer.Exit(1)
    with console.status("deleting from the table") as status:
        deleted = forget(boto3.client("dynamodb"), TABLE, user_id)
        console.print(f"table: {deleted} items deleted")
        run = _maintain(boto3.client("glue"), wait, status)
    if run["JobRunState"] != "SUCCEEDED":
        typer.echo(f"{JOB} {run['Id']} {run['JobRunState']}: {run.get('ErrorMessage', '')}", err=True)
        raise typer.Exit(1)
    report = _report(run["Arguments"]["--report"])
    if as_json:
        typer.echo(json.dumps({"table_items": deleted, **report}))
    for name, count in report["counts"].items():
        console.print(f"{name.replace('_', ' ')}: {count}")
    if report["pending"]:
        console.print(
            "the user's last changes have not reached the lake; the request stays and the nightly maintenance works it "
            "off, or repeat this command"
        )
        raise typer.Exit(1)
    console.print(f"erased; {GOLD}")


def forget(dynamodb: "DynamoDBClient", table: str, user_id: str) -> int:
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
                "PK": {"S": "ERASURE"},
                "SK": {"S": user_id},
                "entity_type": {"S": "ERASURE"},
                "requested_at": {"S": dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")},
                "request_id": {"S": str(uuid.uuid4())},
            },
            # a request that the API has left keeps its time, and how far it has come no longer matters
            ConditionExpression="attribute_not_exists(PK)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        dynamodb.update_item(
            TableName=table,
            Key={"PK": {"S": "ERASURE"}, "SK": {"S": user_id}},
            UpdateExpression="REMOVE next_part",
        )
    found = (_tasks(dynamodb, table, user_id), _records(dynamodb, table, user_id), _rest(user_id))
    return sum(_delete(dynamodb, table, key) for keys in found for key in keys)


def _tasks(dynamodb: "DynamoDBClient", table: str, user_id: str) -> Iterator[Any]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": f"TASK#{user_id}"}},
        ProjectionExpression="PK, SK",
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _records(dynamodb: "DynamoDBClient", table: str, user_id: str) -> Iterator[Any]:
    # they have a partition each, so only a scan finds a user's
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="begins_with(PK, :prefix)",
        ExpressionAttributeValues={":prefix": {"S": f"IDEMPOTENCY#{user_id}:"}},
        ProjectionExpression="PK, SK",
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _rest(user_id: str) -> Iterator[Any]:
    for entity in ("INSIGHTS", "USER"):
        yield {"PK": {"S": f"{entity}#{user_id}"}, "SK": {"S": "METADATA"}}


def _delete(dynamodb: "DynamoDBClient", table: str, key: Any) -> bool:
    """Delete an item; whether there was one."""
    return "Attributes" in dynamodb.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")


def _maintain(glue: "GlueClient", wait: int, status: Status) -> Any:
    """Run the maintenance job with the requests only, and wait for its end; the run."""
    defaults = glue.get_job(JobName=JOB)["Job"]["DefaultArguments"]
    report = f"{defaults['--TempDir']}erasures/{uuid.uuid4()}.json"
    given = {"--erasures-only": "true", "--wait-seconds": str(wait), "--report": report}
    try:
        run_id = glue.start_job_run(JobName=JOB, Arguments=given)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException:
        typer.echo(f"{JOB} is running; it works the request off now or the next time, or repeat this command", err=True)
        raise typer.Exit(1) from None
    while True:
        run = glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"]
        if run["JobRunState"] in ENDED:
            return run
        status.update(f"erasing from the lake: {JOB} {run['JobRunState'].lower()}, {run.get('ExecutionTime', 0)} s")
        time.sleep(POLL_SECONDS)


def _report(uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found: dict[str, Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
