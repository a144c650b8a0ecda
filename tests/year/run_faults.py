"""Faults of bronze, silver, gold and publishing while the pipeline runs."""

import gzip
import json
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import boto3
import psutil

from tests.conftest import until
from tests.e2e.story.capture import FaultyFunction
from tests.e2e.story.disturbances import invalid_silver_row, misconfigured_crawler, misconfigured_job
from tests.year.world import World
from transforms.silver.tables import REBUILD

SUBMIT = "org.apache.spark.deploy.SparkSubmit"
FAULTY_PUBLISH = pathlib.Path(__file__).with_name("faulty_publish.py")


def _newest_change_object(world: World) -> str:
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(
        Bucket=world.platform.outputs["BronzeBucket"], Prefix="cdc/"
    )  # fmt: skip
    found = [item for page in pages for item in page.get("Contents", [])]
    return max(found, key=lambda item: item["LastModified"])["Key"]


@contextmanager
def broken_lines(count: int, world: World) -> Iterator[None]:
    """So many lines beside the day's newest object break the contract of bronze."""
    key = _newest_change_object(world)
    lines = b"".join(json.dumps({"event_id": f"broken-{n}"}).encode() + b"\n" for n in range(count))
    boto3.client("s3").put_object(
        Bucket=world.platform.outputs["BronzeBucket"], Key=f"{key}-broken.gz", Body=gzip.compress(lines)
    )
    yield


@contextmanager
def truncated_object(world: World) -> Iterator[None]:
    """The day's newest object is cut off, and mended after the run, where the run has put it."""
    s3, bucket, key = boto3.client("s3"), world.platform.outputs["BronzeBucket"], _newest_change_object(world)
    whole = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=whole[:-10])
    yield
    s3.put_object(Bucket=bucket, Key=f"errors/unreadable/{key}", Body=whole)


@contextmanager
def silver_table_dropped(world: World) -> Iterator[None]:
    """`users` of silver is dropped from the catalog."""
    del world
    boto3.client("glue").delete_table(DatabaseName="todo_silver", Name="users")
    yield


@contextmanager
def broken_row(world: World) -> Iterator[None]:
    """Silver has a row whose status there is not."""
    with invalid_silver_row(world.platform):
        yield


@contextmanager
def publishing_throttled(world: World) -> Iterator[None]:
    """The function that publishes may not run at all."""
    del world
    functions = boto3.client("lambda")
    functions.put_function_concurrency(FunctionName="todo-publish-insights", ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName="todo-publish-insights")


@contextmanager
def job_killed(world: World) -> Iterator[None]:
    """The JVM of the silver job is killed at some moment while it works."""
    seconds = world.chance.uniform(1, 8)

    def kill(ended: threading.Event) -> None:
        while not ended.wait(0.2):
            if process := _find_job(world):
                time.sleep(seconds)
                process.kill()
                return

    with beside(kill):
        yield


@contextmanager
def job_misconfigured(world: World) -> Iterator[None]:
    """The silver job cannot find its catalog."""
    del world
    with misconfigured_job():
        yield


@contextmanager
def crawler_misconfigured(world: World) -> Iterator[None]:
    """The crawler looks into a bucket that there is not."""
    del world
    with misconfigured_crawler():
        yield


@contextmanager
def vanishing_object(world: World) -> Iterator[None]:
    """An object with new tasks is gone when the job reads it: the run's manifest names it."""
    s3, bucket = boto3.client("s3"), world.platform.outputs["BronzeBucket"]
    artifacts = bucket.replace("bronze", "artifacts")
    for number in range(2):
        world.people[-1].create(title=f"Soon lost {number}")
    world.platform.wait_for_bronze()
    key, manifests = _newest_change_object(world), _list_manifests(artifacts)

    def vanish(ended: threading.Event) -> None:
        while not ended.wait(0.1):
            if _list_manifests(artifacts) - manifests:
                s3.delete_object(Bucket=bucket, Key=key)
                return

    with beside(vanish):
        yield


def _list_manifests(bucket: str) -> set[str]:
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="glue/runs/")
    return {one["Key"] for page in pages for one in page.get("Contents", []) if one["Key"].endswith("objects.json")}


@contextmanager
def required_column_missing(world: World) -> Iterator[None]:
    """Silver's `tasks` is as it was before the required column `sequence_number` came to the contract."""
    world.platform.silver("alter table tasks drop column sequence_number")
    yield


@contextmanager
def rebuild_killed(world: World) -> Iterator[None]:
    """The JVM of a full refresh is killed when the new tables are beside the old ones."""

    def kill(ended: threading.Event) -> None:
        while not ended.wait(0.2):
            if _list_rebuilds() and (process := _find_job(world)):
                process.kill()
                return

    with beside(kill):
        yield


def find_rebuilds(_world: World) -> list[str]:
    """What is wrong when a full refresh has left tables in silver's database."""
    return [f"{name} is still in the catalog" for name in _list_rebuilds()]


def _list_rebuilds() -> list[str]:
    pages = boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName="todo_silver")
    return [table["Name"] for page in pages for table in page["TableList"] if table["Name"].endswith(REBUILD)]


@contextmanager
def unpublishable_row(world: World) -> Iterator[None]:
    """The function that publishes cannot make an item of one user's row, which this run has worked out anew."""
    world.people[-1].create(title="Not published")
    world.platform.wait_for_bronze()
    function = FaultyFunction(world.folder, "todo-publish-insights", FAULTY_PUBLISH)
    function.install(world.people[-1].id)
    try:
        yield
    finally:
        function.install(None)


@contextmanager
def topic_gone(world: World) -> Iterator[None]:
    """The topic of the operators is deleted, and the silver job fails."""
    boto3.client("sns").delete_topic(TopicArn=world.mailbox.topic)
    with misconfigured_job():
        yield


def find_unheard(world: World) -> list[str]:
    """What is wrong when an alarm goes off now and its message does not arrive."""
    world.mailbox.subscribe()
    heard = len(world.mailbox.read())
    boto3.client("cloudwatch").set_alarm_state(AlarmName="todo-cdc-errors", StateValue="ALARM", StateReason="a drill")
    try:
        until("a message of the alarm", lambda: len(world.mailbox.read()) > heard, 60, every=0.5)
    except AssertionError as error:
        return [str(error)]
    return []


@contextmanager
def stopped_in_a_run(world: World) -> Iterator[None]:
    """The account is stopped while the silver job works, and started again."""

    def restart(ended: threading.Event) -> None:
        while not ended.wait(0.2):
            if _find_job(world):
                time.sleep(world.chance.uniform(0, 5))
                world.platform.account.stop()
                world.platform.account.start()
                return

    with beside(restart):
        yield


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Do something in a thread while the block runs.

    Args:
        work: gets an event that is set when the block has ended.
    """
    ended, failed = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            work(ended)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if failed:
        raise failed[0]


def _find_job(world: World) -> psutil.Process | None:
    """The JVM of the silver job, if it runs; not the one that only puts together its command line."""
    for process in psutil.process_iter(["name", "environ", "cmdline"]):
        variables, words = process.info["environ"] or {}, process.info["cmdline"] or []
        if process.info["name"] == "java" and SUBMIT in words and str(world.folder) in variables.get("TMPDIR", ""):
            return process
    return None
