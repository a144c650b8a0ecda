"""What an operator sees when a state fails: the state's name in the error, its alarm, one message."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.conftest import until
from tests.e2e.conftest import Platform

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import CrawlerTargetsTypeDef

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

Alerts = Callable[[], list[str]]

COLUMNS = (
    "select column_name from information_schema.columns where table_schema = 'todo_silver' and table_name = 'tasks'"
)
# a live task like any other, but for its id and a status that there is not
BROKEN = {"task_id": "'broken'", "status": "'no-such-status'", "is_deleted": "false"}


@contextmanager
def _crawler_without_a_bucket() -> Iterator[None]:
    glue = boto3.client("glue")
    targets = glue.get_crawler(Name="todo-bronze-crawler")["Crawler"]["Targets"]
    nowhere: CrawlerTargetsTypeDef = {"S3Targets": [{"Path": "s3://todo-no-such-bucket/cdc/"}]}
    glue.update_crawler(Name="todo-bronze-crawler", Targets=nowhere)
    try:
        yield
    finally:
        glue.update_crawler(
            Name="todo-bronze-crawler", Targets={"S3Targets": [{"Path": targets["S3Targets"][0]["Path"]}]}
        )


@contextmanager
def _job_that_raises() -> Iterator[None]:
    glue = boto3.client("glue")
    job = glue.get_job(JobName="todo-silver")["Job"]
    kept: dict[str, Any] = {
        name: job[name]  # type: ignore[literal-required]
        for name in ("Role", "Command", "DefaultArguments", "GlueVersion", "Timeout", "WorkerType", "NumberOfWorkers")
    }
    given = kept["DefaultArguments"]
    without_catalog = {**given, "--conf": given["--conf"].replace("GlueCatalog", "NoSuchCatalog")}
    broken = {**kept, "DefaultArguments": without_catalog}
    glue.update_job(JobName="todo-silver", JobUpdate=broken)  # type: ignore[arg-type]
    try:
        yield
    finally:
        glue.update_job(JobName="todo-silver", JobUpdate=kept)  # type: ignore[arg-type]


@contextmanager
def _silver_row_that_breaks_a_test(platform: Platform) -> Iterator[None]:
    columns = [row["column_name"] for row in platform.silver(COLUMNS)]
    broken = [BROKEN.get(str(column), str(column)) for column in columns]
    platform.silver(f"insert into tasks select {', '.join(broken)} from tasks limit 1")
    try:
        yield
    finally:
        platform.silver("delete from tasks where task_id = 'broken'")


def _assert_names(platform: Platform, state: str, alerts: Alerts, cause: str) -> None:
    execution = platform.run_pipeline()
    assert execution["status"] == "FAILED"
    assert execution["error"] == state
    assert cause in execution["cause"]
    alarm = f"todo-insights-pipeline-{state}-failed"

    def state_of_alarm() -> bool:
        found = boto3.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        return found[0]["StateValue"] == "ALARM"

    until(f"{alarm} to go to ALARM", state_of_alarm, 30)
    until("a message that names the state", lambda: any(state in message for message in alerts()), 30)


def test_a_crawler_that_fails_is_named(platform: Platform, alerts: Alerts) -> None:
    with _crawler_without_a_bucket():
        _assert_names(platform, "CrawlBronze", alerts, "not authorized to perform: s3:ListBucket")


def test_a_spark_job_that_raises_is_named(platform: Platform, alerts: Alerts) -> None:
    with _job_that_raises():
        _assert_names(platform, "BuildSilver", alerts, "NoSuchCatalog")


def test_a_dbt_test_that_fails_is_named(platform: Platform, alerts: Alerts) -> None:
    platform.user().create(title="so that silver has its tables")
    platform.wait_for_bronze()
    platform.build_gold()
    with _silver_row_that_breaks_a_test(platform):
        _assert_names(platform, "BuildGold", alerts, "accepted_values")
