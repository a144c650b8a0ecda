"""A role is held to the partitions that its policy names, whatever the shape of the request."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.account.credentials import role_session
from tests.conftest import Account
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account

MINE, THEIRS = {"S": "TASK#1"}, {"S": "PIPELINE"}
QUERY = {"KeyConditionExpression": "#k = :k AND begins_with(SK, :s)", "ExpressionAttributeNames": {"#k": "PK"}}


def operations(table: str, pk: dict[str, str]) -> dict[str, Callable[[Any], Any]]:
    """Requests about items of one partition, by what they are called."""
    key = {"PK": pk, "SK": {"S": "a"}}
    item = {"TableName": table, "Item": key}
    check = {"TableName": table, "Key": key, "ConditionExpression": "attribute_not_exists(nothing)"}
    values = {":k": pk, ":s": {"S": "a"}}
    return {
        "put": lambda client: client.put_item(TableName=table, Item=key),
        "get": lambda client: client.get_item(TableName=table, Key=key),
        "query": lambda client: client.query(TableName=table, **QUERY, ExpressionAttributeValues=values),
        "batch write": lambda client: client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": key}}]}),
        "batch delete": lambda client: client.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}}]}),
        "batch get": lambda client: client.batch_get_item(RequestItems={table: {"Keys": [key]}}),
        "transaction": lambda client: client.transact_write_items(TransactItems=[{"Put": item}]),
        "check": lambda client: client.transact_write_items(TransactItems=[{"ConditionCheck": check}]),
        "reading transaction": lambda client: client.transact_get_items(
            TransactItems=[{"Get": {"TableName": table, "Key": key}}]
        ),
    }


@pytest.fixture
def table(account: Account, unique: str) -> str:
    name = f"keys-{unique}"
    account.session.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def test_a_role_reads_and_writes_the_partitions_that_its_policy_names_and_no_other(
    role: RoleFactory, table: str
) -> None:
    client = role_session(role("lambda", *allowed(table, "dynamodb:*", "TASK#*")), "keys").client("dynamodb")
    for name, request in operations(table, MINE).items():
        request(client)
        with pytest.raises(ClientError, match="AccessDenied"):
            operations(table, THEIRS)[name](client)


def test_each_operation_of_a_transaction_is_held_to_the_statement_of_its_own_action(
    account: Account, role: RoleFactory, table: str
) -> None:
    statements = [*allowed(table, "dynamodb:PutItem", "TASK#*"), *allowed(table, "dynamodb:DeleteItem", "ERASURE")]
    client = role_session(role("lambda", *statements), "keys").client("dynamodb")

    def send(put: str, delete: str) -> None:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": {"PK": {"S": put}, "SK": {"S": "a"}}}},
                {"Delete": {"TableName": table, "Key": {"PK": {"S": delete}, "SK": {"S": "a"}}}},
            ]
        )

    send("TASK#1", "ERASURE")
    with pytest.raises(ClientError, match="AccessDenied"):
        send("ERASURE", "TASK#1")
    found = account.session.client("dynamodb").scan(TableName=table)["Items"]
    assert [item["PK"]["S"] for item in found] == ["TASK#1"]


def allowed(table: str, action: str, partition: str) -> list[dict[str, Any]]:
    return [
        {
            "Effect": "Allow",
            "Action": action,
            "Resource": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}",
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [partition]}},
        }
    ]
