"""Which worker gets which test: what shares a session fixture stays together, and long groups come first."""

import pathlib

import pytest

from tests.work_groups import TESTS, assign_groups


class Item:
    """As much of a collected test as the groups are made of."""

    def __init__(self, path: str) -> None:
        self.path = TESTS / path
        self.group = ""

    def add_marker(self, marker: pytest.MarkDecorator) -> None:
        self.group = marker.args[0]


def test_tests_are_grouped_by_what_they_share_and_the_longest_come_first() -> None:
    paths = [
        "unit/api/test_cursors.py",
        "other/test_new.py",
        "integration/transforms/test_silver_job.py",
        "integration/transforms/dbt/test_gold.py",
        "integration/transforms/test_erasure.py",
        "e2e/test_api.py",
        "e2e/story/test_1_faults.py",
    ]
    items = [Item(path) for path in paths]
    assign_groups(items)  # type: ignore[arg-type]
    assert [(str(item.path.relative_to(TESTS)), item.group) for item in items] == [
        ("e2e/test_api.py", "e2e"),
        ("e2e/story/test_1_faults.py", "e2e"),
        ("integration/transforms/dbt/test_gold.py", "integration/transforms/dbt/test_gold"),
        ("integration/transforms/test_silver_job.py", "spark"),
        ("integration/transforms/test_erasure.py", "spark"),
        ("unit/api/test_cursors.py", "unit/api/test_cursors"),
        ("other/test_new.py", "other/test_new"),
    ]


def test_every_folder_of_tests_has_a_place() -> None:
    for path in TESTS.rglob("test_*.py"):
        item = Item(str(path.relative_to(TESTS)))
        assign_groups([item])  # type: ignore[list-item]
        assert item.group
        assert pathlib.PurePath(item.group).suffix == ""
