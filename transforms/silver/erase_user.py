"""`insights erase-user ID`: a user gone from table and lake, for an operator who will not wait for the night.

What the API's `DELETE /users` does, done for the user: a request for the lake, then tasks, idempotency records,
figures, and the profile last. Then the maintenance job runs, with the requests only, and starts the execution of the
pipeline that builds gold anew; the command stays until that has ended, too.

Exit status: 0 erased, 1 not or not from gold (or AWS refused), 2 the command line is wrong, 130 interrupted; it may be
repeated.
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

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_stepfunctions import SFNClient

JOB = "todo-silver-maintenance"
POLL_SECONDS = 2.0
ENDED = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")
RUNNING = ("RUNNING", "PENDING_REDRIVE")
LATER = "the nightly maintenance works the request off, or repeat this command"
CODES = (
    "Exit codes: 0 the user is erased, from gold too unless --no-gold; 1 something is left, and the message says what; "
    "3 the local account is not running; 130 Ctrl-C, what runs in the account goes on."
)


def erase_user(
    user_id: Annotated[str, typer.Argument(metavar="ID", help="The user's identifier: the subject of their tokens.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[int, typer.Option(help="Seconds to wait for the user's last changes to reach the lake.")] = 600,
    no_gold: Annotated[bool, typer.Option("--no-gold", help="Leave gold to the next build of the pipeline.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Erase a user from the table and the lake.

    From the table, from bronze with all its versions, from silver with its history and from results of queries; then
    gold is rebuilt.
    """
    console = Console(stderr=True, highlight=False)
    if not yes and not typer.confirm(f"Erase user {user_id} and all their tasks for good?", err=True):
        raise typer.Exit(1)
    with console.status("deleting from the table") as status:
        deleted = forget(boto3.client("dynamodb"), contract.TABLE_NAME, user_id)
        console.print(f"table: {deleted} items deleted")
        run = _maintain(boto3.client("glue"), wait, not no_gold, status)
        if run["JobRunState"] != "SUCCEEDED":
            typer.echo(f"{JOB} {run['Id']} {run['JobRunState']}: {run.get('ErrorMessage', '')}", err=True)
            raise typer.Exit(1)
        report = _report(run["Arguments"]["--report"])
        for name, count in report["counts"].items():
            console.print(f"{name.replace('_', ' ')}: {count}")
        gold = _follow(boto3.client("stepfunctions"), report["execution"], status) if report["execution"] else None
    if as_json:
        typer.echo(json.dumps({"table_items": deleted, **report, "gold": gold}))
    _conclude(console, report, gold)


def _conclude(console: Console, report: dict[str, Any], gold: str | None) -> None:
    if report["pending"]:
        console.print(f"the user's last changes have not reached the lake; {LATER}")
        raise typer.Exit(1)
    if gold not in (None, "SUCCEEDED"):
        name = report["execution"].rpartition(":")[2]
        console.print(
            f"erased from table, bronze and silver; the build of gold {gold}: `insights pipeline describe {name}` says "
            f"why, and `insights pipeline redrive {name}` goes on with it"
        )
        raise typer.Exit(1)
    console.print("erased" if gold else "erased; gold follows with the next build of the pipeline")


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


def _maintain(glue: "GlueClient", wait: int, build_gold: bool, status: Status) -> Any:
    """Run the maintenance job with the requests only, and wait for its end; the run."""
    defaults = glue.get_job(JobName=JOB)["Job"]["DefaultArguments"]
    report = f"{defaults['--TempDir']}erasures/{uuid.uuid4()}.json"
    given = {
        "--erasures-only": "true",
        "--wait-seconds": str(wait),
        "--build-gold": str(build_gold).lower(),
        "--report": report,
    }
    try:
        run_id = glue.start_job_run(JobName=JOB, Arguments=given)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException:
        typer.echo(f"{JOB} is running; {LATER}", err=True)
        raise typer.Exit(1) from None
    while True:
        run = glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"]
        if run["JobRunState"] in ENDED:
            return run
        status.update(f"erasing from the lake: {JOB} {run['JobRunState'].lower()}, {run.get('ExecutionTime', 0)} s")
        time.sleep(POLL_SECONDS)


def _follow(machines: "SFNClient", execution: str, status: Status) -> str:
    """Wait for the end of an execution; how it ended."""
    while True:
        ended = machines.describe_execution(executionArn=execution)["status"]
        if ended not in RUNNING:
            return ended
        latest = machines.get_execution_history(executionArn=execution, maxResults=20, reverseOrder=True)["events"]
        states = (event["stateEnteredEventDetails"]["name"] for event in latest if "stateEnteredEventDetails" in event)
        status.update(f"building gold anew: {next(states, 'begins')}")
        time.sleep(POLL_SECONDS)


def _report(uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found: dict[str, Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
