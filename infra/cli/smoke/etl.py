"""`insights smoke etl`: changes made through the API, followed through bronze and the pipeline into gold.

So many users make so many tasks and change each so often. Of every user's tasks every second one is completed by its
last change; gold has to say so. Afterwards the users erase themselves.
"""

import concurrent.futures
import dataclasses
import gzip
import json
import secrets
import time
import uuid
from contextlib import ExitStack, suppress
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console

from api import contract
from infra.cli.athena import QueryError, run_query
from infra.cli.cognito import authenticate, sign_up
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.pipeline import render
from infra.cli.smoke.api import TASKS, Api, delete_sign_in, expect, members
from infra.cli.smoke.execution import POLL_SECONDS, await_end
from infra.cli.smoke.steps import StepFailedError, Steps, UnexpectedError
from infra.cli.stack_outputs import stack_outputs
from infra.cli.target import writes
from infra.cli.wait import poll
from ingestion.contract import CHANGES
from orchestration.executions import state_machine
from orchestration.executions.history import Status

AT_ONCE = 8


@dataclasses.dataclass(frozen=True)
class Load:
    """How much happens.

    Args:
        users: that sign up.
        tasks: that each of them creates.
        updates: of each task.
        seconds: that bronze, and then the pipeline, may take.
    """

    users: int
    tasks: int
    updates: int
    seconds: float

    @property
    def changes(self) -> int:
        """How many changes of tasks that makes."""
        return self.users * self.tasks * (1 + self.updates)

    @property
    def completed(self) -> int:
        """How many tasks of each user are completed in the end."""
        return (self.tasks + 1) // 2 if self.updates else 0


@dataclasses.dataclass
class Person:
    """A user made for this."""

    api: Api
    email: str
    id: str


