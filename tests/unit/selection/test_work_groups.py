"""Which worker gets which test: what shares a session fixture stays together, and long groups come first."""

import pathlib

from tests.work_groups import TESTS, find_group, sort_by_group


class Item:
    """As much of a collected test as its place in the order depends on."""

    def __init__(self, path: str) -> None:
        self.path = TESTS / path


def test_the_longest_groups_come_first_and_their_tests_stay_in_order() -> None:
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
    sort_by_group(items)  # type: ignore[arg-type]
    assert [item.path.relative_to(TESTS).as_posix() for item in items] == [
        "e2e/story/test_1_faults.py",
        "e2e/test_api.py",
        "integration/transforms/test_silver_job.py",
        "integration/transforms/test_erasure.py",
        "integration/transforms/dbt/test_gold.py",
        "unit/api/test_cursors.py",
        "other/test_new.py",
    ]


def test_what_shares_a_session_fixture_is_one_group() -> None:
    for folder, group in (("e2e", "e2e"), ("e2e/story", "story")):
        assert {find_group(pathlib.PurePath(f"{folder}/test_{name}.py"))[1] for name in "ab"} == {group}
    assert find_group(pathlib.PurePath("integration/transforms/test_silver_job.py"))[1] == "spark"
    assert find_group(pathlib.PurePath("unit/api/test_cursors.py"))[1] == "unit/api/test_cursors"
