"""One run at a time: the turn belongs to one execution, for as long as that is running.

A conditional write decides between two that start at once. Nobody has to give the turn back: whoever finds it in the
hands of an execution that has ended, however it ended, takes it over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

KEY = contract.Key(contract.PIPELINE_PARTITION, "TURN").typed()
UNDER_WAY = ("RUNNING", "PENDING_REDRIVE")
# an execution that Step Functions does not know has just begun, or is older than the history that it keeps (90 days)
NEW = timedelta(hours=1)


def take(table: "DynamoDBClient", name: str, machines: "SFNClient", execution: str, now: datetime) -> str:
    """Take the turn for an execution, if it is free.

    Args:
        table: client of the table that holds the turn.
        name: of that table.
        machines: tells whether an execution is still under way.
        execution: the ARN of the one that asks; that it has the turn already is no obstacle.
        now: this instant.

    Returns:
        the ARN of the execution whose turn it is.
    """
    mine = {**KEY, "entity_type": {"S": "TURN"}, "holder": {"S": execution}, "taken_at": {"S": now.isoformat()}}
    held = table.get_item(TableName=name, Key=KEY, ConsistentRead=True).get("Item")
    if held is None:
        free, values = "attribute_not_exists(PK)", {}
    elif held["holder"]["S"] != execution and _is_under_way(machines, held, now):
        return held["holder"]["S"]
    else:
        # taken over by another meanwhile, it has another time of taking
        free, values = (
            "holder = :holder and taken_at = :taken_at",
            {
                ":holder": held["holder"],
                ":taken_at": held["taken_at"],
            },
        )
    condition: dict[str, Any] = {"ConditionExpression": free}
    if values:
        condition["ExpressionAttributeValues"] = values
    try:
        table.put_item(TableName=name, Item=mine, **condition)
    except table.exceptions.ConditionalCheckFailedException:
        return table.get_item(TableName=name, Key=KEY, ConsistentRead=True)["Item"]["holder"]["S"]
    return execution


def _is_under_way(machines: "SFNClient", held: Mapping[str, Any], now: datetime) -> bool:
    try:
        return machines.describe_execution(executionArn=held["holder"]["S"])["status"] in UNDER_WAY
    except machines.exceptions.ExecutionDoesNotExist:
        return now - datetime.fromisoformat(held["taken_at"]["S"]) < NEW
