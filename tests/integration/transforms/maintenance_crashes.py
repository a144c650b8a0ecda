"""`make maintenance-crashes`: maintenance dies at each of its writes, and the next one makes everything good.

Each death is on a lake of its own. FIRST, EVERY and MOST_WRITES choose some of the writes. The suite has a sample:
`test_erasure.py::test_who_comes_back_before_the_night_keeps_what_is_new`.
"""

import datetime as dt
import os
import sys
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.transforms.conftest import YESTERDAY, assert_equals_oracle
from tests.integration.transforms.deaths import Writes, dying
from tests.integration.transforms.household import USER, WORDS, Household, household_of
from transforms.silver.contract import TABLES

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

# everything that the nightly run does, at once
ALL = ("--snapshot-days", "0", "--snapshots-kept", "1", "--least-files", "2", "--orphan-days", "0")
FIRST, EVERY = int(os.environ.get("FIRST", "0")), int(os.environ.get("EVERY", "1"))
MOST_WRITES = int(os.environ.get("MOST_WRITES", "90"))


def prepare(household: Household) -> None:
    """A lake of many small files, old snapshots and what a rebuild has left, in which everything of a user has come."""
    lake, lines = household.lake, household.history.lines
    lake.arrive(f"{YESTERDAY}T09", lines[:-4])
    lake.run()
    lake.run("--full-refresh", "true")
    for number in range(len(lines) - 4, len(lines)):
        lake.arrive(f"{YESTERDAY}T09", lines[number : number + 1])
    lake.run()
    household.put_in_gold("athena-results/1.csv", "title", WORDS[2])
    household.quarantines("t-zebra")
    household.discard()
    lake.arrive(f"{YESTERDAY}T10", household.leave())
    lake.run()
    household.requested("2026-11-20T00:00:00Z")


def rows_of_others(household: Household) -> dict[str, list[dict[str, Any]]]:
    """What everybody else has in silver."""
    return {table.name: [row for row in household.lake.rows(table.name) if USER not in str(row)] for table in TABLES}


@pytest.mark.parametrize("number", range(FIRST, MOST_WRITES, EVERY))
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_next_maintenance_makes_good_what_a_crash_has_left(
    account: Account, spark: SparkSession, unique: str, role: RoleFactory, when: str, number: int
) -> None:
    with household_of(account, spark, unique, role("states")) as household:
        prepare(household)
        lake = household.lake
        others, merged_at = rows_of_others(household), lake.merged_at("tasks")
        writes = Writes(when, lambda made: len(made) > number)
        with dying(writes):
            household.maintain(*ALL)
        place = f"{when} write {number}, {writes.made[-1][:80]}"
        print(f"died {place}" if writes.is_dead else f"there are {len(writes.made)} writes", file=sys.stderr)
        assert rows_of_others(household) == others, place

        began = dt.datetime.now(dt.UTC).replace(microsecond=0)
        household.maintain(*ALL)
        assert household.found(*WORDS, USER) == set(), place
        assert household.pending() == [], place
        assert_equals_oracle(lake, household.others)
        # gold reads what changed since its last build by this
        left = {key: moment for key, moment in merged_at.items() if key not in {("t-zebra",), ("t-wombat",)}}
        assert lake.merged_at("tasks") == left, place
        # but for what this run itself has left, nothing else lies there than what the tables lead to
        assert household.unreachable_files(began) == set(), place
        assert max(spark.table(f"{lake.table(table.name)}.delete_files").count() for table in TABLES) == 0, place
        assert max(lake.snapshots(table.name) for table in TABLES) <= 2, place
