"""Which tests run on the same pytest-xdist worker, and in which order the groups are handed out.

A group shares its expensive fixtures: the deployed stacks, a Spark session, the synthesized templates. pytest-xdist
gives whole groups to workers (`--dist loadgroup`), in the order in which their first tests are collected; so the
longest groups come first, and the short ones fill the gaps at the end.
https://pytest-xdist.readthedocs.io/en/stable/distribution.html
"""

import pathlib

import pytest

TESTS = pathlib.Path(__file__).parent
# Folder below tests/ to group name, the longest group first. None: each module of the folder is a group of its own.
FOLDERS: tuple[tuple[str, str | None], ...] = (
    ("e2e", "e2e"),
    ("integration/transforms/dbt", None),
    ("integration/transforms/bi", None),
    ("integration/transforms", "spark"),
    ("integration/orchestration", None),
    ("infra", "templates"),
    ("integration/local", None),
    ("integration", None),
    ("unit", None),
    ("", None),
)


def assign_groups(items: list[pytest.Item]) -> None:
    """Mark every test with its group, and put the longest groups first.

    Args:
        items: the collected tests; sorted in place. The order of tests in a module does not change.
    """
    ranks: dict[pytest.Item, int] = {}
    for item in items:
        path = item.path.relative_to(TESTS)
        ranks[item], group = next(
            (rank, group) for rank, (folder, group) in enumerate(FOLDERS) if path.is_relative_to(folder)
        )
        item.add_marker(pytest.mark.xdist_group(group or path.with_suffix("").as_posix()))
    items.sort(key=ranks.__getitem__)
