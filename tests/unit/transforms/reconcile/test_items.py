"""Items that lack attributes are compared like any other."""

import datetime as dt

from transforms.reconcile import items
from transforms.reconcile.check import is_settled
from transforms.reconcile.compare import Difference, compare

NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
BARE_TASK = {"PK": "TASK#u1", "SK": "TASK#t1", "entity_type": "TASK"}
BARE_USER = {"PK": "USER#u1", "SK": "METADATA", "entity_type": "USER"}


def test_an_item_with_nothing_but_its_key_is_a_difference() -> None:
    found = compare({items.identifier(BARE_TASK): items.task(BARE_TASK)}, [])
    assert found.examples == [Difference("t1", "missing in silver")]
    assert items.identifier(BARE_USER) == "u1"
    assert items.user(BARE_USER)["email_domain"] is None


def test_a_malformed_time_is_a_difference_and_null_is_no_value() -> None:
    item = {
        **BARE_TASK,
        "title": items.plain({"NULL": True}),
        "created_at": items.plain({"S": "yesterday"}),
        "updated_at": items.plain({"S": "soon"}),
    }
    row = items.task(item)
    assert (row["title"], row["created_at"], row["updated_at"]) == (None, "yesterday", "soon")
    assert is_settled(row, NOW)
    silver = {**row, "created_at": NOW, "updated_at": NOW - dt.timedelta(days=1)}
    assert compare({"t1": row}, [("t1", silver)]).examples == [
        Difference("t1", "different", ("created_at", "updated_at"))
    ]
    assert items.plain({"N": "1.5"}) == "1.5"


def test_an_item_without_a_time_of_writing_is_compared() -> None:
    assert is_settled(items.task(BARE_TASK), NOW)
    assert not is_settled({"updated_at": NOW}, NOW)
    assert is_settled({"updated_at": NOW - dt.timedelta(seconds=1)}, NOW)
