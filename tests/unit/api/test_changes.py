"""Tokens of the change feed under every order in which writes may become visible."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from ulid import ULID

from api.contract import Priority, Status
from api.models.fields import timestamp
from api.models.task import StoredTask, Task
from api.repositories.task_items import change_sort
from api.repositories.task_lists import ChangePage
from api.services.changes import LATE, Token, advance, change_digest

START = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
IDS = [str(ULID.from_datetime(START + dt.timedelta(seconds=number))) for number in range(4)]


def version(task_id: str, number: int, at: dt.datetime) -> StoredTask:
    task = Task.model_construct(
        id=task_id,
        title="x",
        status=Status.PENDING,
        priority=Priority.LOW,
        created_at=timestamp(START),
        updated_at=timestamp(at),
        version=number,
    )
    return StoredTask("u", task, "r")


@settings(max_examples=500)
@given(
    writes=st.lists(
        st.tuples(
            st.sampled_from(IDS),
            st.sampled_from((0, 1, 30, 61)),  # seconds since the write before
            st.sampled_from((0, 2, 40, 59)),  # seconds until it is visible
        ),
        max_size=12,
    ),
    reads=st.lists(st.tuples(st.sampled_from((0, 1, 30, 61)), st.integers(1, 3)), max_size=12),
)
def test_a_reader_ends_up_with_the_newest_version_of_every_task(
    writes: list[tuple[str, int, int]], reads: list[tuple[int, int]]
) -> None:
    visible: list[tuple[dt.datetime, StoredTask]] = []
    at = START
    last_visible = dict.fromkeys(IDS, START)
    for number, (task_id, gap, late) in enumerate(writes, start=1):
        at += dt.timedelta(seconds=gap, microseconds=1)
        # versions of one task are committed one after the other
        since = max(at + dt.timedelta(seconds=late), last_visible[task_id])
        if since - at >= LATE:
            continue
        last_visible[task_id] = since
        visible.append((since, version(task_id, number, at)))

    known: dict[str, int] = {}
    token = Token(0, True, "0", "0", "g")

    def read(now: dt.datetime, limit: int) -> bool:
        nonlocal token
        current: dict[str, StoredTask] = {}
        for since, stored in visible:
            if since <= now:
                current[stored.task.id] = stored
        rows = sorted((one for one in current.values() if change_sort(one) > token.after), key=_sort)
        page = rows[:limit]
        for one in page:
            if change_digest(one) not in token.delivered:
                known[one.task.id] = max(known.get(one.task.id, 0), one.task.version)
        token = Token.parse(advance(token, _page(page, token.after, len(rows) > limit), now).text())
        return not token.ended

    now = START
    for gap, limit in reads:
        now += dt.timedelta(seconds=gap)
        read(now, limit)
    end = max([now, *(since for since, _ in visible)]) + dt.timedelta(seconds=1)
    for limit in (2, 2):  # the first run may have begun in the middle of one
        while read(end, limit):
            pass
    assert known == {stored.task.id: stored.task.version for _, stored in visible}


def test_a_delivered_change_is_remembered_while_it_can_be_read_again() -> None:
    stored = version(IDS[0], 1, START)
    token = advance(Token(0, False, "0", "0", "g"), _page([stored]), START + dt.timedelta(seconds=1))
    assert token.delivered == (change_digest(stored),)
    token = advance(token, _page([stored]), START + LATE + dt.timedelta(seconds=1))
    assert token.floor == token.after == change_sort(stored)
    later = advance(token, _page([version(IDS[1], 1, START + 2 * LATE)]), START + 4 * LATE)
    assert later.delivered == (change_digest(version(IDS[1], 1, START + 2 * LATE)),)


def test_a_token_stays_short_however_much_was_delivered() -> None:
    page = [version(IDS[0], number, START + dt.timedelta(microseconds=number)) for number in range(1, 400)]
    token = advance(Token(0, False, "0", "0", "g"), _page(page), START)
    assert len(token.delivered) == 128
    assert change_digest(page[-1]) in token.delivered
    assert len(token.text()) < 2500


def _page(tasks: list[StoredTask], after: str = "0", has_more: bool = False) -> ChangePage:
    return ChangePage(tasks, change_sort(tasks[-1]) if tasks else after, has_more)


def _sort(stored: StoredTask) -> str:
    return change_sort(stored)
