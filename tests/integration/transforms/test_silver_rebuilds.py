"""Tables that are built anew beside the old ones and swapped in, and what a killed rebuild leaves."""

import pytest
from pyspark.sql import SparkSession

from tests.integration.transforms.conftest import BUCKET, HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.crashes import CrashError, crash_at
from tests.integration.transforms.history import History, random_history
from transforms.silver.contract import TABLES
from transforms.silver.lost_tables import SilverTableLost
from transforms.silver.tables import start_rebuild

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def test_a_rebuild_is_swapped_in(lake: Lake, spark: SparkSession) -> None:
    lines = random_history(12, 40).lines
    lake.arrive(HOURS[0], lines)
    lake.run()
    before = {table.name: location(lake, table.name) for table in TABLES}
    spark.sql(f"delete from {lake.table('tasks')} where version > 1")
    spark.sql(f"update {lake.table('users')} set email_domain = 'wrong.example'")
    with pytest.MonkeyPatch.context() as patch:
        crash_at(patch, 1)
        with pytest.raises(CrashError):
            lake.run("--full-refresh", "true")
    assert {table.name: location(lake, table.name) for table in TABLES} == before
    assert tables_of(lake) == {table.name for table in TABLES}  # nothing of the rebuild is left in the catalog

    report = lake.run("--full-refresh", "true")
    assert report["envelopes"] == len(lines)
    assert_equals_oracle(lake, lines)
    after = {table.name: location(lake, table.name) for table in TABLES}
    assert not set(before.values()) & set(after.values())
    assert tables_of(lake) == {table.name for table in TABLES}
    assert lake.run()["envelopes"] == 0
    lake.arrive(HOURS[0], lines[:5])
    assert lake.run()["envelopes"] == 5
    assert_equals_oracle(lake, lines)


def tables_of(lake: Lake) -> set[str]:
    return {row.tableName for row in lake.spark.sql(f"show tables in glue_catalog.{lake.database}").collect()}


def test_what_a_killed_rebuild_has_left_is_dropped_by_the_next_run(lake: Lake, spark: SparkSession) -> None:
    lines = random_history(15, 10).lines
    lake.arrive(HOURS[0], lines)
    lake.run()
    start_rebuild(spark, lake.database, f"s3://{BUCKET}/", [table.name for table in TABLES])
    assert len(tables_of(lake)) == 2 * len(TABLES)
    lake.run()
    assert tables_of(lake) == {table.name for table in TABLES}


def location(lake: Lake, table: str) -> str:
    found = lake.spark.sql(f"describe extended {lake.table(table)}").where("col_name = 'Location'").head()
    assert found
    return str(found.data_type)


def test_a_table_that_has_lost_its_history_stops_the_run_until_it_is_rebuilt(lake: Lake) -> None:
    history = History()
    history.sign_up("u-1", "Ada@Example.com", "Ada")
    history.create_task("t-1")
    lake.arrive(HOURS[0], history.lines)
    lake.run()
    lake.spark.sql(f"drop table {lake.table('users')}")
    lake.s3.delete_object(Bucket=BUCKET, Key=metadata_key(lake, "task_events"))
    history.create_task("t-2")
    lake.arrive(HOURS[1], history.lines[2:])
    lost = r"task_events has lost its metadata file s3://.*users is not in the catalog any more"
    repair = "insights pipeline start --rebuild task_events --rebuild users"
    for _ in range(2):
        with pytest.raises(SilverTableLost, match=f"{lost}.*{repair}"):
            lake.run()
    lake.run("--rebuild", "task_events,users")
    assert [row["user_id"] for row in lake.rows("users")] == ["u-1"]
    assert len(lake.rows("task_events")) == 2
    assert [row["task_id"] for row in lake.rows("tasks")] == ["t-1"]  # the next run brings it up to date
    lake.arrive(HOURS[1], history.lines[2:])
    lake.run()
    assert_equals_oracle(lake, history.lines)


def metadata_key(lake: Lake, table: str) -> str:
    """The key of the metadata file that the catalog names."""
    found = lake.glue.get_table(DatabaseName=lake.database, Name=table)["Table"]["Parameters"]["metadata_location"]
    return str(found).removeprefix(f"s3://{BUCKET}/")
