"""Webhooks from their creation to what a receiver gets, on a table, a queue and a receiver that are real."""

import base64
import dataclasses
import functools
import hashlib
import hmac
import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse

from api.contract import task_key
from api.settings import Settings
from api.webhook_contract import FAN_OUT_FUNCTION, MAX_WEBHOOKS, EventType, webhook_partition
from ingestion.bronze import Bronze
from ingestion.contract import DISCARDED
from ingestion.replay import queues, run, webhooks
from ingestion.replay.discarded_batches import DiscardedBatches
from ingestion.replay.run import Summary
from ingestion.webhooks.deliver import handle_all
from ingestion.webhooks.delivery import Courier
from ingestion.webhooks.events import read_event
from ingestion.webhooks.fan_out import fan_out, plan_messages
from ingestion.webhooks.http_post import post
from ingestion.webhooks.message import Queue
from ingestion.webhooks.table import WebhookTable
from tests.conftest import Account
from tests.integration.api.captured import Stream
from tests.integration.api.client import Client, Reply
from tests.unit.ingestion.receivers import Receiver, receiver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
WEBHOOKS = "/api/v1/webhooks"
URL = "https://hooks.example.com/todo?token=t"


def create(client: Client, url: str = URL, key: str | None = None, **fields: Any) -> Reply:
    return client.send("POST", WEBHOOKS, {"url": url, **fields}, idempotency_key=key or uuid.uuid4().hex)


