"""Which changes of the table are events, for whom, and in which messages."""

from typing import Any

import orjson
import pytest

from api.contract import TASK_ATTRIBUTES
from api.webhook_contract import TEST_EVENT, EventType, StoredWebhook
from ingestion.webhooks.events import read_event
from ingestion.webhooks.fan_out import fan_out
from ingestion.webhooks.message import MAX_DELAY_SECONDS, Message, Queue
from tests.unit.ingestion.stream import EXPIRY, record, task_image

NOW = 1_795_600_000
TASK = task_image()
DELETED = {"deleted_at": {"S": "2026-11-23T11:00:00.000000Z"}}


def version(number: int, **attributes: dict[str, Any]) -> dict[str, Any]:
    return task_image(version={"N": str(number)}, **attributes)


def status(number: int, value: str) -> dict[str, Any]:
    return version(number, status={"S": value})


def webhook(webhook_id: str = "h-1", **given: Any) -> StoredWebhook:
    fields: dict[str, Any] = {
        "id": webhook_id,
        "user_id": "u-1",
        "url": "https://a.example/",
        "event_types": tuple(EventType),
        "enabled": True,
        "created_at": "2026-11-23T09:00:00.000000Z",
        "updated_at": "2026-11-23T09:00:00.000000Z",
        "version": 1,
        "salt": "s",
    }
    return StoredWebhook(**{**fields, **given})


class Webhooks:
    """The webhooks of users, and how often they were read."""

    def __init__(self, **by_user: list[StoredWebhook]) -> None:
        self.by_user = {user.replace("_", "-"): found for user, found in by_user.items()}
        self.reads: list[str] = []

    def list_all(self, user_id: str) -> list[StoredWebhook]:
        self.reads.append(user_id)
        return self.by_user.get(user_id, [])


class Sent:
    """A queue that keeps what it is given; it refuses messages of one webhook."""

    def __init__(self, refused: str = "") -> None:
        self.messages: list[Message] = []
        self.refused = refused

    def send_all(self, messages: list[Message]) -> set[int]:
        refused = {place for place, one in enumerate(messages) if one.webhook_id == self.refused}
        self.messages += [one for place, one in enumerate(messages) if place not in refused]
        return refused


def run(records: list[dict[str, Any]], webhooks: Webhooks, queue: Sent) -> int | None:
    return fan_out(records, webhooks, queue, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (None, TASK, "task.created"),
        (None, status(1, "completed"), "task.created"),
        (TASK, version(2, title={"S": "x"}), "task.updated"),
        (TASK, status(2, "in_progress"), "task.updated"),
        (TASK, status(2, "completed"), "task.completed"),
        (TASK, status(2, "cancelled"), "task.cancelled"),
        (status(2, "completed"), status(3, "pending"), "task.reopened"),
        (status(2, "cancelled"), status(3, "in_progress"), "task.reopened"),
        (TASK, version(2, **DELETED), "task.deleted"),
        (version(2, **DELETED), version(3), "task.restored"),
    ],
)
def test_each_change_is_one_event(old: dict[str, Any] | None, new: dict[str, Any], kind: str) -> None:
    event = read_event(record(new, old))
    assert event
    assert (event.type, event.user_id, event.task_id, event.id) == (kind, "u-1", "01JDX", "evt_event-1")
    document = orjson.loads(event.payload)
    assert (document["type"], document["timestamp"]) == (kind, new["updated_at"]["S"])
    task = document["data"]["task"]
    assert set(task) == {one.name for one in TASK_ATTRIBUTES} - {"user_id", "deleted_at"}
    assert (task["title"], task["version"]) == (new["title"]["S"], int(new["version"]["N"]))


@pytest.mark.parametrize(
    "change",
    [
        record(None, version(2, **DELETED), userIdentity=EXPIRY),
        record(None, TASK),
        record(version(1, last_request_id={"S": "r-2"}), TASK),
        record(task_image(imported_at={"S": "2026-11-24T00:00:00Z"})),
    ],
    ids=["purged", "erased", "same version", "imported"],
)
def test_what_is_no_event(change: dict[str, Any]) -> None:
    assert read_event(change) is None


