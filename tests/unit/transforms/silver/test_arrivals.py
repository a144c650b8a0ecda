"""What is read and what is not, as objects appear in S3 late, out of order, and after the time they are dated to."""

import datetime as dt
import random
from email.utils import format_datetime
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_s3 import S3Client

from transforms.silver.arrivals import NAMES_MOST, SETTLING, Mark, Window, of_window, since

NOW = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)
FOLDER = "s3://bronze/cdc/"


class Bronze:
    """As much of S3 as listing needs, with a clock of its own."""

    def __init__(self) -> None:
        self.now = NOW
        self.objects: dict[str, dt.datetime] = {}

    def put(self, hour: str, name: str, dated: dt.datetime | None = None) -> str:
        day, _, hour_of_day = hour.partition("T")
        key = f"cdc/dt={day}/hour={hour_of_day}/{name}.gz"
        self.objects[key] = (dated or self.now).replace(microsecond=0)
        return f"s3://bronze/{key}"

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        return {"ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self.now, usegmt=True)}}}

    def get_paginator(self, _: str) -> "Bronze":
        return self

    def paginate(self, *, Prefix: str, StartAfter: str = "", Delimiter: str = "", **_: Any) -> list[Any]:  # noqa: N803
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
        if Delimiter:
            folders = {Prefix + key.removeprefix(Prefix).partition("/")[0] + "/" for key in keys}
            return [{"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)]}]
        return [{"Contents": [{"Key": k, "ETag": '"x"', "LastModified": self.objects[k]} for k in keys]}]

    @property
    def client(self) -> S3Client:
        return cast("S3Client", self)

    def read(self, mark: Mark | None) -> tuple[set[str], Mark]:
        """What a run reads, folders resolved, and the mark that it leaves."""
        found = since(self.client, [FOLDER], mark)
        assert found.mark
        paths = tuple(found.paths[FOLDER])
        return {
            f"s3://bronze/{key}" for key in self.objects if f"s3://bronze/{key}".startswith(paths)
        } if paths else set(), found.mark


def test_the_first_run_reads_all_and_the_next_one_nothing() -> None:
    bronze = Bronze()
    old, new = bronze.put("2026-01-01T00", "old", NOW - dt.timedelta(days=300)), bronze.put("2026-11-25T11", "new")
    read, mark = bronze.read(None)
    assert read == {old, new}
    bronze.now += dt.timedelta(minutes=5)
    assert bronze.read(mark)[0] == set()
    assert since(bronze.client, [FOLDER], mark).start == "2026-11-25T12:00:00Z"


def test_late_objects_are_read_in_the_same_hour_in_an_old_one_and_when_they_appear_after_their_date() -> None:
    bronze = Bronze()
    bronze.put("2026-11-25T12", "first")
    _, mark = bronze.read(None)
    same, old = bronze.put("2026-11-25T12", "second"), bronze.put("2026-11-23T01", "late")
    hidden = bronze.put("2026-11-25T11", "large", NOW - dt.timedelta(minutes=20))
    bronze.now += dt.timedelta(minutes=1)
    assert bronze.read(mark)[0] == {same, old, hidden}


@given(st.integers(0, 10**6))
def test_whatever_appears_is_read_once_and_nothing_is_missed(seed: int) -> None:
    chance, bronze = random.Random(seed), Bronze()
    mark: Mark | None = None
    read: list[str] = []
    appeared: set[str] = set()
    for step in range(12):
        for number in range(chance.randrange(4)):
            hour = (bronze.now - dt.timedelta(hours=chance.randrange(40))).strftime("%Y-%m-%dT%H")
            behind = dt.timedelta(seconds=chance.randrange(int(SETTLING.total_seconds()) - 60))
            appeared.add(bronze.put(hour, f"{step}-{number}", bronze.now - behind))
        if chance.random() < 0.6:
            found, left = bronze.read(mark)
            read += found
            if chance.random() < 0.7:  # otherwise the run dies before it leaves its mark
                mark = Mark.from_properties(left.properties())
            else:
                read = [path for path in read if path not in found]
        bronze.now += dt.timedelta(seconds=chance.choice([1, 50, 1800, 7200, 80_000]))
    read += bronze.read(mark)[0]
    assert sorted(read) == sorted(appeared)


def test_a_mark_does_not_grow_without_bound_and_reads_again_rather_than_miss() -> None:
    bronze = Bronze()
    for number in range(NAMES_MOST + 1):
        bronze.put("2026-11-25T11", str(number))
    _, mark = bronze.read(None)
    assert mark.names == frozenset()
    assert len(bronze.read(mark)[0]) == NAMES_MOST + 1


def test_a_window_reads_its_hours_and_whole_days_as_one() -> None:
    bronze = Bronze()
    for hour in ("2026-11-23T23", "2026-11-24T00", "2026-11-24T09", "2026-11-25T00", "2026-11-25T01"):
        bronze.put(hour, "x")
    found = of_window(bronze.client, [FOLDER], Window("2026-11-23T23", "2026-11-25T01"))
    assert found.paths[FOLDER] == [
        f"{FOLDER}dt=2026-11-23/hour=23/",
        f"{FOLDER}dt=2026-11-24/",
        f"{FOLDER}dt=2026-11-25/hour=00/",
    ]
    assert (found.start, found.end, found.mark) == ("2026-11-23T23:00:00Z", "2026-11-25T01:00:00Z", None)
    assert of_window(bronze.client, ["s3://bronze/logs/"], Window()).paths == {"s3://bronze/logs/": []}
