"""`make demo`: the whole platform on this machine, checked against its own stores."""

import datetime as dt
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from infra import ROOT
from infra.cli.dashboard import PORT
from infra.cli.pipeline.follow import run_and_follow
from infra.deploy import DeployError, deploy
from infra.local.account import lifecycle
from infra.local.account.settings import Settings
from infra.local.demo import history, store, traffic
from infra.toolchain import spark
from transforms.contract import SILVER_DATABASE

USERS = 3
TASKS_PER_USER = 20
BRONZE_SECONDS = 120
SHOWN = {
    "business_metrics_kpis": "metric, value",
    "task_analytics_user_metrics": "substr(user_id, 1, 8) as user_id, total_tasks, completed_tasks, pending_tasks",
    "task_analytics_category_trends": "category, total_tasks, completed_tasks",
    "user_analytics": "substr(user_id, 1, 8) as user_id, email, name, total_events",
}

NUMBER = re.compile(r"-?\d+(\.\d+)?")

console = Console(highlight=False)


class DemoError(Exception):
    """A step did not do what it has to; the message says which and why."""


class Clock:
    """Seconds of each step, rounded to a tenth."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """Print `title`, and note under `name` how long the block took."""
        console.rule(f"[bold]{title}", align="left")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - began, 1)
            console.print(f"[dim]{self.seconds[name]} s[/dim]")


def run(settings: Settings) -> bool:
    """Run the demo and print its last line, `demo: {json}`.

    Returns:
        whether gold agrees with the table.

    Raises:
        DemoError: a step failed.
    """
    clock = Clock()
    with clock.step("up", "1  The local account"):
        settings = _up(settings)
    with clock.step("deploy", "2  Six stacks, deployed with the CDK"):
        try:
            outputs = deploy(dict(os.environ), target="local")
        except DeployError as error:
            raise DemoError(str(error)) from error
    table_name, bronze = outputs["TableName"], store.Bronze(outputs["BronzeBucket"])
    with clock.step("history", f"3  {USERS} users sign up, and {history.DAYS // 7} weeks of history are imported"):
        pool = outputs["UserPoolId"], outputs["UserPoolClientId"]
        clients = traffic.sign_in_users(outputs["ApiEndpoint"], *pool, USERS)
        _import_history(table_name, clients)
    with clock.step("traffic", "4  The users work over HTTP"):
        _traffic(clients, seed=store.read_table(table_name).total)
        table = store.read_table(table_name)
    with clock.step("bronze", "5  Every change reaches bronze"):
        _wait_for_bronze(bronze, table)
    with clock.step("pipeline", "6  The pipeline: crawl, silver, gold"):
        if run_and_follow(outputs["StateMachineArn"]) != 0:
            raise DemoError("the pipeline failed; `insights pipeline describe` says why")
    with clock.step("insights", "7  Insights: gold through Athena, and each user's own through the API"):
        for name, columns in SHOWN.items():
            _show(name, columns)
        answers = {
            client.call("GET", "/users", 200)["user_id"]: client.call("GET", "/insights", 200) for client in clients
        }
        _show_answer(next(iter(answers.values())))
    figures = _figures(table, bronze)
    right = is_consistent(table, figures, answers)
    clock.seconds["total"] = round(sum(clock.seconds.values()), 1)
    _next_steps(outputs)
    print("demo: " + json.dumps({**figures, "seconds": clock.seconds}), flush=True)
    return right


def _up(settings: Settings) -> Settings:
    spark.install(settings.toolchain)
    if lifecycle.was_killed(settings):
        console.print(lifecycle.describe_kill(settings), style="yellow", soft_wrap=True)
    try:
        with console.status("starting") as status:
            running, started = lifecycle.start(settings, status.update)
    except lifecycle.AccountError as error:
        raise DemoError(str(error)) from error
    os.environ.update(running.settings.client_environment())
    console.print(f"{'started' if started else 'already up'} at {running.settings.endpoint}")
    return running.settings


def _import_history(table_name: str, clients: list[traffic.Client]) -> None:
    persons = history.people((client.user_id, client.email) for client in clients)
    with console.status("importing") as status:
        written = history.import_history(
            table_name, persons, dt.datetime.now(dt.UTC), lambda total: status.update(f"importing: {total} changes")
        )
    console.print(f"{written} changes imported" if written else "the history was imported before")


def _traffic(clients: list[traffic.Client], seed: int) -> None:
    columns = (SpinnerColumn(), TextColumn("tasks"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("tasks", total=len(clients) * TASKS_PER_USER)
        traffic.drive(clients, TASKS_PER_USER, lambda: progress.advance(bar), seed)


def _wait_for_bronze(bronze: store.Bronze, table: store.Table) -> None:
    end = time.monotonic() + BRONZE_SECONDS
    with console.status("waiting for the stream and the delivery buffer"):
        while missing := bronze.missing(table):
            if time.monotonic() > end:
                raise DemoError(
                    f"{missing} of {len(table.versions)} items have not reached bronze after {BRONZE_SECONDS} s; "
                    "see the log group /aws/lambda/todo-cdc and `insights status`"
                )
            time.sleep(0.5)
    console.print(f"{len(table.versions)} items of {_summary(table)} are in {bronze.objects} objects")


def _summary(table: store.Table) -> str:
    return f"{table.users} users with {table.total} live tasks"


def _show(name: str, columns: str) -> None:
    rows = store.query(f"select {columns} from {name} order by 1 limit 20")
    shown = RichTable(title=name, title_justify="left", title_style="bold cyan")
    for column in rows[0] if rows else []:
        numbers = all(NUMBER.fullmatch(row[column] or "") for row in rows)
        shown.add_column(column, overflow="fold", justify="right" if numbers else "left")
    for row in rows:
        shown.add_row(*((value or "").removesuffix(".0") for value in row.values()))
    console.print(shown)


def _show_answer(answer: dict[str, Any]) -> None:
    """What GET /insights answered, without its lists."""
    console.print("[bold cyan]GET /api/v1/insights[/bold cyan], as the first user gets it")
    short = {name: value for name, value in answer.items() if not isinstance(value, list)}
    left_out = ", ".join(name for name in answer if name not in short)
    console.print_json(data=short)
    console.print(f"[dim]and the lists {left_out}[/dim]")


def _figures(table: store.Table, bronze: store.Bronze) -> dict[str, Any]:
    kpis = {row["metric"]: float(row["value"] or 0) for row in store.query("select * from business_metrics_kpis")}
    events = {
        str(row["event_type"]): int(row["events"] or 0)
        for row in store.query("select event_type, count(*) as events from task_events group by 1", SILVER_DATABASE)
    }
    bronze.refresh()
    return {
        "users": int(kpis["total_users"]),
        "tasks_created": events.get("created", 0),
        "tasks_deleted": events.get("deleted", 0),
        "dynamodb_tasks": table.total,
        "bronze_objects": bronze.objects,
        "task_events": sum(events.values()),
        "total_tasks": int(kpis["total_tasks"]),
        "completed_tasks": int(kpis["completed_tasks"]),
    }


def is_consistent(
    table: store.Table, figures: dict[str, Any], answers: dict[str, dict[str, Any]] | None = None
) -> bool:
    """Compare gold, and what the API answers, with the table, and print where they differ.

    Args:
        table: as it was before the pipeline ran.
        figures: `total_tasks`, `completed_tasks` and `users` of gold.
        answers: of GET /insights, by user.
    """
    answered = {
        user: {"total": answer["total_tasks"], "completed": answer["completed_tasks"]}
        for user, answer in (answers or {}).items()
    }
    per_user = {
        row["user_id"]: {"total": int(row["total_tasks"] or 0), "completed": int(row["completed_tasks"] or 0)}
        for row in store.query("select * from task_analytics_user_metrics")
    }
    claims = {
        "live tasks": (table.total, figures["total_tasks"]),
        "completed tasks": (table.completed, figures["completed_tasks"]),
        "users": (table.users, figures["users"]),
        "what GET /insights answers": ({user: table.live_tasks[user] for user in answered}, answered),
        "tasks per user": (table.live_tasks, {user: found for user, found in per_user.items() if found["total"]}),
    }
    wrong = {name: pair for name, pair in claims.items() if pair[0] != pair[1]}
    for name, (expected, found) in wrong.items():
        console.print(f"[red]gold disagrees with the table[/red] on {name}: table {expected}, gold {found}")
    if not wrong:
        console.print("[green]gold and the API agree with the table[/green], in total and user by user")
    return not wrong


def _next_steps(outputs: dict[str, str]) -> None:
    insights = ".venv/bin/insights"
    console.rule("[bold]The account stays up. What next?", align="left")
    console.print(
        f"""\
[bold]REST client[/bold]
  TOKEN=$({insights} login demo-1@example.com --password {traffic.PASSWORD})
  curl -s -H "Authorization: Bearer $TOKEN" '{outputs["ApiEndpoint"]}/api/v1/tasks?limit=3'
  curl -s -H "Authorization: Bearer $TOKEN" '{outputs["ApiEndpoint"]}/api/v1/insights'
[bold]Analytics engineer[/bold], models in {(ROOT / "transforms" / "dbt" / "models").relative_to(ROOT)}
  make dbt ARGS="build -s stg_tasks+"
[bold]Operator[/bold]; docs/operate.md says what to do when something fails
  {insights} status
  {insights} pipeline start --wait
  {insights} pipeline logs
[bold]BI user[/bold]; the dashboard is at http://127.0.0.1:{PORT}, and `env` is for any AWS client
  make dashboard
  {insights} query "select * from task_analytics_category_trends order by total_tasks desc"
  eval "$({insights} env)"
[bold]Stop, keeping everything[/bold]: make down   [bold]Start over[/bold]: make reset""",
        soft_wrap=True,
    )
