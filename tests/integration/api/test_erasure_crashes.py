"""An erasure that is stopped anywhere ends erased, never half: by the user's own request or an operator's command."""

import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import functools
import json
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from api.models.fields import timestamp
from api.repositories.erasures import ErasureRepository
from api.repositories.items import marshal
from api.services.erasure import erase_for_operator
from infra.cli.residues import count_unread, find_names, list_names, read_queue, read_table
from ingestion.cdc.quarantine import format_message
from ingestion.webhooks.message import Message
from tests.conftest import Account
from tests.integration.api.client import Client, in_own_loop
from tests.integration.api.settled import USERS, WRITES, Erasures, Items, kinds, settle
from tests.unit.ingestion.stream import record, task_image

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account


class Crash(Exception):  # noqa: N818 - no fault of the code's
    """The process ends here."""


@contextlib.contextmanager
def crashing(client: Any, when: str, write: int) -> Iterator[None]:
    """For the length of a block, no write comes further than this one.

    Args:
        client: of DynamoDB.
        when: `before` or `after` the write takes effect.
        write: its number, from 0.
    """
    made = [0]

    def crash(**_: Any) -> None:
        made[0] += 1
        if made[0] > write:
            raise Crash

    names = [f"{when}-call.dynamodb.{operation}" for operation in WRITES]
    for name in names:
        client.meta.events.register(name, crash)
    try:
        yield
    finally:
        for name in names:
            client.meta.events.unregister(name, crash)


@dataclasses.dataclass
class Erasers:
    """The two ways to erase a user: the user's own request, and an operator's command.

    Args:
        app: serves the request.
        dynamodb: the command's client.
        table: its name.
    """

    app: FastAPI
    dynamodb: "DynamoDBClient"
    table: str

    def erase(self, who: str, user: Client) -> bool:
        """Erase a user; whether that came to its end."""
        if who == "user":
            return user.send("DELETE", USERS).status == 204
        try:
            erase_for_operator(ErasureRepository(self.dynamodb, self.table), user.user_id, "operator")
        except Crash:
            return False
        return True

    def crash(self, who: str, user: Client, when: str, write: int) -> bool:
        """The same, with a crash; whether it came to its end all the same."""
        client = self.app.state.dynamodb if who == "user" else self.dynamodb
        with crashing(client, when, write):
            return self.erase(who, user)


@pytest.fixture
def erasers(app: FastAPI, account: Account, table: str) -> Erasers:
    return Erasers(app, account.session.client("dynamodb", endpoint_url=account.settings.endpoint), table)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("crashed", "other"), [("user", "operator"), ("operator", "user")])
