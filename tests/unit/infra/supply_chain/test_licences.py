"""Only accepted licences are shipped, and the page lists them all."""

import pytest

from infra.supply_chain import licences
from infra.supply_chain.packages import DEPLOYABLES, packages


def test_every_shipped_package_has_a_licence_that_is_accepted() -> None:
    found = {(package.name, package.licence) for lock in DEPLOYABLES.values() for package in packages(lock)}
    assert len(found) > 80
    assert [package for package in found if not licences.accepted(package[1])] == []


def test_the_page_lists_what_the_locks_pin() -> None:
    assert licences.PAGE.read_text() == licences.page(), "`make licences` writes it"


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("", False),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("GPL-3.0-only AND (Apache-2.0 OR MIT)", False),
        ("GPL-3.0-only OR MIT AND Apache-2.0", True),
        ("MIT OR GPL-3.0-only AND GPL-2.0-only", True),
        ("GPL-2.0-only OR MIT AND GPL-3.0-only", False),
    ],
)
def test_of_alternatives_one_is_enough_and_of_several_each_is_needed(expression: str, accepted: bool) -> None:
    assert licences.accepted(expression) is accepted
