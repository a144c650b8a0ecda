"""What a table's requests consume is in its metrics, and in a response only when its client asked.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.local.conftest import measured

pytestmark = pytest.mark.account


@pytest.fixture
def table(account: Account, unique: str) -> Any:
    account.session.client("dynamodb").create_table(
        TableName=unique,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return account.session.resource("dynamodb").Table(unique)


def test_what_requests_consume_is_in_the_tables_metrics(account: Account, table: Any) -> None:
    assert "ConsumedCapacity" not in table.put_item(Item={"PK": "a"})
    table.meta.client.transact_write_items(TransactItems=[{"Put": {"TableName": table.name, "Item": {"PK": "b"}}}])
    response = table.get_item(Key={"PK": "a"}, ConsistentRead=True, ReturnConsumedCapacity="TOTAL")
    assert response["ConsumedCapacity"] == {"TableName": table.name, "CapacityUnits": 1.0}

    # a transactional write counts twice
    assert measured(account, "AWS/DynamoDB", table.name, "ConsumedWriteCapacityUnits") == 3
    assert measured(account, "AWS/DynamoDB", table.name, "ConsumedReadCapacityUnits") == 1


def test_a_request_that_fails_consumes_nothing_here(account: Account, table: Any) -> None:
    with pytest.raises(table.meta.client.exceptions.ConditionalCheckFailedException):
        table.put_item(Item={"PK": "a"}, ConditionExpression="attribute_exists(PK)")
    assert measured(account, "AWS/DynamoDB", table.name, "ConsumedWriteCapacityUnits") == 0
