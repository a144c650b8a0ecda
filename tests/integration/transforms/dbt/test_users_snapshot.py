"""Versions of what users are grouped by: one for each change of content, and none of whoever was erased."""

import datetime as dt
from typing import Any

import pytest

from infra.cli.residues import find_names, read_bucket
from tests.integration.transforms.dbt.conftest import Warehouse

pytestmark = [pytest.mark.account, pytest.mark.slow]

Row = dict[str, Any]
START = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
BUILT = "int_user_attributes users_snapshot assert_versions_of_users_follow_each_other"


def profile(user_id: str, hours: int, domain: str | None = "example.com", **more: Any) -> Row:
    """A user, in the words of a token, as a run of silver wrote it so many hours after the first."""
    at = START + dt.timedelta(hours=hours)
    written = {"user_id": user_id, "email_domain": domain, "time_zone": None, "created_at": START, "is_deleted": False}
    return {**written, "updated_at": at, "version": hours + 1, "merged_at": at, **more}


class Users:
    """Silver's users and the versions that gold has of them."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.rows = warehouse, dict[str, Row]()
        assert warehouse.dbt("run", "--select", "stg_users").returncode == 0
        warehouse.parse()

    def build(self, *written: Row, words: tuple[str, ...] = ()) -> list[list[str | None]]:
        """Let silver write rows, build and test; user, domain, zone, and from which hour to which hour, in order."""
        self.rows |= {row["user_id"]: row for row in written}
        self.warehouse.fill_one("users", list(self.rows.values()))
        built = self.warehouse.dbt("build", "--select", BUILT, *words)
        assert built.returncode == 0, built.stdout
        first = f"timestamp '{START:%Y-%m-%d %H:%M:%S}'"
        hours = ", ".join(
            f"cast(date_diff('hour', {first}, {one}) as varchar)" for one in ("dbt_valid_from", "dbt_valid_to")
        )
        return self.warehouse.ask(
            f"select user_id, email_domain, time_zone, {hours} from users_snapshot order by user_id, dbt_valid_from",
            self.warehouse.gold,
        )


def test_versions_follow_content_and_end_with_an_erasure(warehouse: Warehouse) -> None:
    users = Users(warehouse)

    first = users.build(profile("anna", 0), profile("ben", 0, None), profile("cora", 0))
    assert first == [
        ["anna", "example.com", "UTC", "0", None],
        ["ben", None, "UTC", "0", None],
        ["cora", "example.com", "UTC", "0", None],
    ]

    # a zone, an address where there was none, and a change that is none of the kept attributes
    changed = users.build(
        profile("anna", 5, time_zone="Europe/Berlin"), profile("ben", 5, "example.org"), profile("cora", 5)
    )
    assert changed == [
        ["anna", "example.com", "UTC", "0", "5"],
        ["anna", "example.com", "Europe/Berlin", "5", None],
        ["ben", None, "UTC", "0", "5"],
        ["ben", "example.org", "UTC", "5", None],
        ["cora", "example.com", "UTC", "0", None],
    ]

    # a full refresh of silver writes every row anew, with the same content
    refreshed = {name: {**row, "merged_at": START + dt.timedelta(hours=8)} for name, row in users.rows.items()}
    assert users.build(*refreshed.values()) == changed

    # back to what was: a version of its own
    back = users.build(profile("anna", 9))
    assert back[:3] == [
        *changed[:1],
        ["anna", "example.com", "Europe/Berlin", "5", "9"],
        ["anna", "example.com", "UTC", "9", None],
    ]
    assert back[3:] == changed[2:]

    # flagged by a run of silver; then deleted by the nightly job, of which no row tells
    flagged = users.build(profile("anna", 10, None, is_deleted=True))
    assert flagged == changed[2:]
    del users.rows["anna"]
    assert users.build(words=("--full-refresh",)) == changed[2:]

    # whoever comes back begins with one version, also when silver never shows that they were gone
    returned = START + dt.timedelta(hours=12)
    again = users.build(
        profile("anna", 12, created_at=returned), profile("ben", 12, "example.org", created_at=returned)
    )
    assert again == [
        ["anna", "example.com", "UTC", "12", None],
        ["ben", "example.org", "UTC", "12", None],
        ["cora", "example.com", "UTC", "0", None],
    ]


def test_no_file_of_gold_holds_an_erased_user_after_the_build_that_follows_an_erasure(warehouse: Warehouse) -> None:
    users = Users(warehouse)
    users.build(profile("user-who-leaves", 0), profile("user-who-stays", 0))
    kept = users.build(profile("user-who-leaves", 1, "example.org"), profile("user-who-stays", 1, "example.org"))[2:]
    assert places(warehouse, "user-who-leaves")

    del users.rows["user-who-leaves"]
    assert users.build(words=("--full-refresh",)) == kept
    assert places(warehouse, "user-who-leaves") == []
    assert places(warehouse, "user-who-stays")
    tables = warehouse.account.session.client("glue").get_tables(DatabaseName=warehouse.gold)["TableList"]
    assert {table["Name"] for table in tables} == {"stg_users", "int_user_attributes", "users_snapshot"}


def places(warehouse: Warehouse, user_id: str) -> list[str]:
    """The objects of gold's tables that name a user."""
    found = read_bucket(warehouse.account.session.client("s3"), warehouse.name)
    return [place for place, body in found if "/tables/" in place and find_names(place, body, [user_id.encode()])]


def test_versions_that_a_killed_build_had_moved_come_back(warehouse: Warehouse) -> None:
    users = Users(warehouse)
    users.build(profile("anna", 0))
    kept = users.build(profile("anna", 1, "example.org"))
    warehouse.ask(f"alter table `users_snapshot` rename to `{warehouse.gold}`.`users_snapshot__bkp`", warehouse.gold)

    stopped = warehouse.dbt("build", "--select", BUILT)
    assert stopped.returncode == 1
    assert "users_snapshot was lost by a build that did not end; it is back: build again" in stopped.stdout
    assert users.build() == kept


def test_no_word_of_a_profile_is_kept(warehouse: Warehouse) -> None:
    users = Users(warehouse)
    users.build(profile("anna", 0, email_masked="a***@example.com", name_masked="A***", email_hash="0f"))
    (row,) = warehouse.rows("users_snapshot")
    assert not {"a***@example.com", "A***", "0f"} & set(map(str, row.values()))
    columns = warehouse.manifest.nodes["snapshot.todo_insights.users_snapshot"].columns
    assert list(row) == list(columns)
