"""Deliveries over hours of a simulated clock: nothing is lost, and a receiver that fails delays no other."""

import dataclasses
import heapq
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from api.webhook_contract import TEST_EVENT, DeliveryStatus, StoredWebhook, derive_secret
from ingestion.webhooks import delivery
from ingestion.webhooks.delivery import GIVE_UP_SECONDS, Courier, backoff
from ingestion.webhooks.http_post import Answer
from ingestion.webhooks.message import MAX_DELAY_SECONDS, Message
from ingestion.webhooks.signature import sign
from ingestion.webhooks.table import Report
from tests.unit.ingestion.test_webhook_events import webhook

START = 1_795_600_000.0
KEY = b"key"
OK, ERROR = Answer(200), Answer(500, "the receiver answered 500")
Respond = Callable[[float, str], Answer]


class World:
    """Table, queue, receivers and clock of a simulation: messages are handled when they become visible."""

    def __init__(self, webhooks: list[StoredWebhook], respond: Respond) -> None:
        self.now = START
        self.webhooks = {one.id: one for one in webhooks}
        self.respond = respond
        self.queued: list[tuple[float, int, Message]] = []
        self.order = itertools.count()
        self.posts: list[tuple[float, str, Mapping[str, str], bytes]] = []
        self.reports: dict[tuple[str, str], Report] = {}
        self.delays: list[float] = []
        self.courier = Courier(self, self, lambda: KEY, self.post, lambda: self.now, lambda: 0.0)  # type: ignore[arg-type]

    # the table
    def find(self, message: Message) -> StoredWebhook | None:
        found = self.webhooks.get(message.webhook_id)
        return found if found and found.created_at == message.webhook_created_at else None

    def _set(self, one: StoredWebhook, **changes: Any) -> None:
        self.webhooks[one.id] = dataclasses.replace(self.webhooks[one.id], **changes)

    def claim(self, one: StoredWebhook, until: int) -> bool:
        if self.webhooks[one.id].retry_at != one.retry_at:
            return False
        self._set(one, retry_at=until)
        return True

    def note_success(self, one: StoredWebhook) -> None:
        self._set(one, failures=0, failing_since=None, retry_at=0)

    def note_failure(self, one: StoredWebhook, now: int, retry_at: int) -> None:
        stored = self.webhooks[one.id]
        if stored.failures == one.failures:
            since = stored.failing_since or now
            self._set(one, failures=one.failures + 1, failing_since=since, retry_at=retry_at)

    def disable(self, one: StoredWebhook, reason: str, at: str) -> bool:
        del at
        was, self.reason = self.webhooks[one.id].enabled, reason
        self._set(one, enabled=False)
        return was

    def write_report(self, message: Message, report: Report, now: int) -> None:
        assert now == int(self.now)
        self.reports[message.webhook_id, message.event_id] = report

    def queue_at(self, seconds: float, message: Message) -> None:
        heapq.heappush(self.queued, (START + seconds, next(self.order), message))

    # the queue
    def send(self, message: Message, delay: float = 0) -> None:
        self.delays.append(delay)
        heapq.heappush(self.queued, (self.now + min(delay, MAX_DELAY_SECONDS), next(self.order), message))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.posts.append((self.now, url, headers, body))
        return self.respond(self.now - START, url)

    def run(self, seconds: float = 3 * 24 * 3600) -> None:
        while self.queued and self.queued[0][0] <= START + seconds:
            at, _, message = heapq.heappop(self.queued)
            self.now = max(self.now, at)
            self.courier.handle(message)

    def sent_to(self, url: str) -> list[str]:
        return [headers["webhook-id"] for _, to, headers, _ in self.posts if to == url]


def message(number: int = 1, webhook_id: str = "h-1", **given: Any) -> Message:
    fields: dict[str, Any] = {
        "user_id": "u-1",
        "webhook_id": webhook_id,
        "webhook_created_at": webhook().created_at,
        "event_id": f"evt_{number}",
        "event_type": "task.created",
        "occurred_at": "2026-11-23T10:00:00.000000Z",
        "payload": f'{{"number":{number}}}',
        "queued_at": int(START),
    }
    return Message(**{**fields, **given})


A, B = webhook("h-1", url="https://a.example/"), webhook("h-2", url="https://b.example/")


def test_what_is_delivered_is_signed_and_reported() -> None:
    world = World([A], lambda *_: OK)
    world.send(message())
    world.run()
    ((at, url, headers, body),) = world.posts
    assert (url, body) == (A.url, b'{"number":1}')
    secret = derive_secret(KEY, "u-1", "h-1", "s")
    assert headers["webhook-signature"] == sign(secret, "evt_1", int(at), body)
    assert world.reports["h-1", "evt_1"].status is DeliveryStatus.DELIVERED


def test_for_a_day_after_a_rotation_there_are_two_signatures() -> None:
    rotated = dataclasses.replace(A, salt="new", previous_salt="s", previous_until=int(START) + 10)
    world = World([rotated], lambda *_: OK)
    world.send(message(1))
    world.send(message(2), 11)
    world.run()
    signatures = [headers["webhook-signature"].split(" ") for _, _, headers, _ in world.posts]
    secrets = [derive_secret(KEY, "u-1", "h-1", salt) for salt in ("new", "s")]
    assert signatures[0] == [sign(one, "evt_1", int(START), b'{"number":1}') for one in secrets]
    assert [len(one) for one in signatures] == [2, 1]


