"""What counts as new in bronze, by the dates of S3's listing: nobody can make a real one tell when an upload began."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, cast

from orchestration.window.new_objects import MAX_NAMES, advance, is_new, list_recent
from orchestration.window.watermark import NEVER, Watermark

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)
START = Watermark(NEVER, frozenset(), NOW, NOW, NOW)


class Listing:
    """Objects of one folder, each dated to so long before now."""

    def __init__(self, ages: dict[str, timedelta]) -> None:
        self.ages = ages

    def get_paginator(self, operation: str) -> Self:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        folder = "cdc/dt=2026-11-25/hour=12/"
        if folder.startswith(request["Prefix"]) and folder > request["StartAfter"]:
            yield {
                "Contents": [{"Key": f"{folder}{name}", "LastModified": NOW - age} for name, age in self.ages.items()]
            }


def read(watermark: Watermark, **ages: timedelta) -> tuple[set[str], Watermark]:
    """The names of the new objects, and the watermark of a run that has read them."""
    listed = list_recent(cast("S3Client", Listing(ages)), "s3://bronze/", watermark)
    names = {item.key.rsplit("/", 1)[-1] for item in listed if is_new(item, watermark)}
    return names, advance(watermark, listed, NOW, NOW)


def test_an_object_that_is_listed_after_a_younger_one_is_read() -> None:
    second, minute, hour = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
    known = {"old": 9 * hour, "young": minute}
    new, first = read(START, **known)
    assert new == {"old", "young"}
    known |= {"same": minute, "slow": hour}
    new, later = read(first, **known)
    assert new == {"same", "slow"}
    assert read(later, **known) == (set(), later)
    # no upload takes that long
    assert read(later, **known, copied=hour + minute + second)[0] == set()


def test_an_object_that_was_written_anew_is_new() -> None:
    _, first = read(START, mended=timedelta(minutes=5), young=timedelta(minutes=1))
    assert read(first, mended=timedelta(minutes=2), young=timedelta(minutes=1))[0] == {"mended"}


def test_the_watermark_stays_when_bronze_is_emptied() -> None:
    _, first = read(START, some=timedelta(hours=1))
    assert read(first)[1].until == first.until


def test_the_names_that_a_watermark_keeps_are_those_of_one_hour() -> None:
    _, first = read(START, one=timedelta(hours=3), two=timedelta(hours=2, minutes=30))
    _, later = read(first, one=timedelta(hours=3), two=timedelta(hours=2, minutes=30), three=timedelta(minutes=1))
    assert (len(first.names), len(later.names)) == (2, 1)


def test_more_objects_than_a_plan_can_name_are_read_again() -> None:
    many = {f"object{number}": timedelta(0) for number in range(MAX_NAMES)}
    _, first = read(START, **many)
    assert read(first, **many)[0] == set()
    new, later = read(first, **many, another=timedelta(0))
    assert (new, later.names) == ({"another"}, frozenset())
    assert len(read(later, **many)[0]) == MAX_NAMES
