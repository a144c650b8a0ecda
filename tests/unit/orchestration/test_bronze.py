"""What counts as new in bronze, by the dates of S3's listing: nobody can make a real one tell when an upload began."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, cast

from orchestration.window import bronze
from orchestration.window.bronze import NAMES_MOST, Seen

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


class Listing:
    """Objects of one folder, each dated to so long before now."""

    def __init__(self, ages: dict[str, timedelta]) -> None:
        self.ages = ages

    def get_paginator(self, operation: str) -> Self:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        folder = "cdc/dt=2026-11-25/hour=12/"
        if folder.startswith(asked["Prefix"]) and folder > asked["StartAfter"]:
            yield {
                "Contents": [{"Key": f"{folder}{name}", "LastModified": NOW - age} for name, age in self.ages.items()]
            }


def since(seen: Seen | None, **ages: timedelta) -> tuple[set[str], Seen]:
    new, looked = bronze.since(cast("S3Client", Listing(ages)), "bronze", seen, NOW)
    return {item.key.rsplit("/", 1)[-1] for item in new}, looked


def test_an_object_that_is_listed_after_a_younger_one_is_seen() -> None:
    second, minute, hour = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
    known = {"old": 9 * hour, "young": minute}
    new, seen = since(None, **known)
    assert new == {"old", "young"}
    known |= {"same": minute, "slow": hour}
    new, later = since(seen, **known)
    assert new == {"same", "slow"}
    assert since(later, **known) == (set(), later)
    # no upload takes that long
    assert since(later, **known, copied=hour + minute + second)[0] == set()


def test_an_object_that_was_written_anew_is_new() -> None:
    _, seen = since(None, mended=timedelta(minutes=5), young=timedelta(minutes=1))
    assert since(seen, mended=timedelta(minutes=2), young=timedelta(minutes=1))[0] == {"mended"}


def test_what_was_seen_is_kept_when_bronze_is_emptied() -> None:
    _, seen = since(None, some=timedelta(hours=1))
    assert since(seen)[1].until == seen.until


def test_more_objects_than_a_plan_can_name_are_looked_at_again() -> None:
    many = {f"object{number}": timedelta(0) for number in range(NAMES_MOST)}
    _, seen = since(None, **many)
    assert since(seen, **many)[0] == set()
    new, seen = since(seen, **many, another=timedelta(0))
    assert (new, seen.names) == ({"another"}, frozenset())
    assert len(since(seen, **many)[0]) == NAMES_MOST