class Bronze:
    """The change objects that have been written since a moment, each read once.

    Args:
        bucket: of bronze.
        since: seconds since the epoch.
    """

    def __init__(self, bucket: str, since: float) -> None:
        self._s3, self._bucket, self._since = boto3.client("s3"), bucket, since
        self._seen: set[str] = set()
        self._events: dict[str, str] = {}

    def changes(self, user_ids: set[str]) -> int:
        """How many changes of these users' tasks are there, each counted once."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._hour())
        for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
            if key not in self._seen:
                body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
                for change in map(json.loads, gzip.decompress(body).splitlines()):
                    self._events[change["event_id"]] = change["keys"]["PK"]
                self._seen.add(key)
        expected_owners = {contract.task_partition(user_id) for user_id in user_ids}
        return sum(owner in expected_owners for owner in self._events.values())

    def _hour(self) -> str:
        # all of a day when the hour may change, else no more than the hour: a bucket can hold years
        moment = time.gmtime(self._since)
        day = time.strftime(f"{CHANGES}/dt=%Y-%m-%d/", moment)
        if time.gmtime()[:3] != moment[:3]:
            return f"{CHANGES}/"
        return f"{day}hour={moment.tm_hour:02}/" if time.gmtime().tm_hour == moment.tm_hour else day


def check(outputs: dict[str, str], load: Load, steps: Steps, console: Console) -> list[str]:
    """Make the changes and follow them; the users are gone afterwards whatever happens.

    Args:
        outputs: of the stacks: `ApiEndpoint`, `UserPoolId`, `UserPoolClientId`, `BronzeBucket`.
        load: how much.
        steps: run and report each step; the first that fails is the last, but for the clean-up.
        console: shows what a long step is waiting for.

    Returns:
        the ids of the users, who have asked to be erased.
    """
    people: list[Person] = []
    try:
        with suppress(StepFailedError):
            _follow(outputs, load, steps, console, people)
    finally:
        if people:
            with suppress(StepFailedError), steps.step("clean-up"), ExitStack() as stack:
                for person in people:
                    stack.callback(_erase, outputs["UserPoolId"], person)
    return [person.id for person in people if person.id]


def _follow(outputs: dict[str, str], load: Load, steps: Steps, console: Console, people: list[Person]) -> None:
    bronze = Bronze(outputs["BronzeBucket"], time.time())
    with steps.step("sign-up"):
        for _ in range(load.users):
            _join(outputs, people)
    with steps.step("traffic"), concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(lambda person: _work(person.api, load), people):
            pass
    ids = {person.id for person in people}
    with steps.step("bronze"), console.status("waiting for bronze") as status:
        _await_bronze(bronze, ids, load, status.update)
    with steps.step("pipeline"), console.status("the pipeline runs") as status:
        _run_pipeline(load.seconds, status.update)
    with steps.step("gold"):
        _check_gold(ids, load)


def _join(outputs: dict[str, str], people: list[Person]) -> None:
    pool_id, client_id = outputs["UserPoolId"], outputs["UserPoolClientId"]
    # AWS's mailbox simulator takes the confirmation mail, which nobody at an invented address would
    # https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
    email, password = f"success+smoke-{uuid.uuid4().hex}@simulator.amazonses.com", f"Aa1-{secrets.token_urlsafe(24)}"
    person = Person(Api(outputs["ApiEndpoint"]), email, "")
    people.append(person)
    sign_up(pool_id, client_id, email, password, "Smoke test")
    person.api.use(authenticate(client_id, email, password).id_token)
    person.id = str(members(person.api.call("GET", "/api/v1/users", 200), "user_id")["user_id"])


def _work(api: Api, load: Load) -> None:
    for number in range(load.tasks):
        task = api.call("POST", TASKS, 201, {"title": f"smoke {number}", "category": "smoke"})
        path = f"{TASKS}/{members(task, 'id')['id']}"
        for update in range(1, load.updates + 1):
            last = update == load.updates and number % 2 == 0
            change = {"status": "completed"} if last else {"title": f"smoke {number}, change {update}"}
            expect("the version", members(api.call("PUT", path, 200, change), "version"), {"version": update + 1})


def _await_bronze(bronze: Bronze, ids: set[str], load: Load, say: Any) -> None:
    found = 0
    for found in poll(lambda: bronze.changes(ids), POLL_SECONDS, load.seconds):
        if found >= load.changes:
            break
        say(f"bronze has {found} of {load.changes} changes")
    if found < load.changes:
        raise UnexpectedError(f"bronze: expected {load.changes} changes, got {found} after {load.seconds:.0f} s")
    expect("changes in bronze", found, load.changes)


def _run_pipeline(seconds: float, say: Any) -> None:
    execution = state_machine.start_execution(state_machine.find_state_machine(), {})
    timeline = await_end(execution, seconds, say)
    if timeline.status is not Status.SUCCEEDED:
        failed = f" in {timeline.failed.name}" if timeline.failed else ""
        ended = f"{state_machine.execution_name(execution)} {render.STATUS_LABELS[timeline.status]}{failed}"
        raise UnexpectedError(f"{ended}; `insights pipeline describe` says why")


def _check_gold(ids: set[str], load: Load) -> None:
    listed = ", ".join(f"'{user_id}'" for user_id in sorted(ids))
    sql = (
        "select user_id, total_tasks, completed_tasks from task_analytics_user_metrics "  # noqa: S608 - ids are the API's
        f"where user_id in ({listed})"
    )
    try:
        rows = run_query(sql).rows
    except QueryError as error:
        raise UnexpectedError(f"gold: {error}") from None
    expect("gold", sorted(map(tuple, rows)), [(one, str(load.tasks), str(load.completed)) for one in sorted(ids)])


def _erase(pool_id: str, person: Person) -> None:
    try:
        if person.id:
            person.api.call("DELETE", "/api/v1/users", 204)
    finally:
        delete_sign_in(pool_id, person.email)


@writes()
def etl(
    users: Annotated[int, typer.Option(min=1, max=100, help="Users that sign up.")] = 2,
    tasks: Annotated[int, typer.Option(min=1, max=1000, help="Tasks that each of them creates.")] = 3,
    updates: Annotated[int, typer.Option(min=0, max=100, help="Changes of each task.")] = 2,
    seconds: Annotated[int, typer.Option("--timeout", min=1, help="Seconds for bronze, and for the pipeline.")] = 900,
    as_json: AsJson = False,
) -> None:
    """Follow changes through bronze and the pipeline into gold.

    Sign-up, traffic, bronze, pipeline, gold, clean-up; it exits with 1 at the first step that fails.
    """
    console = terminal(stderr=as_json, quiet=as_json)
    steps, load = Steps(console), Load(users, tasks, updates, seconds)
    with explain_errors():
        outputs = stack_outputs()
    try:
        check(outputs, load, steps, console)
    except KeyboardInterrupt:
        typer.echo("interrupted; what the command had made is removed", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        print_json({"changes": load.changes, "ok": steps.ok, "steps": steps.as_json()})
    raise typer.Exit(ExitCode.OK if steps.ok else ExitCode.FAILED)
