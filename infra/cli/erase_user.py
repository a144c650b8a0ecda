"""`insights erase-user ID`: a user gone from table and lake, for an operator who will not wait for the night.

Exit status: 0 erased, 1 not or not from gold (or AWS refused), 2 the command line is wrong, 130 interrupted; it may be
repeated.
"""

import json
import pathlib
import re
import uuid
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.status import Status

from api import contract
from api.repositories.erasures import ErasureRepository
from api.services.erasure import erase_for_operator
from infra.cli.athena import QueryError, run_query
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.options import AsJson
from infra.cli.target import writes
from infra.cli.wait import POLL_SECONDS, poll
from infra.resource_names import EMAIL_HASH_SECRET
from orchestration.executions import history, state_machine
from transforms.contract import SILVER_DATABASE, SILVER_MAINTENANCE_JOB
from transforms.silver.certificate import hash_subject
from transforms.silver.erase_user import MaintenanceRunningError, read_report, run_maintenance

IDENTIFIER = re.compile(r"[\w.:@-]{1,128}", re.ASCII)
LATER = "the nightly maintenance works the request off, or repeat this command"


@writes()
@explain_errors()
def erase_user(
    user_id: Annotated[str, typer.Argument(metavar="ID", help="The user's identifier: the subject of their tokens.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[int, typer.Option(help="Seconds to wait for the user's last changes to reach the lake.")] = 600,
    no_gold: Annotated[bool, typer.Option("--no-gold", help="Leave gold to the next build of the pipeline.")] = False,
    certificate: Annotated[
        pathlib.Path | None, typer.Option(metavar="FILE", help="Write the signed certificate of the erasure here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase a user from the table and the lake.

    From the table, from bronze with all its versions, from silver with its history and from results of queries; then
    gold is rebuilt.
    """
    if not IDENTIFIER.fullmatch(user_id):
        raise typer.BadParameter(f"{user_id!r} is no user's identifier", param_hint="ID")
    if not (is_in_table(user_id) or is_in_silver(user_id)):
        fail(
            f"there is no user {user_id}, neither in the table nor in silver; nothing was erased",
            "the identifier is the `sub` of the user's tokens, and `user_id` of `GET /users`",
        )
    if not yes and not typer.confirm(f"Erase user {user_id} and all their tasks for good?", err=True):
        raise typer.Exit(1)
    report = run_erasure(user_id, wait, build_gold=not no_gold, as_json=as_json)
    if certificate:
        write_certificate(report, user_id, certificate)


def run_erasure(user_id: str, wait: int, *, build_gold: bool, as_json: bool) -> dict[str, Any]:
    """Erase a user, show how far that has come, and say how it ended.

    Args:
        user_id: whom.
        wait: seconds to wait for the user's last changes to reach the lake.
        build_gold: whether gold is built anew, and waited for.
        as_json: print the report.

    Returns:
        the report of the maintenance job.

    Raises:
        typer.Exit: with 1, when something is left.
    """
    console = terminal(stderr=True)
    with console.status("deleting from the table") as status:
        erasures = ErasureRepository(boto3.client("dynamodb"), contract.TABLE_NAME)
        deleted = erase_for_operator(erasures, user_id, str(uuid.uuid4()))
        console.print(f"table: {deleted} items deleted")
        try:
            run = run_maintenance(
                boto3.client("glue"),
                wait,
                build_gold,
                lambda state, seconds: status.update(
                    f"erasing from the lake: {SILVER_MAINTENANCE_JOB} {state.lower()}, {seconds} s"
                ),
            )
        except MaintenanceRunningError as error:
            fail(str(error), LATER)
        if run["JobRunState"] != "SUCCEEDED":
            fail(
                f"{SILVER_MAINTENANCE_JOB} {run['Id']} {run['JobRunState']}: {run.get('ErrorMessage', '')}",
                LATER,
            )
        report = read_report(run["Arguments"]["--report"])
        for name, count in report["counts"].items():
            console.print(f"{name.replace('_', ' ')}: {count}")
        gold = _follow(report["execution"], status) if report["execution"] else None
    if as_json:
        print_json({"table_items": deleted, **report, "gold": gold})
    _conclude(console, report, gold)
    return report


def write_certificate(report: dict[str, Any], user_id: str, path: pathlib.Path) -> None:
    """Write the user's certificate, which the maintenance job has signed, to a file.

    Raises:
        typer.Exit: with 1, when the run made none for this user.
    """
    key = boto3.client("secretsmanager").get_secret_value(SecretId=EMAIL_HASH_SECRET)["SecretString"].encode()
    subject = hash_subject(key, user_id)
    found = next((one for one in report["certificates"] if one["subject"] == subject), None)
    if found is None:
        fail("the run made no certificate for this user", LATER)
    path.write_text(json.dumps(found, indent=2) + "\n")


def _follow(execution_arn: str, status: Status) -> str:
    """Wait for the end of the execution that builds gold; how it ended."""
    for timeline in poll(state_machine.timeline_reader(execution_arn), POLL_SECONDS):
        if timeline.status is not history.Status.RUNNING:
            return timeline.status.value
        current = timeline.states[-1].name if timeline.states else "begins"
        status.update(f"building gold anew: {current}")
    raise AssertionError("polling has no time limit")


def _conclude(console: Console, report: dict[str, Any], gold: str | None) -> None:
    if report["pending"]:
        fail("the user's last changes have not reached the lake", LATER)
    if gold not in (None, "SUCCEEDED"):
        name = state_machine.execution_name(report["execution"])
        fail(
            f"erased from table, bronze and silver; the build of gold {gold}",
            f"`insights pipeline describe {name}` says why, and `insights pipeline redrive {name}` goes on with it",
        )
    console.print("erased" if gold else "erased; gold follows with the next build of the pipeline")


def is_in_table(user_id: str) -> bool:
    """Whether the table has the user's profile, a task of theirs or a request to erase them."""
    dynamodb = boto3.client("dynamodb")
    keys = (contract.user_key(user_id), contract.erasure_key(user_id))
    if any(
        "Item" in dynamodb.get_item(TableName=contract.TABLE_NAME, Key=key.typed(), ConsistentRead=True) for key in keys
    ):
        return True
    tasks = dynamodb.query(
        TableName=contract.TABLE_NAME,
        KeyConditionExpression="PK = :tasks",
        ExpressionAttributeValues={":tasks": {"S": contract.task_partition(user_id)}},
        Limit=1,
    )
    return bool(tasks["Items"])


def is_in_silver(user_id: str) -> bool:
    """Whether silver has a row of the user or of a task of theirs; False while silver has not been built.

    Args:
        user_id: matches `IDENTIFIER`, so it can stand in the statement.
    """
    sql = (
        f"select 1 from {SILVER_DATABASE}.users where user_id = '{user_id}' "  # noqa: S608 - see IDENTIFIER
        f"union all select 1 from {SILVER_DATABASE}.tasks where user_id = '{user_id}' limit 1"
    )
    try:
        return bool(run_query(sql).rows)
    except QueryError as error:
        if "NOT_FOUND" in str(error) or "does not exist" in str(error):
            return False
        raise
