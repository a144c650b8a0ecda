"""A task in a list is the task that was written, whether it is read as a document or as a model."""

import datetime as dt
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from api.contract import PRIORITIES, STATUSES, Priority, Status
from api.models.counts import UNKNOWN, Counted, CountedUntil
from api.models.fields import timestamp
from api.models.task import StoredTask, Task
from api.repositories import task_items
from api.services.serialization import task_json

MOMENTS = st.floats(10**9, 4 * 10**9).map(lambda seconds: timestamp(dt.datetime.fromtimestamp(seconds, dt.UTC)))
TEXT = st.text(min_size=1, max_size=50, alphabet=st.characters(codec="utf-8", exclude_characters="\x00"))
IDS = st.none() | st.just("01ARZ3NDEKTSV4RRFFQ69G5FAW")
TASKS = st.builds(
    Task.model_construct,
    id=st.just("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    title=TEXT.map("x".__add__),
    description=st.none() | TEXT,
    status=st.sampled_from(Status),
    priority=st.sampled_from(Priority),
    category=st.none() | TEXT.map("x".__add__),
    labels=st.lists(TEXT, max_size=3),
    parent_id=IDS,
    recurrence=st.none() | st.just("FREQ=DAILY;COUNT=3"),
    previous_id=IDS,
    next_id=IDS,
    due_at=st.none() | MOMENTS,
    due_date=st.none() | st.dates(),
    created_at=MOMENTS,
    updated_at=MOMENTS,
    completed_at=st.none() | MOMENTS,
    version=st.integers(1, 10**9),
)


COUNTED = st.builds(Counted, st.sampled_from(STATUSES), st.sampled_from(PRIORITIES), st.none() | TEXT)
COUNTED_BEFORE = st.lists(st.builds(CountedUntil, MOMENTS, st.none() | st.just(UNKNOWN) | COUNTED), max_size=3)


@given(
    task=TASKS,
    deleted_at=st.none() | MOMENTS,
    seconds=st.integers(10**9, 4 * 10**9),
    counted_before=COUNTED_BEFORE.map(tuple),
)
def test_an_item_is_read_as_it_was_written(
    task: Task, deleted_at: str | None, seconds: int, counted_before: tuple[CountedUntil, ...]
) -> None:
    stored = StoredTask("u", task, "r", deleted_at, seconds if deleted_at else None, counted_before=counted_before)
    item = task_items.item(stored)
    assert task_items.stored(item) == stored
    expected: dict[str, Any] = orjson.loads(task_json(task))
    if deleted_at:
        purge_at = timestamp(dt.datetime.fromtimestamp(seconds, dt.UTC))
        expected |= {"deleted_at": deleted_at, "purge_at": purge_at}
    document = task_items.document(item)
    assert orjson.loads(orjson.dumps(document)) == expected
    assert list(document) == list(expected)
