"""Columns that the contract has come to have."""

import pytest
from pyspark.sql import SparkSession

from tests.integration.transforms.conftest import BUCKET, HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.history import History
from transforms.silver import build
from transforms.silver.contract import TABLES, TASKS
from transforms.silver.tables import RebuildRequired

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def test_rows_of_a_lake_that_lacks_the_column_count_as_merged_now(lake: Lake, spark: SparkSession) -> None:
    history = History()
    history.create_task("t-1")
    lake.arrive(HOURS[0], history.lines)
    lake.run()
    written = lake.merged_at("tasks")["t-1",]
    for table in TABLES:
        spark.sql(f"alter table {lake.table(table.name)} drop column merged_at")
    lake.run()
    assert lake.merged_at("tasks")["t-1",] > written
    assert_equals_oracle(lake, history.lines)


def test_a_required_column_is_rolled_out_by_a_full_refresh(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    history.create_task("t-1")
    without_estimate = lake.arrive(HOURS[0], history.lines)
    lake.run()
    extend_the_contract(monkeypatch, nullable=False)
    history.create_task("t-2", estimate="two days")
    lake.arrive(HOURS[0], history.lines[1:])
    with pytest.raises(RebuildRequired, match=r"tasks lacks the required column estimate.*--full-refresh"):
        lake.run()
    lake.s3.delete_object(Bucket=BUCKET, Key=without_estimate)
    lake.run("--full-refresh", "true")
    assert lake.column("tasks", "estimate") == {"t-2": "two days"}


def test_a_new_attribute_appears_once_the_contract_has_it(
    lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History()
    history.create_task("t-1")
    lake.arrive(HOURS[0], history.lines)
    lake.run()
    files = spark.table(f"{lake.table('tasks')}.files").select("file_path").collect()

    extend_the_contract(monkeypatch)
    history.create_task("t-2", estimate="two days")
    history.create_task("t-3")
    lake.arrive(HOURS[0], history.lines[1:])
    lake.run()
    assert lake.column("tasks", "estimate") == {"t-1": None, "t-2": "two days", "t-3": None}
    assert set(files) < set(spark.table(f"{lake.table('tasks')}.files").select("file_path").collect())


def extend_the_contract(patch: pytest.MonkeyPatch, nullable: bool = True) -> None:
    """What a developer does for a new attribute: name it in the schema that is read and in the contract."""
    import dataclasses

    from pyspark.sql.types import StringType, StructField, StructType

    from transforms.silver import contract, envelope, latest, tables

    image = StructType([*envelope.IMAGE, StructField("estimate", StringType())])
    read = StructType(
        [StructField(f.name, image) if f.name in ("new_image", "old_image") else f for f in envelope.ENVELOPE]
    )
    column = contract.Column("estimate", "string", "How long it will take.", nullable=nullable)
    extended = dataclasses.replace(TASKS, columns=(*TASKS.columns, column))

    patch.setattr(envelope, "IMAGE", image)
    patch.setattr(build, "ENVELOPE", read)
    patch.setattr(build, "TASKS", extended)
    patch.setattr(latest, "TASKS", extended)
    patch.setattr(tables, "TABLES", tuple(extended if one.name == "tasks" else one for one in TABLES))
