"""`insights erase-user`: the command of `transforms.silver`, for a user whom the table or silver knows."""

import functools
import re
from typing import Any

import boto3
import typer

from api import contract
from infra.cli.athena import QueryError, run_query
from infra.cli.errors import explain_errors, fail
from infra.cli.target import writes
from transforms.contract import SILVER_DATABASE
from transforms.silver.erase_user import erase_user as run_erase_user

IDENTIFIER = re.compile(r"[\w.:@-]{1,128}", re.ASCII)


@writes()
@explain_errors()
@functools.wraps(run_erase_user)
def erase_user(**options: Any) -> None:
    """As the command of `transforms.silver`; it refuses an identifier that nobody has."""
    user_id = options["user_id"]
    if not IDENTIFIER.fullmatch(user_id):
        raise typer.BadParameter(f"{user_id!r} is no user's identifier", param_hint="ID")
    if not (is_in_table(user_id) or is_in_silver(user_id)):
        fail(
            f"there is no user {user_id}, neither in the table nor in silver; nothing was erased",
            "the identifier is the `sub` of the user's tokens, and `user_id` of `GET /users`",
        )
    run_erase_user(**options)


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
