"""Which lines of bronze tell of a user, and when all has arrived that was to come."""

import base64
import json
from datetime import UTC, datetime

import pytest

from api.identity import user_hash_of
from tests.unit.ingestion.stream import record
from transforms.silver.traces import Trace, count_missing_removals, find_trace, hash_of

USER, OTHER = "u-1", "u-10"


def change(name: str, user: str = USER, version: int = 3) -> str:
    image = {"id": "t-1", "user_id": user, "created_at": "2026-11-25T09:00:00Z", "version": version}
    new, old = {"INSERT": (image, None), "MODIFY": (image, image), "REMOVE": (None, image)}[name]
    return json.dumps({"keys": {"PK": f"TASK#{user}"}, "new_image": new, "old_image": old})


@pytest.mark.parametrize(
    ("name", "version", "removal"), [("INSERT", 3, False), ("MODIFY", 3, False), ("REMOVE", 4, True)]
)
def test_a_change_names_its_owner_and_item_and_whether_that_is_removed(name: str, version: int, removal: bool) -> None:
    assert find_trace(change(name), [OTHER, USER]) == Trace(USER, ("t-1", "2026-11-25T09:00:00Z"), version, removal)


def test_nobody_else_is_taken_for_the_user() -> None:
    assert find_trace(change("INSERT", OTHER), [USER]) is None
    assert find_trace(json.dumps({"user_hash": hash_of(OTHER)}), [USER]) is None
    assert find_trace('{"new_image": {"user_id": "u-10", "title": "for u-1"', [USER]) == Trace(USER)
    assert find_trace('{"new_image": {"user_id": "u-10", "ti', [USER]) is None


def test_a_change_without_the_attribute_is_known_by_its_key() -> None:
    line = json.dumps({"keys": {"PK": "USER#u-1"}, "new_image": {"version": 1}, "old_image": None})
    found = find_trace(line, [USER])
    assert found
    assert found.user_id == USER


def test_request_logs_name_the_user_by_the_hash_that_the_api_makes() -> None:
    claims = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": USER}}}}}
    assert hash_of(USER) == user_hash_of(claims)
    assert find_trace(json.dumps({"user_hash": user_hash_of(claims)}), [OTHER, USER]) == Trace(USER)


def test_a_returned_user_keeps_what_they_have_and_requested_since() -> None:
    live_items = {("t-9", "2026-11-25T12:00:00.5Z"), (USER, "2026-11-25T12:00:01Z")}

    def request_at(at: object) -> Trace:
        found = find_trace(json.dumps({"user_hash": hash_of(USER), "occurred_at": at}), [USER])
        assert found
        return found

    assert request_at("2026-11-25T12:00:00Z").requested_at == datetime(2026, 11, 25, 12, tzinfo=UTC)
    moments = ("2026-11-25T12:00:00.4Z", "2026-11-25T12:00:00.5Z", "someday", "2026-11-26", None)
    assert [request_at(moment).is_kept(live_items) for moment in moments] == [False, True, False, False, False]
    assert not request_at("2026-11-25T12:00:02Z").is_kept(set())
    assert Trace(USER, ("t-9", "2026-11-25T12:00:00.5Z")).is_kept(live_items)
    assert not Trace(USER, ("t-1", "2026-11-25T13:00:00Z")).is_kept(live_items)
    assert not Trace(USER).is_kept(live_items)


def test_what_could_not_be_delivered_is_looked_into() -> None:
    def undelivered(line: str) -> str:
        return json.dumps({"errorCode": "x", "rawData": base64.b64encode(line.encode()).decode()})

    assert find_trace(undelivered(change("INSERT")), [USER]) == Trace(USER)
    assert find_trace(undelivered(change("INSERT", OTHER)), [USER]) is None
    assert find_trace(json.dumps({"rawData": "no Base64!"}), [USER]) is None


def test_items_without_a_removal_are_counted() -> None:
    lines = [
        change("INSERT", version=1),
        change("MODIFY", version=2),
        change("REMOVE", version=2),
        change("INSERT", OTHER),
    ]
    found = [line_trace for line in lines if (line_trace := find_trace(line, [USER, OTHER]))]
    assert count_missing_removals(found[:2]) == {USER: 1}
    assert count_missing_removals([found[2], *found[:2]]) == {}
    # the same task id of another user is another item in the table, but ULIDs are not given twice
    assert count_missing_removals([found[3]]) == {OTHER: 1}


def test_the_real_capture_writes_what_is_understood() -> None:
    from ingestion.cdc.transform import encode_line, make_envelope

    image = {
        "PK": {"S": f"TASK#{USER}"},
        "SK": {"S": "TASK#t-1"},
        "id": {"S": "t-1"},
        "user_id": {"S": USER},
        "created_at": {"S": "2026-11-25T09:00:00Z"},
        "version": {"N": "2"},
    }
    written = encode_line(make_envelope(record(None, image), "2026-11-25T09:00:00Z")).decode()
    assert find_trace(written, [USER]) == Trace(USER, ("t-1", "2026-11-25T09:00:00Z"), 3, is_removal=True)
