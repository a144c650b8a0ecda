"""Table and silver compared: equal after a history, and every way in which they can differ is told."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Account
from tests.integration.transforms.conftest import YESTERDAY, Lake
from tests.integration.transforms.history import History, at, random_history
from transforms.reconcile.check import check, check_changed
from transforms.reconcile.command import moment
from transforms.reconcile.compare import Difference

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


class Items:
    """A table that holds what a history has left."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, history: History) -> None:
        self.dynamodb, self.table, self.history = dynamodb, table, history
        for key in history.items:
            self.put(key)

    def put(self, key: str) -> None:
        self.dynamodb.put_item(TableName=self.table, Item=self.history.items[key])

    def delete(self, key: str) -> None:
        item = self.history.items[key]
        self.dynamodb.delete_item(TableName=self.table, Key={"PK": item["PK"], "SK": item["SK"]})


@pytest.fixture
def items(account: Account, unique: str) -> Iterator[Items]:
    history = random_history(3, 80)
    history.sign_up("u-9", "Grace@Example.com", "Grace")
    history.create_task("t-last", category="home", due_date="2026-12-01")
    dynamodb = account.session.client("dynamodb")
    name = f"reconcile-{unique}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        BillingMode="PAY_PER_REQUEST",
    )
    yield Items(dynamodb, name, history)
    dynamodb.delete_table(TableName=name)


def test_every_difference_between_table_and_silver_is_reported_and_nothing_else(items: Items, lake: Lake) -> None:
    history, started = items.history, dt.datetime.now(dt.UTC)
    lake.arrive(f"{YESTERDAY}T09", history.lines)
    lake.run()
    found = check(items.dynamodb, items.table, lake.database)
    assert found.differences == 0
    tasks = [key for key in history.items if key.startswith("t-")]
    assert found.tasks.table == found.tasks.silver == len(tasks) > 3
    assert found.users.table == found.users.silver == len(history.items) - len(tasks) > 0

    silent, gone = tasks[0], "t-last"
    captured = len(history.lines)
    history.write(silent, title="Changed, and nobody captured it")
    history.create_task("t-new")
    items.put(silent)
    items.put("t-new")
    items.delete(gone)
    changed = check(items.dynamodb, items.table, lake.database)
    assert sorted(changed.tasks.examples, key=lambda one: one.kind) == [
        Difference(silent, "different", ("title", "updated_at", "version")),
        Difference("t-new", "missing in silver"),
        Difference(gone, "only in silver"),
    ]
    assert changed.document()["differences"] == 3
    # rows of silver are looked up in the table, so what silver has never heard of is not among them
    lately = check_changed(items.dynamodb, started, items.table, lake.database)
    assert {one.key for one in lately.tasks.examples} == {silent, gone}
    assert (lately.tasks.silver, lately.users.differences) == (len(tasks), 0)
    assert check_changed(items.dynamodb, dt.datetime.now(dt.UTC), items.table, lake.database).tasks.silver == 0
    since = check(items.dynamodb, items.table, lake.database, before=moment(at(history.now - 2)))
    assert [one.key for one in since.tasks.examples] == [gone]

    lake.arrive(f"{YESTERDAY}T10", history.lines[captured:])
    history.remove(gone)
    lake.arrive(f"{YESTERDAY}T10", history.lines[-1:])
    captured = len(history.lines)
    history.write(silent, title="Changed while the table is read")

    def change(_: int) -> None:
        """Once: the item changes after it was read, and silver follows before it is read."""
        if len(history.lines) > captured:
            items.put(silent)
            lake.arrive(f"{YESTERDAY}T11", history.lines[captured:])
            del history.lines[captured:]
            lake.run()

    assert check(items.dynamodb, items.table, lake.database, seen=change).differences == 0


def test_a_user_whose_erasure_is_on_its_way_is_left_out(items: Items, lake: Lake) -> None:
    lake.arrive(f"{YESTERDAY}T09", items.history.lines)
    lake.run()
    of_user = [key for key, item in items.history.items.items() if item["user_id"] == {"S": "u-1"}]
    assert of_user
    items.dynamodb.put_item(
        TableName=items.table,
        Item={"PK": {"S": "ERASURE"}, "SK": {"S": "u-1"}, "entity_type": {"S": "ERASURE"}},
    )
    for key in of_user:
        items.delete(key)
    assert check(items.dynamodb, items.table, lake.database).differences == 0
