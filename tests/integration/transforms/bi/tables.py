"""Gold tables made of rows that a test states, with the columns and types of the dbt project's contracts."""

import datetime as dt
import pathlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import yaml

MARTS = pathlib.Path(__file__).resolve().parents[4] / "transforms" / "dbt" / "models" / "marts"
# the pipeline writes this one: contract of orchestration
PIPELINE_RUNS = {
    "run_id": "string",
    "started_at": "timestamp",
    "ended_at": "timestamp",
    "duration_seconds": "double",
    "window_from": "timestamp",
    "window_to": "timestamp",
    "full_refresh": "boolean",
    "events_read": "bigint",
    "rejects": "bigint",
    "reject_threshold": "double",
    "reason": "string",
    "late_objects": "bigint",
    "unreadable_objects": "bigint",
    "models_built": "int",
    "tests_passed": "int",
    "bytes_scanned": "bigint",
    "cost_estimate_usd": "double",
    "users_published": "bigint",
    "dt": "string",
}
PARTITIONS = {"fct_task_events": "event_date", "fct_daily_activity": "activity_date", "pipeline_runs": "dt"}
_HIVE = {
    "varchar": "string",
    "array(varchar)": "array<string>",
    "integer": "int",
    "timestamp(3)": "timestamp",
    "timestamp(6)": "timestamp",
}
Rows = Sequence[Mapping[str, Any]]


def columns(table: str) -> dict[str, str]:
    """A gold table's columns and their Hive types, as its contract has them."""
    if table == "pipeline_runs":
        return PIPELINE_RUNS
    (model,) = yaml.safe_load((MARTS / f"{table}.yml").read_text())["models"]
    return {column["name"]: _HIVE.get(column["data_type"], column["data_type"]) for column in model["columns"]}


def create(session: boto3.Session, database: str, bucket: str, tables: Mapping[str, Rows]) -> None:
    """Create each table in Parquet; a column that a row does not give is null.

    Raises:
        AssertionError: a row gives a column that the table's contract does not have.
    """
    for table, rows in tables.items():
        types = columns(table)
        for row in rows:
            assert row.keys() <= types.keys(), f"{table}: {sorted(row.keys() - types.keys())}"
        partition = PARTITIONS.get(table)
        if not rows:
            wr.catalog.create_parquet_table(
                database,
                table,
                f"s3://{bucket}/{table}/",
                columns_types={name: kind for name, kind in types.items() if name != partition},
                partitions_types={partition: types[partition]} if partition else None,
                boto3_session=session,
            )
            continue
        frame = pd.DataFrame([[row.get(name) for name in types] for row in rows], columns=list(types)).astype(object)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # awswrangler uses what this pandas deprecates
            wr.s3.to_parquet(
                frame,
                f"s3://{bucket}/{table}/",
                dataset=True,
                database=database,
                table=table,
                dtype=types,
                partition_cols=[partition] if partition else None,
                boto3_session=session,
            )


def day(text: str) -> dt.date:
    """`11-09` is 9 November 2026."""
    return dt.date.fromisoformat(f"2026-{text}")


def moment(text: str) -> dt.datetime:
    """`11-09 08:00` is that hour of 9 November 2026, UTC."""
    return dt.datetime.fromisoformat(f"2026-{text}")
