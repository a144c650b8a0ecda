"""One run at a time: the run lock belongs to one execution, for as long as that is running.

A conditional write decides between two that start at once. The lock is never released: an execution that finds it held
by one that has ended, however it ended, takes it over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

KEY = contract.Key(contract.PIPELINE_PARTITION, "LOCK").typed()
RUNNING = ("RUNNING", "PENDING_REDRIVE")
# an execution that Step Functions does not know has just begun, or is older than the history that it keeps (90 days)
NEW = timedelta(hours=1)


def acquire(table: "DynamoDBClient", name: str, machines: "SFNClient", execution: str, now: datetime) -> str:
    """Acquire the run lock for an execution, if it is free.

    Args:
        table: client of the table that holds the lock.
        name: of that table.
        machines: says whether an execution is still under way.
        execution: its ARN; that it holds the lock already is no obstacle.
        now: this instant.

    Returns:
        the ARN of the execution that holds the lock.
    """
    item = {**KEY, "entity_type": {"S": "LOCK"}, "holder": {"S": execution}, "acquired_at": {"S": now.isoformat()}}
    held = table.get_item(TableName=name, Key=KEY, ConsistentRead=True).get("Item")
    if held is None:
        free, values = "attribute_not_exists(PK)", {}
    elif held["holder"]["S"] != execution and _is_running(machines, held, now):
        return held["holder"]["S"]
    else:
        # taken over by another meanwhile, it has another time of acquisition
        free, values = (
            "holder = :holder and acquired_at = :acquired_at",
            {
                ":holder": held["holder"],
                ":acquired_at": held["acquired_at"],
            },
        )
    condition: dict[str, Any] = {"ConditionExpression": free}
    if values:
        condition["ExpressionAttributeValues"] = values
    try:
        table.put_item(TableName=name, Item=item, **condition)
    except table.exceptions.ConditionalCheckFailedException:
        return table.get_item(TableName=name, Key=KEY, ConsistentRead=True)["Item"]["holder"]["S"]
    return execution


def _is_running(machines: "SFNClient", held: Mapping[str, Any], now: datetime) -> bool:
    try:
        return machines.describe_execution(executionArn=held["holder"]["S"])["status"] in RUNNING
    except machines.exceptions.ExecutionDoesNotExist:
        return now - datetime.fromisoformat(held["acquired_at"]["S"]) < NEW
