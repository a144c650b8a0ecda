"""One story on the deployed platform, whose runs of the pipeline are shared by the tests of this folder.

The files run in the order of their names, each on what the one before left: faults of change capture; one execution
that fails in every stage and is redriven; an erasure, deletes, and a last run. A single test may be run alone: its
fixtures then run the story as far as it needs it.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.conftest import Account, until
from tests.e2e.conftest import PIPELINE_SECONDS, Platform, User
from tests.e2e.story.disturbances import (
    invalid_silver_row,
    misconfigured_crawler,
    misconfigured_function,
    misconfigured_job,
)
from tests.e2e.story.disturbed_run import DisturbedRun
from transforms.silver.erasures import Erasures

# tables of gold that hold rows of single users
USER_TABLES = ("dim_users", "fct_tasks", "fct_task_events", "fct_daily_activity", "user_insights", "users_snapshot")
INSIGHTS = pathlib.Path(sys.executable).with_name("insights")


def run_insights(account: Account, *words: str) -> dict[str, Any]:
    """The JSON document that a command prints; it has to exit with 0."""
    done = subprocess.run(
        [INSIGHTS, *words, "--json"],
        env={**os.environ, **account.settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@dataclasses.dataclass(frozen=True)
class Traffic:
    """The users of the story and what they wrote.

    Args:
        traveller: has four tasks, of which `kept` and `last` are deleted later and `done` is completed.
        owner: has two tasks, one completed.
        other: has one task.
        leaver: is erased.
        returner: is erased, and comes back.
        bystander: stays.
        secret: in every title of the two who are erased.
        harmless: in every title of the bystander.
    """

    traveller: User
    kept: dict[str, Any]
    done: dict[str, Any]
    last: dict[str, Any]
    owner: User
    other: User
    leaver: User
    returner: User
    bystander: User
    secret: str
    harmless: str

    @property
    def erased_ids(self) -> str:
        """The ids of the two users who are erased, as a list in SQL."""
        return f"('{self.leaver.id}', '{self.returner.id}')"


@pytest.fixture(scope="session")
def traffic(built: Platform) -> Traffic:
    """Six users write over HTTP, and the account is stopped and started in the middle of it."""
    traveller = built.user()
    kept = traveller.create(title="Kept", category="travel")
    done = traveller.create(title="Done", category="travel")
    traveller.send("PUT", f"/tasks/{done['id']}", {"status": "in_progress"})
    traveller.send("PUT", f"/tasks/{done['id']}", {"status": "completed"})
    last = traveller.create(title="Written just before the stop", category="travel")
    built.account.stop()
    built.account.start()
    traveller.create(title="Written after the start", category="travel")

    owner, other = built.user(), built.user()
    owner.create(title="One", category="travel")
    completed = owner.create(title="Two", category="travel")
    owner.send("PUT", f"/tasks/{completed['id']}", {"status": "completed"})
    other.create(title="Somebody else's")

    secret, harmless = f"Xylophone {uuid.uuid4().hex[:8]}", f"Bassoon {uuid.uuid4().hex[:8]}"
    leaver, returner, bystander = built.user(), built.user(), built.user()
    chance = random.Random(5)
    for user, words in ((leaver, secret), (returner, secret), (bystander, harmless)):
        _write_randomly(user, chance, words)
    return Traffic(traveller, kept, done, last, owner, other, leaver, returner, bystander, secret, harmless)


def _write_randomly(user: User, chance: random.Random, words: str) -> None:
    """Random traffic of one user."""
    tasks = [user.create(title=f"{words} {number}", description=f"About {words}") for number in range(6)]
    for _ in range(12):
        task = chance.choice(tasks)
        match chance.randrange(4):
            case 0:
                user.send("PUT", f"/tasks/{task['id']}", {"status": chance.choice(["completed", "in_progress"])})
            case 1:
                user.send("DELETE", f"/tasks/{task['id']}")
            case 2:
                user.send("POST", f"/tasks/{task['id']}/restore")
            case _:
                user.send("PATCH", f"/tasks/{task['id']}", {"category": chance.choice([None, "home", "work"])})


@pytest.fixture(scope="session")
def redriven(built: Platform, traffic: Traffic, alerts: Callable[[], list[str]]) -> dict[str, Any]:
    """One execution over the traffic that fails in every stage and is redriven after each repair; its description."""
    assert traffic.owner.id
    built.wait_for_bronze()
    run = DisturbedRun(built, alerts)
    with misconfigured_function("todo-resolve-window", "TABLE_NAME"):
        run.start()
        run.expect_failure("ResolveWindow", "not authorized to perform: dynamodb:GetItem")
    # the crawl runs beside the stages: that it failed is reported when they are done
    with misconfigured_crawler(), misconfigured_job():
        run.redrive()
        run.expect_failure("BuildSilver", "NoSuchCatalog")
    with misconfigured_function("todo-publish-insights", "GOLD_DATABASE"):
        run.redrive()
        run.wait_for_build()
        run.machines.stop_execution(executionArn=run.arn, error="StoppedByOperator", cause="enough for today")
        assert run.ended()["status"] == "ABORTED"
        run.expect_alarm("BuildGold")
        # the build that it had begun is stopped before another one may start
        with invalid_silver_row(built):
            run.redrive()
            run.expect_failure("BuildGold", "accepted_values")
        run.redrive()
        run.expect_failure("PublishInsights", "QueryFailed")
    # as docs/faults.md has it
    run_insights(built.account, "pipeline", "redrive", "--wait")
    ended = run.ended()
    run.expect_alarm("CrawlBronze")
    return ended


@dataclasses.dataclass(frozen=True)
class Erasure:
    """What `insights erase-user` reported, and what was due when it began.

    Args:
        due: ids of the users whose erasure was due.
        report: the command's JSON document.
        new_task: what the returner wrote after the erasure was requested.
        email: of the leaver.
    """

    due: set[str]
    report: dict[str, Any]
    new_task: dict[str, Any]
    email: str


@pytest.fixture(scope="session")
def erasure(built: Platform, traffic: Traffic, redriven: dict[str, Any]) -> Erasure:
    """Two users delete their accounts, one of them writes again, and an operator has the erasures done at once."""
    assert redriven["status"] == "SUCCEEDED"
    email = traffic.leaver.send("GET", "/users").json()["email"]
    for user in (traffic.leaver, traffic.returner):
        assert user.send("DELETE", "/users").status_code == 204
    new_task = traffic.returner.create(title="A new beginning")
    due = {one.user_id for one in Erasures(boto3.client("dynamodb"), built.outputs["TableName"]).list_due()}
    report = run_insights(built.account, "erase-user", traffic.leaver.id, "--yes", "--wait", "180")
    return Erasure(due, report, new_task, email)


@dataclasses.dataclass(frozen=True)
class SimultaneousStarts:
    """Two executions that were started at the same moment.

    Args:
        statuses: how they ended.
        silver_runs: how many runs of the silver job they started.
    """

    statuses: list[str]
    silver_runs: int


@pytest.fixture(scope="session")
def after_deletes(built: Platform, traffic: Traffic, erasure: Erasure) -> SimultaneousStarts:
    """The traveller deletes two tasks, and two operators start the pipeline at once."""
    assert erasure.report["gold"] == "SUCCEEDED"
    for task in (traffic.kept, traffic.last):
        assert traffic.traveller.send("DELETE", f"/tasks/{task['id']}").status_code == 204
    built.wait_for_bronze()
    _wait_for_request_logs(built)
    before = _count_silver_runs()
    machines = boto3.client("stepfunctions")

    def start(_: int) -> str:
        return machines.start_execution(stateMachineArn=built.outputs["StateMachineArn"])["executionArn"]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        both = list(pool.map(start, range(2)))

    def find_statuses() -> list[str] | None:
        found = [str(machines.describe_execution(executionArn=arn)["status"]) for arn in both]
        return None if "RUNNING" in found else found

    statuses = until("both executions to end", find_statuses, PIPELINE_SECONDS)
    return SimultaneousStarts(statuses, _count_silver_runs() - before)


def _count_silver_runs() -> int:
    return len(boto3.client("glue").get_job_runs(JobName="todo-silver")["JobRuns"])


def find_objects(platform: Platform, bucket: str) -> dict[str, str]:
    """The ETag of every object of a bucket, by key.

    Args:
        platform: whose bucket.
        bucket: the stack output that names it.
    """
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=platform.outputs[bucket])
    return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}


def _wait_for_request_logs(platform: Platform) -> None:
    """Wait until no request's log line is on its way any more."""
    seen, since = find_objects(platform, "BronzeBucket"), time.monotonic()
    while time.monotonic() - since < 5:
        time.sleep(0.2)
        found = find_objects(platform, "BronzeBucket")
        if found != seen:
            seen, since = found, time.monotonic()