@pytest.mark.parametrize("answer", [ERROR, Answer(307, "redirect"), Answer(None, "no answer within 5 s")])
def test_a_receiver_that_recovers_gets_every_event_and_the_other_one_never_waits(answer: Answer) -> None:
    hours = 6 * 3600
    world = World([A, B], lambda at, url: answer if url == A.url and at < hours else OK)
    for number in range(200):
        world.send(message(number), number / 10)
        world.send(message(number, "h-2"), number / 10)
    world.run()
    events = {f"evt_{number}" for number in range(200)}
    assert set(world.sent_to(A.url)) == events
    assert world.sent_to(B.url) == [f"evt_{number}" for number in range(200)]
    assert max(at for at, url, *_ in world.posts if url == B.url) <= START + 20
    assert {report.status for report in world.reports.values()} == {DeliveryStatus.DELIVERED}
    # while it fails, one message at a time knocks, not all of them
    knocks = [at for at, url, *_ in world.posts if url == A.url and at < START + hours]
    assert len(knocks) < 60
    assert max(at for at, url, *_ in world.posts) < START + hours + 2 * 3600 + 2 * MAX_DELAY_SECONDS + 60
    assert world.webhooks["h-1"].failures == 0


def test_a_receiver_that_fails_for_a_day_is_disabled_with_the_reason() -> None:
    world = World([A], lambda *_: ERROR)
    for number in range(5):
        world.send(message(number))
    world.run()
    assert not world.webhooks["h-1"].enabled
    assert world.reason == "no delivery succeeded for 24 hours; the last one: the receiver answered 500"
    last = world.posts[-1][0]
    assert START + GIVE_UP_SECONDS <= last <= START + GIVE_UP_SECONDS + 3 * 3600
    assert not world.queued
    assert len(world.posts) < 40


def test_events_of_a_task_come_in_any_order_and_the_highest_version_is_its_state() -> None:
    """As the documentation tells receivers: order is not kept, and the document has the task's version."""
    world = World([A], lambda *_: OK)
    world.respond = lambda *_: ERROR if len(world.posts) == 1 else OK
    for version in range(1, 4):
        world.send(message(version, payload=f'{{"version":{version}}}'), version)
    world.run()
    taken = [orjson.loads(body)["version"] for _, _, _, body in world.posts[1:]]
    assert sorted(taken) == [1, 2, 3]
    assert taken != [1, 2, 3]
    state = 0
    for version in taken:
        state = max(state, version)
    assert state == 3


def test_an_event_that_is_refused_while_others_are_taken_is_given_up_alone() -> None:
    world = World([A], lambda *_: OK)
    world.respond = lambda *_: ERROR if world.posts[-1][2]["webhook-id"] == "evt_0" else OK
    world.send(message(0))
    for number in range(1, 400):
        world.queue_at(number * 600, message(number))
    world.run(400 * 600)
    assert world.webhooks["h-1"].enabled
    assert world.reports["h-1", "evt_0"].status is DeliveryStatus.FAILED
    assert {one.status for (_, event), one in world.reports.items() if event != "evt_0"} == {DeliveryStatus.DELIVERED}


def test_a_receiver_that_is_gone_is_disabled_at_once() -> None:
    world = World([A], lambda *_: Answer(410, "the receiver answered 410"))
    world.send(message())
    world.run()
    assert (len(world.posts), world.webhooks["h-1"].enabled) == (1, False)
    assert world.reason == "the receiver answered 410: it is gone"


def test_a_test_is_tried_once_and_says_nothing_of_the_receiver() -> None:
    world = World([dataclasses.replace(A, enabled=False, retry_at=int(START) + 99)], lambda *_: ERROR)
    world.send(message(event_type=TEST_EVENT))
    world.run()
    assert (len(world.posts), world.queued) == (1, [])
    assert world.reports["h-1", "evt_1"].status is DeliveryStatus.FAILED
    assert world.webhooks["h-1"].failures == 0


@pytest.mark.parametrize(
    "found",
    [[], [dataclasses.replace(A, enabled=False)], [dataclasses.replace(A, created_at="2027-01-01T00:00:00.000000Z")]],
    ids=["deleted or erased", "disabled", "of a later life of the user"],
)
def test_nothing_is_sent_for_a_webhook_that_is_gone(found: list[StoredWebhook]) -> None:
    world = World(found, lambda *_: OK)
    assert world.courier.handle(message()) == delivery.DROPPED
    assert (world.posts, world.reports) == ([], {})


def test_messages_that_fail_side_by_side_count_as_one_failure() -> None:
    world = World([A], lambda *_: ERROR)
    read = world.webhooks["h-1"]
    for _ in range(10):
        world.note_failure(read, int(START), int(START) + 5)
    assert world.webhooks["h-1"].failures == 1


def test_the_pauses_grow_to_two_hours() -> None:
    assert [backoff(failures) for failures in range(1, 9)] == [5, 15, 45, 135, 405, 1215, 3645, 7200]
    assert backoff(10_000) == 7200
