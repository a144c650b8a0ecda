"""Which messages of change capture's quarantine, and of webhooks, tell of users who are erased."""

import json
import random
from typing import Any

from ingestion.cdc.quarantine import format_message
from ingestion.webhooks.message import Message
from tests.unit.ingestion.stream import record
from transforms.silver.quarantine import is_about_erased

USER, OTHER = "u-1", "u-10"
EARLIER, LATER = "2026-11-25T09:00:00Z", "2026-11-25T12:00:00Z"


def task(user: str, created_at: str, **more: Any) -> dict[str, Any]:
    names = {"PK": f"TASK#{user}", "SK": "TASK#t-1", "id": "t-1", "user_id": user, "created_at": created_at, **more}
    return {name: {"S": value} for name, value in names.items()}


def message_about(new: dict[str, Any] | None, old: dict[str, Any] | None = None) -> str:
    return format_message(record(new, old), "too long")


def test_messages_of_their_items_tell_of_them_and_those_of_others_do_not() -> None:
    live_items: dict[str, set[tuple[str, str]]] = {USER: set()}
    assert is_about_erased(message_about(task(USER, EARLIER)), live_items)
    assert is_about_erased(message_about(None, task(USER, EARLIER)), live_items)
    assert not is_about_erased(message_about(task(OTHER, EARLIER)), live_items)
    # a record whose keys cannot be read
    assert is_about_erased(
        format_message({"dynamodb": {"Keys": 1, "NewImage": {"user_id": {"S": USER}}}}, "no keys"), live_items
    )
    assert not is_about_erased("nonsense", live_items)


def test_events_of_webhooks_that_could_not_be_delivered_go_unless_they_are_about_a_task_that_is_there() -> None:
    event = Message(USER, "w-1", EARLIER, "e-1", "task.created", EARLIER, '{"title": "x"}', 0, task_id="t-1").body()
    assert is_about_erased(event, {USER: set()})
    assert not is_about_erased(event, {OTHER: set()})
    assert not is_about_erased(event, {USER: {("t-1", LATER)}})


def test_messages_of_items_that_they_have_now_do_not() -> None:
    live_items = {USER: {("t-1", LATER)}}
    assert not is_about_erased(message_about(task(USER, LATER)), live_items)
    assert is_about_erased(message_about(task(USER, EARLIER)), live_items)
    assert is_about_erased(
        message_about({name: {"S": USER} for name in ("PK", "SK", "user_id")} | {"created_at": {"S": EARLIER}}),
        live_items,
    )


def test_a_record_that_did_not_fit_is_judged_by_its_key() -> None:
    noise = "".join(map(chr, random.Random(3).choices(range(0x4E00, 0x9FFF), k=700_000)))
    large = message_about(task(USER, EARLIER, description=noise))
    assert json.loads(large)["record"] is None
    assert is_about_erased(large, {USER: set()})
    assert not is_about_erased(large, {USER: {("t-1", LATER)}})
    assert not is_about_erased(large, {OTHER: set()})