def delivery_image(event_type: str) -> dict[str, Any]:
    return {
        "PK": {"S": "WEBHOOK#u-1"},
        "SK": {"S": "DELIVERY#h-1#2026-11-23T10:00:00.000000Z#evt_1"},
        "entity_type": {"S": "WEBHOOK"},
        "id": {"S": "evt_1"},
        "user_id": {"S": "u-1"},
        "webhook_id": {"S": "h-1"},
        "event_type": {"S": event_type},
        "created_at": {"S": "2026-11-23T10:00:00.000000Z"},
        "status": {"S": "pending"},
    }


def test_a_test_goes_to_its_webhook_alone_enabled_or_not() -> None:
    queue = Sent()
    webhooks = Webhooks(u_1=[webhook("h-1", enabled=False), webhook("h-2")])
    assert run([record(delivery_image(TEST_EVENT))], webhooks, queue) is None
    assert [(one.webhook_id, one.event_type) for one in queue.messages] == [("h-1", TEST_EVENT)]


def test_what_was_delivered_is_no_event() -> None:
    assert read_event(record(delivery_image("task.created"))) is None
    image = delivery_image(TEST_EVENT)
    delivered = {**image, "status": {"S": "delivered"}}
    assert read_event(record(delivered, image)) is None
    # an erasure may have deleted the item meanwhile, so that the report is a new one
    assert read_event(record(delivered)) is None


def test_messages_go_to_webhooks_of_the_owner_that_want_the_event() -> None:
    theirs = task_image(PK={"S": "TASK#u-2"}, user_id={"S": "u-2"})
    queue = Sent()
    webhooks = Webhooks(
        u_1=[webhook("h-1"), webhook("h-2", event_types=("task.deleted",)), webhook("h-3", enabled=False)],
        u_2=[webhook("h-4", user_id="u-2")],
    )
    changes = [record(TASK), record(version(2, **DELETED), TASK, 2), record(theirs, None, 3)]
    assert run(changes, webhooks, queue) is None
    sent = {(one.user_id, one.webhook_id, one.event_type) for one in queue.messages}
    assert sent == {
        ("u-1", "h-1", "task.created"),
        ("u-1", "h-1", "task.deleted"),
        ("u-1", "h-2", "task.deleted"),
        ("u-2", "h-4", "task.created"),
    }
    assert [Message.parse(one.body()) for one in queue.messages] == queue.messages
    # one read for each user in the batch
    assert sorted(webhooks.reads) == ["u-1", "u-2"]


def test_a_batch_is_repeated_from_the_first_record_that_was_not_queued() -> None:
    theirs = task_image(PK={"S": "TASK#u-2"}, user_id={"S": "u-2"})
    webhooks = Webhooks(u_1=[webhook("h-1")], u_2=[webhook("h-2", user_id="u-2")])
    changes = [record(TASK), record(theirs, None, 2), record(version(2), TASK, 3)]
    assert run(changes, webhooks, Sent(refused="h-2")) == 1


class Sqs:
    """Takes ten messages in a request, refuses some by name and one request as a whole."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "queue"
        self.sizes.append(len(Entries))
        ids = [one["Id"] for one in Entries]
        if "10" in ids:
            raise ConnectionError
        return {"Failed": [{"Id": "3"}] if "3" in ids else []}


def test_messages_go_ten_in_a_request_and_those_that_were_not_taken_are_named() -> None:
    client, queue = Sqs(), Sent()
    webhooks = Webhooks(u_1=[webhook()])
    run([record(version(number), TASK, number) for number in range(2, 26)], webhooks, queue)
    assert Queue(client, "queue").send_all(queue.messages) == {3, *range(10, 20)}  # type: ignore[arg-type]
    assert sorted(client.sizes) == [4, 10, 10]


def test_what_is_not_of_the_api_fails_and_is_isolated_by_the_mapping() -> None:
    with pytest.raises(KeyError):
        read_event(record({"PK": {"S": "TASK#u-1"}, "SK": {"S": "x"}}))


def test_the_longest_delay_is_that_of_sqs() -> None:
    assert MAX_DELAY_SECONDS == 15 * 60