def test_after_a_crash_anywhere_twice_either_finishes_and_it_is_never_half(
    someone: Callable[..., Client],
    erasers: Erasers,
    items_of: Items,
    erasure_of: Erasures,
    crashed: str,
    other: str,
    when: str,
) -> None:
    ended = False
    write = 0
    while not ended:
        user = someone()
        settle(user, erasers.dynamodb, erasers.table)
        for point in (write, write // 2):
            is_done = erasers.crash(crashed, user, when, point)
            ended = ended or (point == write and is_done)
            remaining, request = items_of(user.user_id), erasure_of(user.user_id)
            # the lake hears of it whenever something is gone, and waits until all of it is
            assert (request is None) == ("USER" in kinds(remaining)), (write, point)
            assert not remaining or request is None or "deleting_since" in request, (write, point)
        assert erasers.erase(other if write % 2 else crashed, user)
        assert items_of(user.user_id) == []
        request = erasure_of(user.user_id)
        assert request
        assert "deleting_since" not in request
        write += 1
    # tasks in two portions, webhooks, records, figures; before them the request, after them its end
    assert write > 6


def test_writes_the_user_s_request_and_the_operator_s_command_side_by_side(
    someone: Callable[..., Client], erasers: Erasers, items_of: Items, erasure_of: Erasures
) -> None:
    for _ in range(3):
        user = someone()
        settle(user, erasers.dynamodb, erasers.table)
        before = {(item["PK"], item["SK"]) for item in items_of(user.user_id)} - {(f"USER#{user.user_id}", "METADATA")}
        began = timestamp(dt.datetime.now(dt.UTC))

        def write(user: Client = user) -> None:
            for number in range(10):
                in_own_loop(lambda: user.create(f"meanwhile {number}"))  # noqa: B023 - called at once

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            work: list[concurrent.futures.Future[Any]] = [
                pool.submit(write),
                pool.submit(erasers.erase, "operator", user),
            ]
            work += [pool.submit(in_own_loop, functools.partial(erasers.erase, "user", user)) for _ in range(2)]
            for done in work:
                done.result()
        left = items_of(user.user_id)
        # whatever is there was written since: the user came back
        assert not {(item["PK"], item["SK"]) for item in left} & before
        assert all(item["created_at"] >= began for item in left if "created_at" in item)
        assert erasure_of(user.user_id)
        assert erasers.erase("user", user)
        assert erasers.erase("operator", user)
        assert items_of(user.user_id) == []


def test_an_operator_s_command_leaves_a_request_for_a_user_of_whom_the_table_knows_nothing(
    erasers: Erasers, erasure_of: Erasures, alice: Client
) -> None:
    assert erasers.erase("operator", alice)
    first = erasure_of(alice.user_id)
    assert first
    assert "deleting_since" not in first
    assert erasers.erase("operator", alice)
    assert erasure_of(alice.user_id) == first


def test_what_is_planted_in_the_table_and_in_queues_is_found_by_the_verifier(
    settled: Client, dynamodb: "DynamoDBClient", table: str, account: Account
) -> None:
    user_id, names = settled.user_id, list_names(settled.user_id)
    sqs = account.session.client("sqs", endpoint_url=account.settings.endpoint)
    queue = f"residues-{uuid.uuid4().hex}"
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]

    def residues() -> set[str]:
        places = [*read_table(dynamodb, table), *read_queue(sqs, queue)]
        return {place for place, body in places if find_names(place, body, names)}

    assert len(residues()) > 30
    assert settled.send("DELETE", USERS).status == 204
    # the request for the lake is kept on purpose
    assert residues() == set()
    planted = [
        *((f"{kind}#{user_id}", "METADATA") for kind in ("USER", "INSIGHTS", "COUNTS")),
        *((f"{kind}#{user_id}", f"{kind}#1") for kind in ("TASK", "WEBHOOK")),
        (f"WEBHOOK#{user_id}", "DELIVERY#1#2026-11-29T12:00:00.000000Z#evt_1"),
        (f"IDEMPOTENCY#{user_id}", "key"),
        ("PIPELINE", f"QUARANTINED#{user_id}"),
    ]
    for partition, sort in planted:
        dynamodb.put_item(TableName=table, Item=marshal({"PK": partition, "SK": sort}))
    began = timestamp(dt.datetime.now(dt.UTC))
    item = task_image(PK={"S": f"TASK#{user_id}"}, user_id={"S": user_id})
    dynamodb.put_item(TableName=table, Item={**item, "PK": {"S": "STRAY"}, "SK": {"S": "in an attribute"}})
    event = Message(user_id, "w-1", began, "e-1", "task.created", began, "{}", 0)
    bodies = [
        event.body(),
        json.dumps({"user_id": user_id}),
        format_message(record(item), "too long"),
        names[1].decode(),
    ]
    sent = {sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"] for body in bodies}
    expected = {f"{table} {partition} {sort}" for partition, sort in planted}
    expected |= {f"{table} STRAY in an attribute", *(f"{queue} message {one}" for one in sent)}
    assert count_unread(sqs, queue) == 0
    # a second search finds the messages again: the first has given them back
    assert residues() == residues() == expected
    # what waits for its next attempt cannot be read
    sqs.send_message(QueueUrl=url, MessageBody=event.tried(0).body(), DelaySeconds=900)
    assert count_unread(sqs, queue) == 1
