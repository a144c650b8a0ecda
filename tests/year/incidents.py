"""What goes wrong, and what people do on purpose, in a simulated year; each with the commands that follow.

The rows of docs/faults.md say what each stops, which alarm tells of it, and which command repairs it.
"""

import dataclasses
import datetime as dt
import functools
import gzip
import json
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import boto3
import psutil

from infra.local.demo.store import Bronze
from ingestion.discarded import DiscardedBatch, list_discarded
from tests.conftest import until
from tests.e2e.story.capture import FUNCTION, MAX_AGE_SECONDS, QUARANTINE, FaultyFunction
from tests.e2e.story.disturbances import (
    invalid_silver_row,
    misconfigured_crawler,
    misconfigured_job,
)
from tests.faults import FAULTS, Fault
from tests.year.world import World

# the account saves its state every five seconds
SAVED_SECONDS = 7
Context = Callable[[World], AbstractContextManager[None]]


@contextmanager
def nothing(world: World) -> Iterator[None]:
    """Nothing happens."""
    del world
    yield


@dataclasses.dataclass(frozen=True)
class Incident:
    """Something that happens on one day.

    Args:
        name: what it is; of a fault, as its row in the fault matrix names it.
        while_people_work: entered before people work in the afternoon, left when bronze has all that it will get.
        while_it_runs: entered before the run, left after it.
        run_fails: the run has to end with 1.
        is_repaired_first: the command that repairs it comes before the run, not after it.
        runs_again: another run follows the repair.
        does: what somebody does after the run.
    """

    name: str
    while_people_work: Context = nothing
    while_it_runs: Context = nothing
    run_fails: bool = False
    is_repaired_first: bool = False
    runs_again: bool = False
    does: Callable[[World], None] | None = None

    @property
    def row(self) -> Fault | None:
        """The row of the fault matrix; None of what is no fault, or repairs itself without a trace."""
        return next((fault for fault in FAULTS if fault.fault == self.name), None)

    @property
    def repair(self) -> tuple[str, ...]:
        """The command that repairs it, as docs/faults.md has it and without its first word; empty: none is needed."""
        return tuple(shlex.split(self.row.command)[1:]) if self.row else ()


@contextmanager
def capture_fails(fault: str, world: World) -> Iterator[None]:
    """Change capture has a fault of `faulty_capture.py`."""
    state = world.folder / f"{fault}-{world.runs}"
    state.mkdir()
    function = FaultyFunction(state)
    function.install(fault)
    try:
        yield
        until("every change to be in bronze or in quarantine", functools.partial(_is_settled, world), 180, every=0.5)
    finally:
        function.install(None)


def _is_settled(world: World) -> bool:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUARANTINE)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    if found["Attributes"]["ApproximateNumberOfMessages"] != "0":
        return True
    return Bronze(world.platform.outputs["BronzeBucket"]).missing(world.platform.table()) == 0


@contextmanager
def capture_is_refused(world: World) -> Iterator[None]:
    """Change capture is refused until Lambda gives its records up; then a run counts what lies in bronze instead."""
    state = world.folder / f"refused-{world.runs}"
    state.mkdir()
    function = FaultyFunction(state)
    function.install("throttle_all")
    function.discard_after(2)
    try:
        yield
        until("every change to be kept", functools.partial(_is_kept, world), 180, every=0.5)
    finally:
        function.install(None)
        function.discard_after(MAX_AGE_SECONDS)
    world.run()


def _is_kept(world: World) -> bool:
    """Whether bronze, or batches that Lambda has discarded, have the newest version of every item."""
    s3, bucket, table = boto3.client("s3"), world.platform.outputs["BronzeBucket"], world.platform.table()
    bronze = Bronze(bucket)
    bronze.refresh()
    found = dict(bronze.versions)
    for key in list_discarded(s3, bucket).get(FUNCTION, []):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for change in (record["dynamodb"] for record in DiscardedBatch.parse(body).records):
            item = change["Keys"]["PK"]["S"], change["Keys"]["SK"]["S"]
            if "NewImage" in change:
                found[item] = max(found.get(item, 0), int(change["NewImage"]["version"]["N"]))
    return all(found.get(item, 0) >= version for item, version in table.versions.items())


@contextmanager
def killed(world: World) -> Iterator[None]:
    """The account is killed when people have worked, and started again."""
    yield
    time.sleep(SAVED_SECONDS)
    process = world.platform.account.process
    if process is None:
        raise RuntimeError("the account is not running")
    process.kill()
    process.wait()
    world.platform.account.start()


