"""Which lines of bronze tell of a user, and when all has arrived that was to come."""

import base64
import json
from datetime import UTC, datetime

import pytest

from api.identity import user_hash_of
from tests.unit.ingestion.stream import record
from transforms.silver.traces import Trace, hash_of, trace, unsettled

USER, OTHER = "u-1", "u-10"


def change(name: str, user: str = USER, version: int = 3) -> str:
    image = {"id": "t-1", "user_id": user, "created_at": "2026-11-25T09:00:00Z", "version": version}
    new, old = {"INSERT": (image, None), "MODIFY": (image, image), "REMOVE": (None, image)}[name]
    return json.dumps({"keys": {"PK": f"TASK#{user}"}, "new_image": new, "old_image": old})


@pytest.mark.parametrize(
    ("name", "version", "removal"), [("INSERT", 3, False), ("MODIFY", 3, False), ("REMOVE", 4, True)]
)
def test_a_change_tells_of_its_owner_its_item_and_whether_that_is_gone(name: str, version: int, removal: bool) -> None:
    assert trace(change(name), [OTHER, USER]) == Trace(USER, ("t-1", "2026-11-25T09:00:00Z"), version, removal)


def test_nobody_else_is_taken_for_the_user() -> None:
    assert trace(change("INSERT", OTHER), [USER]) is None
    assert trace(json.dumps({"user_hash": hash_of(OTHER)}), [USER]) is None
    assert trace('{"new_image": {"user_id": "u-10", "title": "for u-1"', [USER]) == Trace(USER)
    assert trace('{"new_image": {"user_id": "u-10", "ti', [USER]) is None


def test_a_change_without_the_attribute_is_known_by_its_key() -> None:
    line = json.dumps({"keys": {"PK": "USER#u-1"}, "new_image": {"version": 1}, "old_image": None})
    found = trace(line, [USER])
    assert found
    assert found.user_id == USER


def test_request_logs_name_the_user_by_the_hash_that_the_api_makes() -> None:
    claims = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": USER}}}}}
    assert hash_of(USER) == user_hash_of(claims)
    assert trace(json.dumps({"user_hash": user_hash_of(claims)}), [OTHER, USER]) == Trace(USER)


def test_of_who_came_back_stays_what_they_have_and_requested_since() -> None:
    live_items = {("t-9", "2026-11-25T12:00:00.5Z"), (USER, "2026-11-25T12:00:01Z")}

    def request_at(at: object) -> Trace:
        found = trace(json.dumps({"user_hash": hash_of(USER), "occurred_at": at}), [USER])
        assert found
        return found

    assert request_at("2026-11-25T12:00:00Z").requested_at == datetime(2026, 11, 25, 12, tzinfo=UTC)
    moments = ("2026-11-25T12:00:00.4Z", "2026-11-25T12:00:00.5Z", "someday", "2026-11-26", None)
    assert [request_at(moment).stays(live_items) for moment in moments] == [False, True, False, False, False]
    assert not request_at("2026-11-25T12:00:02Z").stays(set())
    assert Trace(USER, ("t-9", "2026-11-25T12:00:00.5Z")).stays(live_items)
    assert not Trace(USER, ("t-1", "2026-11-25T13:00:00Z")).stays(live_items)
    assert not Trace(USER).stays(live_items)


def test_what_could_not_be_delivered_is_looked_into() -> None:
    def undelivered(line: str) -> str:
        return json.dumps({"errorCode": "x", "rawData": base64.b64encode(line.encode()).decode()})

    assert trace(undelivered(change("INSERT")), [USER]) == Trace(USER)
    assert trace(undelivered(change("INSERT", OTHER)), [USER]) is None
    assert trace(json.dumps({"rawData": "no Base64!"}), [USER]) is None


def test_items_that_nobody_has_seen_going_are_unsettled() -> None:
    lines = [
        change("INSERT", version=1),
        change("MODIFY", version=2),
        change("REMOVE", version=2),
        change("INSERT", OTHER),
    ]
    found = [line_trace for line in lines if (line_trace := trace(line, [USER, OTHER]))]
    assert unsettled(found[:2]) == {USER: 1}
    assert unsettled([found[2], *found[:2]]) == {}
    # the same task id of another user is another item in the table, but ULIDs are not given twice
    assert unsettled([found[3]]) == {OTHER: 1}


def test_the_real_capture_writes_what_is_understood() -> None:
    from ingestion.cdc.transform import envelope, line

    image = {
        "PK": {"S": f"TASK#{USER}"},
        "SK": {"S": "TASK#t-1"},
        "id": {"S": "t-1"},
        "user_id": {"S": USER},
        "created_at": {"S": "2026-11-25T09:00:00Z"},
        "version": {"N": "2"},
    }
    written = line(envelope(record(None, image), "2026-11-25T09:00:00Z")).decode()
    assert trace(written, [USER]) == Trace(USER, ("t-1", "2026-11-25T09:00:00Z"), 3, is_removal=True)