@dataclasses.dataclass
class Platform:
    """What follows the stream, in this process: changes go in, requests to receivers come out."""

    table: WebhookTable
    queue: Queue
    sqs: Any
    url: str
    courier: Courier
    dynamodb: Any
    name: str

    def record(self, key: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the stream tells of an item as it is now."""
        new = self.dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True)["Item"]
        images = {"NewImage": new, **({"OldImage": old} if old else {})}
        name = "MODIFY" if old else "INSERT"
        return {"eventID": uuid.uuid4().hex, "eventName": name, "dynamodb": {**images, "SequenceNumber": "1"}}

    def change(self, key: dict[str, Any], old: dict[str, Any] | None = None) -> None:
        """Let the stream tell of an item as it is now."""
        assert fan_out([self.record(key, old)], self.table, self.queue, int(time.time())) is None

    def deliver(self) -> list[str]:
        """Handle every message that is visible; the outcomes."""
        outcomes: list[str] = []
        while found := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            records = [{"messageId": one["MessageId"], "body": one["Body"]} for one in found]
            counted, again = handle_all(self.courier, records)
            assert again == []
            outcomes += counted.elements()
            for one in found:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
        return outcomes


@pytest.fixture
def platform(account: Account, dynamodb: "DynamoDBClient", settings: Settings) -> Platform:
    sqs, secrets = (
        account.session.client(name, endpoint_url=account.settings.endpoint)  # type: ignore[call-overload]
        for name in ("sqs", "secretsmanager")
    )
    url = sqs.create_queue(QueueName=f"webhooks-{uuid.uuid4().hex}")["QueueUrl"]
    key = secrets.get_secret_value(SecretId=settings.webhook_key_secret_id)["SecretString"].encode()
    table, queue = WebhookTable(dynamodb, settings.table_name), Queue(sqs, url)
    courier = Courier(table, queue, lambda: key, functools.partial(post, allow_private=True))
    return Platform(table, queue, sqs, url, courier, dynamodb, settings.table_name)


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


def test_the_life_of_a_webhook(alice: Client) -> None:
    created = create(alice, event_types=["task.deleted", "task.completed", "task.deleted"])
    assert (created.status, created.headers["etag"]) == (201, '"1"')
    webhook = created.json()
    path = f"{WEBHOOKS}/{webhook['id']}"
    assert created.headers["location"] == f"webhooks/{webhook['id']}"
    secret = webhook.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert webhook["event_types"] == ["task.deleted", "task.completed"]
    assert alice.send("GET", path).json() == webhook
    assert alice.send("GET", WEBHOOKS).json() == [webhook]
    assert alice.send("GET", path, if_none_match='"1"').status == 304
    assert alice.send("PATCH", path, {"enabled": False}, if_match='"2"').problem_type == "precondition-failed"
    off = alice.send("PATCH", path, {"enabled": False, "version": 7}).json()
    assert (off["enabled"], off["disabled_reason"], off["version"]) == (False, "disabled by its owner", 2)
    on = alice.send("PATCH", path, {"enabled": True, "event_types": ["task.created"]}).json()
    assert (on["enabled"], on["disabled_reason"], on["event_types"], on["version"]) == (True, None, ["task.created"], 3)
    assert alice.send("PATCH", path, {"enabled": True}).json() == on
    assert alice.send("DELETE", path, idempotency_key="d").status == 204
    assert alice.send("DELETE", path, idempotency_key="d").headers["idempotency-replayed"] == "true"
    assert alice.send("GET", path).problem_type == "webhook-not-found"
    assert alice.send("GET", WEBHOOKS).json() == []


def test_without_event_types_it_gets_all(alice: Client) -> None:
    assert create(alice).json()["event_types"] == [one.value for one in EventType]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "ftp://example.com/"},
        {"url": "https://user:secret@example.com/"},
        {"url": "https://example.com/#fragment"},
        {"url": "https://exa mple.com/"},
        {"url": "https://[::1]/"},
        {"url": "https://example.com:0/"},
        {"url": f"https://example.com/{'x' * 1000}"},
        {"url": "https://example.com/\r\nx: y"},
        {"url": URL, "event_types": []},
        {"url": URL, "event_types": ["task.purged"]},
        {"url": URL, "secret": "mine"},
    ],
)
def test_what_cannot_be_a_webhook(alice: Client, body: dict[str, Any]) -> None:
    assert alice.send("POST", WEBHOOKS, body, idempotency_key="k").problem_type == "validation-failed"
    assert alice.send("GET", WEBHOOKS).json() == []


def test_plain_http_is_refused_unless_the_environment_allows_it(
    settings: Settings, alice: Client, loop: object
) -> None:
    from api.application import build
    from api.entrypoint import adapt

    del loop
    strict = adapt(build(settings.model_copy(update={"private_webhook_targets": False})))
    there = dataclasses.replace(alice, handler=strict)
    assert create(there, "http://example.com/").fields == {"url"}
    assert create(there, URL).status == 201
    assert create(alice, "http://example.com/").status == 201


def test_a_user_has_ten_at_most(alice: Client, bob: Client) -> None:
    assert [create(alice, key=f"k{number}").status for number in range(MAX_WEBHOOKS)] == [201] * MAX_WEBHOOKS
    assert create(alice).problem_type == "quota-exceeded"
    assert create(alice, key="k0").status == 201
    assert create(bob).status == 201


def test_the_secret_is_shown_again_for_the_same_key_and_is_stored_and_logged_nowhere(
    alice: Client, items_of: Items, printed: Callable[[], list[dict[str, Any]]]
) -> None:
    first, again = create(alice, key="k"), create(alice, key="k")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    path = f"{WEBHOOKS}/{first.json()['id']}"
    rotated, repeated = (alice.send("POST", f"{path}/rotate-secret", idempotency_key="r").json() for _ in range(2))
    assert rotated == repeated
    assert rotated["secret"] != first.json()["secret"]
    for reply in (alice.send("GET", path), alice.send("PATCH", path, {"enabled": False})):
        assert "secret" not in reply.json()
    kept = str(items_of(alice.user_id)) + json.dumps(printed())
    for secret in (first.json()["secret"], rotated["secret"]):
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        assert [found for found in (secret[6:], raw.hex(), str(raw)[2:-1]) if found in kept] == []
    alice.send("DELETE", path)
    assert create(alice, key="k").json()["secret"] is None


def test_events_reach_the_receiver_signed_and_are_listed(
    alice: Client, bob: Client, platform: Platform, there: Receiver
) -> None:
    webhook = create(alice, there.url).json()
    create(bob, there.url.replace("/hook", "/of-bob"))
    task = alice.created("Water the plants")
    key = task_key(alice.user_id, task["id"]).typed()
    old = platform.dynamodb.get_item(TableName=platform.name, Key=key)["Item"]
    platform.change(key)
    alice.send("PATCH", f"/api/v1/tasks/{task['id']}", {"status": "completed"})
    platform.change(key, old)
    assert platform.deliver() == ["delivered", "delivered"]
    assert {path for path, _, _ in there.requests} == {"/hook?token=t"}
    secret = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    by_type = {}
    for _, headers, body in there.requests:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        document = json.loads(body)
        by_type[document["type"]] = document["data"]["task"]
    assert by_type["task.created"] == {name: value for name, value in task.items() if name in by_type["task.created"]}
    assert (by_type["task.completed"]["version"], by_type["task.completed"]["status"]) == (2, "completed")
    listed = alice.send("GET", f"{WEBHOOKS}/{webhook['id']}/deliveries").json()
    assert [one["event_type"] for one in listed] == ["task.completed", "task.created"]
    assert {(one["status"], one["attempts"], one["response_status"], one["task_id"]) for one in listed} == {
        ("delivered", 1, 200, task["id"])
    }
    assert {one["id"] for one in listed} == {headers["webhook-id"] for _, headers, _ in there.requests}


def test_a_queue_that_throttles_loses_nothing(alice: Client, platform: Platform, there: Receiver) -> None:
    """A request that SQS refuses in spite of retries: the batch is handed over again from the first change in it."""
    create(alice, there.url)
    tasks = [alice.created(f"task {number}") for number in range(25)]
    records = [platform.record(task_key(alice.user_id, task["id"]).typed()) for task in tasks]
    attempts: list[int] = []

    def throttle(request: Any, **_: Any) -> AWSResponse | None:
        attempts.append(len(json.loads(request.body)["Entries"]))
        if len(attempts) > 4:
            return None
        body = json.dumps({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow down"}).encode()
        return AWSResponse(request.url, 400, HTTPHeaders(), HTTPResponse(io.BytesIO(body), preload_content=False))

    platform.sqs.meta.events.register("before-send.sqs.SendMessageBatch", throttle)
    rounds = 0
    left: int | None = 0
    while left is not None:
        records, rounds = records[left:], rounds + 1
        left = fan_out(records, platform.table, platform.queue, int(time.time()))
    platform.sqs.meta.events.unregister("before-send.sqs.SendMessageBatch", throttle)
    assert rounds > 1
    assert len(attempts) > 4
    platform.deliver()
    assert {json.loads(body)["data"]["task"]["id"] for _, _, body in there.requests} == {task["id"] for task in tasks}


def test_a_replay_brings_what_lambda_gave_up_and_what_could_not_be_handled(
    account: Account, alice: Client, platform: Platform, stream: Stream, there: Receiver
) -> None:
    create(alice, there.url)
    tasks = [alice.created(f"task {number}") for number in range(3)]
    alice.send("PATCH", "/api/v1/users", {"name": "No Task"})
    read = stream.records()
    mine = [one for one in read if alice.user_id in one["dynamodb"]["Keys"]["PK"]["S"]]
    s3, bucket = account.session.client("s3"), f"discarded-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    document = {
        "requestContext": {"functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{FAN_OUT_FUNCTION}"},
        "payload": json.dumps({"Records": mine}),
    }
    for name, body in (("a", json.dumps(document)), ("b", "nonsense")):
        s3.put_object(Bucket=bucket, Key=f"{DISCARDED}mapping/shard/{name}", Body=body.encode())

    def look_up(records: Any) -> int | None:
        return fan_out(records, platform.table, platform.queue, int(time.time()))

    def replay(*, dry_run: bool = False) -> Summary:
        source = DiscardedBatches(Bronze(s3, bucket), FAN_OUT_FUNCTION)
        return run.replay(source, webhooks.FanOut(look_up), lambda _: None, dry_run=dry_run)

    assert (replay(dry_run=True).replayed, platform.deliver()) == (1, [])
    done = replay()
    assert (done.messages, done.replayed) == (2, 1)
    assert list(done.unresolved) == [f"{DISCARDED}mapping/shard/b"]
    platform.deliver()
    delivered = [json.loads(body)["data"]["task"]["id"] for _, _, body in there.requests]
    assert sorted(delivered) == sorted(task["id"] for task in tasks)

    # the other queue holds deliveries; a receiver knows the repetition by its id
    event = next(event for one in mine if "title" in one["dynamodb"]["NewImage"] and (event := read_event(one)))
    delivery = plan_messages(event, platform.table.list_all(alice.user_id), int(time.time()))
    name = f"failures-{uuid.uuid4().hex}"
    url = platform.sqs.create_queue(QueueName=name)["QueueUrl"]
    for text in (delivery[0].body(), "nonsense"):
        platform.sqs.send_message(QueueUrl=url, MessageBody=text)
    queue = queues.Queue(platform.sqs, name)
    done = run.replay(queue, webhooks.Deliveries(platform.queue), lambda _: None, dry_run=False)
    assert (done.messages, done.replayed, len(done.unresolved)) == (2, 1, 1)
    platform.deliver()
    ids = [headers["webhook-id"] for _, headers, _ in there.requests]
    assert (len(ids), len(set(ids))) == (4, 3)


def test_a_receiver_that_fails_is_noted_and_tried_later(alice: Client, platform: Platform, there: Receiver) -> None:
    there.status = 503
    webhook = create(alice, there.url).json()
    for title in ("one", "two"):
        platform.change(task_key(alice.user_id, alice.created(title)["id"]).typed())
        assert set(platform.deliver()) <= {"failed", "postponed"}
    assert len(there.requests) == 1
    (listed,) = alice.send("GET", f"{WEBHOOKS}/{webhook['id']}/deliveries").json()
    assert (listed["status"], listed["attempts"], listed["error"]) == ("pending", 1, "the receiver answered 503")
    assert listed["next_attempt_at"] > listed["last_attempt_at"]
    # its owner has mended it and does not wait
    there.status = 200
    path = f"{WEBHOOKS}/{webhook['id']}"
    assert [alice.send("PATCH", path, {"enabled": on}).status for on in (False, True)] == [200, 200]
    platform.change(task_key(alice.user_id, alice.created("three")["id"]).typed())
    assert platform.deliver() == ["delivered"]


def test_a_test_is_sent_and_listed(alice: Client, platform: Platform, there: Receiver) -> None:
    webhook = create(alice, there.url).json()
    path = f"{WEBHOOKS}/{webhook['id']}"
    sent = alice.send("POST", f"{path}/test", idempotency_key="t")
    assert (sent.status, sent.json()["status"]) == (202, "pending")
    assert alice.send("POST", f"{path}/test", idempotency_key="t").json() == sent.json()
    (item,) = platform.dynamodb.query(
        TableName=platform.name,
        KeyConditionExpression="PK = :p AND begins_with(SK, :s)",
        ExpressionAttributeValues={":p": {"S": webhook_partition(alice.user_id)}, ":s": {"S": "DELIVERY#"}},
    )["Items"]
    platform.change({"PK": item["PK"], "SK": item["SK"]})
    assert platform.deliver() == ["delivered"]
    assert json.loads(there.requests[0][2])["type"] == "webhook.test"
    (listed,) = alice.send("GET", f"{path}/deliveries").json()
    assert (listed["id"], listed["status"]) == (sent.json()["id"], "delivered")


def test_deliveries_come_in_pages(alice: Client, platform: Platform, there: Receiver) -> None:
    path = f"{WEBHOOKS}/{create(alice, there.url).json()['id']}"
    tests = [alice.send("POST", f"{path}/test", idempotency_key=f"t{number}").json()["id"] for number in range(5)]
    del platform
    found: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while query:
        page = alice.send("GET", f"{path}/deliveries", query=query)
        found += [one["id"] for one in page.json()]
        link = page.headers.get("link", "")
        query = {**query, "cursor": link.partition("cursor=")[2].partition(">")[0]} if link else {}
    assert found == tests[::-1]
    assert alice.send("GET", f"{path}/deliveries", query={"cursor": "x"}).problem_type == "cursor-invalid"


def test_an_erasure_takes_webhooks_deliveries_and_the_effect_of_messages(
    alice: Client, platform: Platform, there: Receiver, items_of: Items
) -> None:
    path = f"{WEBHOOKS}/{create(alice, there.url).json()['id']}"
    alice.send("POST", f"{path}/test", idempotency_key="t")
    platform.change(task_key(alice.user_id, alice.created()["id"]).typed())
    assert alice.send("DELETE", "/api/v1/users").status == 204
    assert platform.deliver() == ["dropped"]
    assert there.requests == []
    assert {item["PK"].partition("#")[0] for item in items_of(alice.user_id)} <= {"ERASURE"}


def test_another_user_s_webhook_does_not_exist(alice: Client, bob: Client, items_of: Items) -> None:
    path = f"{WEBHOOKS}/{create(alice).json()['id']}"
    before = items_of(alice.user_id)
    attempts = [
        bob.send("GET", path),
        bob.send("PATCH", path, {"url": "https://bob.example.com/"}),
        bob.send("DELETE", path, if_match="*"),
        bob.send("POST", f"{path}/test", idempotency_key="t"),
        bob.send("POST", f"{path}/rotate-secret", idempotency_key="r"),
        bob.send("GET", f"{path}/deliveries"),
        bob.send("GET", f"{WEBHOOKS}/no-id"),
    ]
    assert [(one.status, one.problem_type) for one in attempts] == [(404, "webhook-not-found")] * len(attempts)
    assert bob.send("GET", WEBHOOKS).json() == []
    assert items_of(alice.user_id) == before
