"""What goes wrong in the deployed pipeline while a block runs, one context manager for each stage; all repair it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

from tests.e2e.conftest import Platform

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import CrawlerTargetsTypeDef

COLUMNS = (
    "select column_name from information_schema.columns where table_schema = 'todo_silver' and table_name = 'tasks'"
)
# a live task like any other, but for its id and a status that there is not
BROKEN = {"task_id": "'broken'", "status": "'no-such-status'", "is_deleted": "false"}


@contextmanager
def misconfigured_function(function: str, variable: str) -> Iterator[None]:
    """A function whose setting names something that there is not."""
    client = boto3.client("lambda")
    kept = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**kept, variable: "no-such-thing"}}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Environment={"Variables": kept})


@contextmanager
def misconfigured_crawler() -> Iterator[None]:
    glue = boto3.client("glue")
    targets = glue.get_crawler(Name="todo-bronze-crawler")["Crawler"]["Targets"]
    nowhere: CrawlerTargetsTypeDef = {"S3Targets": [{"Path": "s3://todo-no-such-bucket/cdc/"}]}
    glue.update_crawler(Name="todo-bronze-crawler", Targets=nowhere)
    # without its table every partition is one that a crawl would add
    if any(table["Name"] == "cdc" for table in glue.get_tables(DatabaseName="todo_bronze")["TableList"]):
        glue.delete_table(DatabaseName="todo_bronze", Name="cdc")
    try:
        yield
    finally:
        kept: CrawlerTargetsTypeDef = {"S3Targets": [{"Path": target["Path"]} for target in targets["S3Targets"]]}
        glue.update_crawler(Name="todo-bronze-crawler", Targets=kept)


@contextmanager
def misconfigured_job() -> Iterator[None]:
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
def invalid_silver_row(platform: Platform) -> Iterator[None]:
    columns = [row["column_name"] for row in platform.silver(COLUMNS)]
    broken = [BROKEN.get(str(column), str(column)) for column in columns]
    platform.silver(f"insert into tasks select {', '.join(broken)} from tasks limit 1")
    try:
        yield
    finally:
        platform.silver("delete from tasks where task_id = 'broken'")
