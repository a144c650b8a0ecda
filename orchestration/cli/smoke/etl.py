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
from orchestration.cli import machine, render
from orchestration.cli.executions import Status
from orchestration.cli.login import authenticate, sign_up
from orchestration.cli.outputs import stack_outputs
from orchestration.cli.problems import explained
from orchestration.cli.query import QueryError, ask
from orchestration.cli.smoke.api import INTERRUPTED, TASKS, Api, expect, forget, of
from orchestration.cli.smoke.steps import StepFailedError, Steps, UnexpectedError

AT_ONCE = 8
POLL_SECONDS = 0.5
CHANGES = "cdc/"


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
        wanted = {contract.task_partition(user_id) for user_id in user_ids}
        return sum(owner in wanted for owner in self._events.values())

    def _hour(self) -> str:
        # all of a day when the hour may change, else no more than the hour: a bucket can hold years
        moment = time.gmtime(self._since)
        day = time.strftime(f"{CHANGES}dt=%Y-%m-%d/", moment)
        if time.gmtime()[:3] != moment[:3]:
            return CHANGES
        return f"{day}hour={moment.tm_hour:02}/" if time.gmtime().tm_hour == moment.tm_hour else day


def check(outputs: dict[str, str], load: Load, steps: Steps, console: Console) -> None:
    """Make the changes and follow them; the users are gone afterwards whatever happens.

    Args:
        outputs: of the stacks: `ApiEndpoint`, `UserPoolId`, `UserPoolClientId`, `BronzeBucket`.
        load: how much.
        steps: run and tell each step; the first that fails is the last, but for the clean-up.
        console: shows what a long step is waiting for.
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
    person.id = str(of(person.api.call("GET", "/api/v1/users", 200), "user_id")["user_id"])


def _work(api: Api, load: Load) -> None:
    for number in range(load.tasks):
        task = api.call("POST", TASKS, 201, {"title": f"smoke {number}", "category": "smoke"})
        path = f"{TASKS}/{of(task, 'id')['id']}"
        for update in range(1, load.updates + 1):
            last = update == load.updates and number % 2 == 0
            change = {"status": "completed"} if last else {"title": f"smoke {number}, change {update}"}
            expect("the version", of(api.call("PUT", path, 200, change), "version"), {"version": update + 1})


def _await_bronze(bronze: Bronze, ids: set[str], load: Load, say: Any) -> None:
    end = time.monotonic() + load.seconds
    while (found := bronze.changes(ids)) < load.changes:
        if time.monotonic() > end:
            raise UnexpectedError(f"bronze: expected {load.changes} changes, got {found} after {load.seconds:.0f} s")
        say(f"bronze has {found} of {load.changes} changes")
        time.sleep(POLL_SECONDS)
    expect("changes in bronze", found, load.changes)


def _run_pipeline(seconds: float, say: Any) -> None:
    execution = machine.start(machine.state_machine(), {})
    look, end = machine.reader(execution), time.monotonic() + seconds
    while (told := look()).status is Status.RUNNING:
        if time.monotonic() > end:
            raise UnexpectedError(f"{machine.name_of(execution)} is still running after {seconds:.0f} s")
        say(f"the pipeline is in {told.states[-1].name}" if told.states else "the pipeline starts")
        time.sleep(POLL_SECONDS)
    if told.status is not Status.SUCCEEDED:
        failed = f" in {told.failed.name}" if told.failed else ""
        raise UnexpectedError(
            f"{machine.name_of(execution)} {render.WORDS[told.status]}{failed}; `insights pipeline describe` tells why"
        )


def _check_gold(ids: set[str], load: Load) -> None:
    listed = ", ".join(f"'{user_id}'" for user_id in sorted(ids))
    sql = (
        "select user_id, total_tasks, completed_tasks from task_analytics_user_metrics "  # noqa: S608 - ids are the API's
        f"where user_id in ({listed})"
    )
    try:
        rows = ask(sql).rows
    except QueryError as error:
        raise UnexpectedError(f"gold: {error}") from None
    expect("gold", sorted(map(tuple, rows)), [(one, str(load.tasks), str(load.completed)) for one in sorted(ids)])


def _erase(pool_id: str, person: Person) -> None:
    try:
        if person.id:
            person.api.call("DELETE", "/api/v1/users", 204)
    finally:
        forget(pool_id, person.email)


def etl(
    users: Annotated[int, typer.Option(min=1, max=100, help="Users that sign up.")] = 2,
    tasks: Annotated[int, typer.Option(min=1, max=1000, help="Tasks that each of them creates.")] = 3,
    updates: Annotated[int, typer.Option(min=0, max=100, help="Changes of each task.")] = 2,
    seconds: Annotated[int, typer.Option("--timeout", min=1, help="Seconds for bronze, and for the pipeline.")] = 900,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, no more.")] = False,
) -> None:
    """Sign-up, traffic, bronze, pipeline, gold, clean-up; exits with 1 on the first that fails."""
    console = Console(highlight=False, stderr=as_json, quiet=as_json)
    steps, load = Steps(console), Load(users, tasks, updates, seconds)
    with explained():
        outputs = stack_outputs()
    try:
        check(outputs, load, steps, console)
    except KeyboardInterrupt:
        typer.echo("interrupted; what was made is cleaned up", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps({"changes": load.changes, "ok": steps.ok, "steps": steps.as_json()}))
    raise typer.Exit(0 if steps.ok else 1)
