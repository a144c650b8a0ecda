"""Which requests are the same, and what is kept of them."""

import pytest

from api.identity import Caller
from api.models.answer import Answer
from api.problems import IdempotencyKeyReused
from api.repositories.idempotency import put, unexpired
from api.services.idempotency import fingerprint, record_of, replay
from api.services.intent import Intent

INTENT = Intent(Caller("user"), "request", "key")
ANSWER = Answer(201, '{"title":"🥛"}'.encode(), {"ETag": '"1"', "Location": "tasks/x"})


def test_the_order_of_fields_does_not_matter_but_everything_else_does() -> None:
    same = fingerprint("create", "", {"title": "x", "category": None})
    assert same == fingerprint("create", "", {"category": None, "title": "x"})
    others = [
        fingerprint("create", "", {"title": "y", "category": None}),
        fingerprint("create", "", {"title": "x"}),
        fingerprint("update", "", {"title": "x", "category": None}),
        fingerprint("create", "id", {"title": "x", "category": None}),
    ]
    assert len({same, *others}) == 5


def test_a_fingerprint_is_stable_over_releases() -> None:
    # records outlive a deployment: a change here would answer 422 to honest retries
    assert fingerprint("create", "", {"title": "x"}) == (
        "35e1f37509433845167f1d0f56bc539b0a4aff8d9110fcfb7ad029949bd448ad"
    )


def test_no_key_makes_no_record() -> None:
    assert record_of(Intent(Caller("user"), "request"), "f", ANSWER, 0) is None


def test_a_record_comes_back_from_the_table_as_a_replay_until_it_expires() -> None:
    record = record_of(INTENT, "f", ANSWER, 1000)
    assert record
    item = put("table", record, 1000).item
    assert (item["PK"], item["SK"]) == ({"S": "IDEMPOTENCY#user"}, {"S": "key"})
    assert item["expiration_timestamp"] == {"N": str(1000 + 24 * 3600)}
    found = unexpired(item, "user", "key", 1000 + 24 * 3600)
    assert found
    assert replay(found, "f") == Answer(ANSWER.status, ANSWER.body, ANSWER.headers, replayed=True)
    assert unexpired(item, "user", "key", 1000 + 24 * 3600 + 1) is None
    assert unexpired(None, "user", "key", 0) is None


def test_another_request_under_the_key_is_refused() -> None:
    record = record_of(INTENT, "f", ANSWER, 0)
    assert record
    with pytest.raises(IdempotencyKeyReused):
        replay(record, "g")


def test_a_record_of_a_usual_task_fits_in_one_write_unit_s_kilobyte() -> None:
    body = b'{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","title":"' + "Überweisung Miete".encode() + b'","description":"'
    answer = Answer(201, body + b"Lorem ipsum dolor sit amet. " * 30 + b'"}', ANSWER.headers)
    record = record_of(INTENT, "f" * 64, answer, 1_795_000_000)
    assert record
    item = put("table", record, 0).item
    size = sum(len(name) + len(next(iter(typed.values()))) for name, typed in item.items())
    assert size < 1024
