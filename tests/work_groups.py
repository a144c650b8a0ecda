"""Which tests run on the same pytest-xdist worker, and in which order the groups are handed out.

A group shares its expensive fixtures: the deployed stacks, a Spark session, the synthesized templates. A worker gets
whole groups, in the order in which their first tests are collected; so the longest groups come first, and the short
ones fill the gaps at the end. pytest-xdist's own `--dist loadgroup` does not group with pytest 9.2, which no longer
lets a plugin change the id of a test; so the scheduler here finds the group by the test's path.
https://pytest-xdist.readthedocs.io/en/stable/distribution.html
"""

import pathlib

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = pathlib.Path(__file__).parent
# Folder below tests/ to group name, the longest group first. A test belongs to the innermost of its folders. None: each
# module of the folder is a group of its own.
FOLDERS: tuple[tuple[str, str | None], ...] = (
    # two deployments, so that neither is the longest of all groups by far
    ("e2e/story", "story"),
    ("e2e", "e2e"),
    ("integration/transforms", "spark"),
    ("integration/transforms/dbt", None),
    ("integration/transforms/bi", None),
    ("integration/orchestration", None),
    ("infra", "templates"),
    ("integration/local", None),
    ("integration", None),
    ("unit", None),
    ("", None),
)


def find_group(path: pathlib.PurePath) -> tuple[int, str]:
    """The rank and the name of the group of a test module.

    Args:
        path: relative to tests/.
    """
    rank = max(
        (rank for rank, (folder, _) in enumerate(FOLDERS) if path.is_relative_to(folder)),
        key=lambda rank: len(pathlib.PurePath(FOLDERS[rank][0]).parts),
    )
    return rank, FOLDERS[rank][1] or path.with_suffix("").as_posix()


def sort_by_group(items: list[pytest.Item]) -> None:
    """Put the tests of the longest groups first.

    Args:
        items: the collected tests; sorted in place. The order of tests in a group does not change.
    """
    items.sort(key=lambda item: find_group(item.path.relative_to(TESTS))[0])


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist ships no types
    """pytest-xdist's scheduling of whole modules to workers, with groups in place of modules."""

    def _split_scope(self, nodeid: str) -> str:
        path = pathlib.PurePath(nodeid.partition("::")[0])
        return find_group(path.relative_to(TESTS.name))[1]
