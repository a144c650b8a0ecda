"""Which records of a batch that Lambda discarded go when a user is erased."""

import json
from typing import Any

import pytest

from ingestion.discarded import DiscardedBatch
from tests.unit.ingestion.stream import record, task_image
from tests.unit.ingestion.test_replay import discarded
from transforms.silver.discarded import find_traces, read
from transforms.silver.traces import Trace, count_missing_removals

USER, OTHER = "u-1", "u-10"
CREATED = "2026-11-23T10:00:00.123456Z"


def image(user: str, **attributes: Any) -> dict[str, Any]:
    return task_image(PK={"S": f"TASK#{user}"}, user_id={"S": user}, **attributes)


def batch(*records: dict[str, Any]) -> DiscardedBatch:
    found = read(discarded(*records))
    assert found
    return found


def test_only_the_records_of_the_user_go() -> None:
    mine, theirs = record(image(USER)), record(image(OTHER, title={"S": "for u-1"}), sequence=2)
    made = batch(mine, theirs)
    ((digest, trace),) = find_traces(made, [USER])
    assert trace.user_id == USER
    assert trace.is_kept([("01JDX", CREATED)])  # they came back, and have the task
    rest = made.drop_records({digest})
    assert rest is not None
    assert DiscardedBatch.parse(rest).records == [theirs]
    assert json.loads(rest)["DDBStreamBatchInfo"] == made.document["DDBStreamBatchInfo"]
    assert made.drop_records({one for one, _ in find_traces(made, [USER, OTHER])}) is None


def test_a_removal_has_arrived_and_nothing_else_is_waited_for() -> None:
    created = Trace(USER, ("01JDX", CREATED), 3)
    (_, removal), (_, update) = find_traces(
        batch(record(None, image(USER, version={"N": "3"})), record(image(USER, version={"N": "9"}))), [USER]
    )
    assert count_missing_removals([created, update]) == {USER: 1}
    assert count_missing_removals([update, created, removal]) == {}
    assert count_missing_removals([update]) == {}


@pytest.mark.parametrize("broken", [{"dynamodb": {"Keys": {"PK": {"S": "TASK#u-1"}}}}, {"eventID": "u-1"}])
def test_what_is_no_record_goes_when_it_names_the_user(broken: dict[str, Any]) -> None:
    ((_, trace),) = find_traces(batch(broken), [USER])
    assert trace == Trace(USER)
    assert list(find_traces(batch(broken), [OTHER])) == []


def test_other_lines_of_bronze_are_no_batch() -> None:
    assert read('{"new_image": null}') is None
    assert read('{"DDBStreamBatchInfo": {}}') is None
