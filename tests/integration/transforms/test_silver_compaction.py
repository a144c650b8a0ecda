"""A small batch rewrites no file, and the nightly compaction applies its deletes."""

import datetime as dt

import pytest
from pyspark.sql import SparkSession

from tests.integration.transforms.conftest import HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.history import History
from transforms.silver.contract import TASKS
from transforms.silver.tables import Tables

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def data_files(lake: Lake, table: str) -> set[str]:
    found = lake.spark.table(f"{lake.table(table)}.files").where("content = 0").select("file_path").collect()
    return {row.file_path for row in found}


def test_a_small_batch_writes_its_own_rows_and_rewrites_no_file(lake: Lake, spark: SparkSession) -> None:
    history = History()
    history.sign_up("u-1", "Ada@Example.com", "Ada")
    for number in range(40):
        history.create_task(f"t-{number:02}")
    lake.arrive(HOURS[0], history.lines)
    lake.run()
    before = data_files(lake, "tasks")
    first = len(history.lines)
    history.complete_task("t-07")
    history.create_task("t'08\\")
    history.write("u-1", name="Ada Lovelace")
    lake.arrive(HOURS[1], history.lines[first:])
    assert lake.run()["rows"]["tasks"] == 2
    assert_equals_oracle(lake, history.lines)
    assert before < data_files(lake, "tasks")
    summary = (
        spark.table(f"{lake.table('tasks')}.snapshots").orderBy("committed_at").select("summary").tail(1)[0].summary
    )
    assert (summary["added-records"], summary["added-position-deletes"]) == ("2", "1")
    assert "deleted-data-files" not in summary

    # the nightly compaction applies the deletes and sorts by key
    tables = Tables(spark, lake.database)
    assert tables.compact(TASKS, 128, 5) >= 1
    assert spark.table(f"{lake.table('tasks')}.delete_files").count() == 0
    assert not before & data_files(lake, "tasks")
    assert_equals_oracle(lake, history.lines)

    # snapshots that are young and few go, too, when the files that they keep are too large
    snapshots, long_ago = lake.snapshots("tasks"), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    tables.expire_snapshots(TASKS, long_ago, 5, 10**9)
    assert lake.snapshots("tasks") == snapshots > 2
    tables.expire_snapshots(TASKS, long_ago, 5, 1)
    assert lake.snapshots("tasks") < snapshots
    assert_equals_oracle(lake, history.lines)