@contextmanager
def restarted(world: World) -> Iterator[None]:
    """The account is stopped when people have worked, and started again."""
    yield
    world.platform.account.stop()
    world.platform.account.start()


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
    seconds, ended = world.chance.uniform(1, 8), threading.Event()

    def kill() -> None:
        while not ended.wait(0.2):
            for process in psutil.process_iter(["name", "environ"]):
                variables = process.info["environ"] or {}
                if process.info["name"] == "java" and str(world.folder) in variables.get("TMPDIR", ""):
                    time.sleep(seconds)
                    process.kill()
                    return

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


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


def leave(world: World) -> None:
    """Somebody deletes their account, and an operator has it erased everywhere."""
    person = world.people.pop(world.chance.randrange(len(world.people)))
    person.send("DELETE", "/users", 204)
    world.erased.append(person.id)
    world.changes_of_erased += person.changes
    world.type("erase-user", person.id, "--yes", "--wait", "180")


def export(world: World) -> None:
    """Somebody takes everything with them, and it is everything."""
    person = world.chance.choice(world.people)
    lines = [json.loads(line) for line in person.send("GET", "/export", 200).text.splitlines()]
    exported = {line["task"]["id"]: line["task"]["version"] for line in lines if line["type"] == "task"}
    listed = {task_id: task["version"] for task_id, task in person.read_everything().items()}
    if exported != listed:
        raise AssertionError(f"the export of {person.id} has {exported}, and the API lists {listed}")


def backfill_window(world: World) -> None:
    """An engineer runs the last three days again."""
    now = world.clock.now()
    first = (now - dt.timedelta(days=3)).strftime("%Y-%m-%d")
    world.runs += 1
    world.type("pipeline", "backfill", "--from", first, "--to", (now + dt.timedelta(days=1)).strftime("%Y-%m-%d"))


def build_anew(world: World) -> None:
    """An engineer has silver and gold built anew, from all of bronze."""
    world.runs += 1
    world.type("pipeline", "start", "--full-refresh", "--wait")


def write_table_to_bronze(world: World) -> None:
    """An operator writes the table's items to bronze, and runs the pipeline over them."""
    world.type("backfill", "--full")
    world.run()


def maintain(world: World) -> None:
    """Maintenance of silver, and a comparison of table and silver."""
    world.run_maintenance()
    world.type("reconcile")


INCIDENTS = (
    Incident("change capture crashes", functools.partial(capture_fails, "crash")),
    Incident("somebody leaves", does=leave),
    Incident("A few lines of bronze break their contract", while_it_runs=functools.partial(broken_lines, 3)),
    Incident("the account is killed", killed),
    Incident("the last days are run again", does=backfill_window),
    Incident("An object of bronze is truncated, or no gzip file", while_it_runs=truncated_object, runs_again=True),
    Incident("maintenance", does=maintain),
    Incident(
        "A table of silver was dropped, or its metadata file is gone",
        while_it_runs=silver_table_dropped,
        run_fails=True,
        runs_again=True,
    ),
    Incident("somebody exports", does=export),
    Incident("records are refused", functools.partial(capture_fails, "throttle_some")),
    Incident("The silver job raises", while_it_runs=job_misconfigured, run_fails=True),
    Incident("batches come out of order", functools.partial(capture_fails, "out_of_order")),
    Incident("A build of gold fails", while_it_runs=broken_row, run_fails=True),
    Incident("everything is built anew", does=build_anew),
    Incident(
        "Change capture fails in six ways: throttled, crashed, poisoned, repeated, reordered, too long",
        functools.partial(capture_fails, "poison"),
        is_repaired_first=True,
    ),
    Incident("A function stays throttled", while_it_runs=publishing_throttled, run_fails=True),
    Incident("Change capture is refused for hours", capture_is_refused, is_repaired_first=True),
    Incident("batches come twice", functools.partial(capture_fails, "twice")),
    Incident("the account is restarted", restarted),
    Incident("The crawl fails", while_it_runs=crawler_misconfigured),
    Incident("The job dies between two tables", while_it_runs=job_killed, run_fails=True),
    Incident("the whole table is written to bronze again", does=write_table_to_bronze),
    Incident(
        "More than 20 lines and more than 1 % break it",
        while_it_runs=functools.partial(broken_lines, 40),
        run_fails=True,
    ),
)
