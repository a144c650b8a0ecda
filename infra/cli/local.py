"""`insights up`, `down`, `reset` and `env`; and the part of `status` that describes the local account."""

import contextlib
import dataclasses
import os
import pathlib
import shlex
import time
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from infra.cli.athena import WORKGROUP
from infra.cli.console import labelled, print_json, terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.format import format_duration
from infra.cli.options import AsJson
from infra.cli.target import ROLE
from infra.local.account import lifecycle
from infra.local.account.settings import OWNER_KEYS, REGION, Settings
from orchestration.contract import STATE_MACHINE

console = terminal(stderr=True)


def current_settings() -> Settings:
    """The settings of the account of this checkout, with the port of the running process if there is one."""
    settings = Settings.from_environment()
    running = lifecycle.find(settings)
    return running.settings if running else settings


def up(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="TCP port on 127.0.0.1 (default: INSIGHTS_LOCAL_PORT or 4566)."),
    ] = None,
) -> None:
    """Start the local account and wait until it answers.

    A second call changes nothing.
    """
    settings = Settings.from_environment()
    if port is not None:
        settings = dataclasses.replace(settings, port=port)
    from infra.toolchain import spark

    began, killed = time.monotonic(), lifecycle.was_killed(settings)
    with console.status("starting the local account") as status:
        try:
            spark.install(settings.toolchain)
            running, started = lifecycle.start(settings, lambda line: status.update(f"local account: {line}"))
        except lifecycle.AccountError as error:
            fail(str(error))
    if not started:
        console.print(f"local account already up at {running.settings.endpoint} (process {running.pid})")
        if port is not None and port != running.settings.port:
            console.print(f"it keeps port {running.settings.port}; `insights down` first to move it to {port}")
        return
    console.print(
        f"local account up at {settings.endpoint} in {time.monotonic() - began:.1f} s (process {running.pid})"
    )
    if killed:
        console.print(Text(lifecycle.describe_kill(settings), "yellow"), soft_wrap=True)
    console.print('next: `insights deploy`, or `eval "$(insights env)"` for any AWS client', soft_wrap=True)


def down() -> None:
    """Stop the local account and save its state.

    The next `up` loads it.
    """
    settings = current_settings()
    for execution in _running_executions(settings):
        console.print(
            Text(
                f"warning: the execution {execution} is running and will have failed. After `insights up`: "
                f"insights pipeline redrive {execution}",
                "yellow",
            ),
            soft_wrap=True,
        )
    with console.status("stopping the local account") as status:
        try:
            stopped = lifecycle.stop(settings, lambda line: status.update(f"local account: {line}"))
        except lifecycle.AccountError as error:
            fail(str(error))
    console.print(
        f"local account stopped, state kept in {_short(settings.home)}" if stopped else "local account was not up"
    )


def _running_executions(settings: Settings) -> list[str]:
    """Names of the pipeline's executions that run in the account, if it is up."""
    running = lifecycle.find(settings)
    if running is None or not lifecycle.is_healthy(running.settings):
        return []
    machines = boto3.Session(region_name=REGION, **OWNER_KEYS).client(
        "stepfunctions", endpoint_url=running.settings.endpoint
    )
    try:
        found = [one for one in machines.list_state_machines()["stateMachines"] if one["name"] == STATE_MACHINE]
        return [
            execution["name"]
            for machine in found
            for execution in machines.list_executions(
                stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
            )["executions"]
        ]
    except (BotoCoreError, ClientError):  # a warning must not keep the account from being stopped
        return []


def reset(yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Stop the local account and delete everything in it.

    Tables, buckets, users, stacks.
    """
    settings = current_settings()
    if not yes:
        typer.confirm(f"Delete everything in the local account ({_short(settings.home)})?", abort=True)
    try:
        with console.status("stopping the local account"):
            lifecycle.stop(settings, lambda _: None)
        lifecycle.erase(settings)
    except lifecycle.AccountError as error:
        fail(str(error))
    console.print("local account is empty; `insights up` starts it")


def env(
    as_json: AsJson = False,
    role: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With an hour's keys of this role instead of the owner's: todo-bi-user."),
    ] = None,
) -> None:
    """Print the exports that point AWS clients at the local account.

    For the AWS CLI, boto3, awswrangler and PyAthena.
    """
    settings = current_settings()
    variables = {**settings.client_environment(), "AWS_ATHENA_WORK_GROUP": WORKGROUP, "WR_WORKGROUP": WORKGROUP}
    if role:
        with explain_errors():
            variables |= _role_keys(settings, role)
    if as_json:
        print_json(variables, indent=2)
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _role_keys(settings: Settings, role: str) -> dict[str, str]:
    owner = boto3.Session(region_name=REGION, **OWNER_KEYS)
    iam, sts = owner.client("iam", endpoint_url=settings.endpoint), owner.client("sts", endpoint_url=settings.endpoint)
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="terminal")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        # otherwise each command would use the owner's keys again
        ROLE: role,
    }


def describe_account(settings: Settings) -> dict[str, Any]:
    """The account's process.

    Returns:
        `running`, `killed`, `kill` (what it cost, in words), `endpoint`, `home`, `state_bytes`; of a running one also
        `pid`, `uptime_s`.
    """
    running = lifecycle.find(settings)
    healthy = running is not None and lifecycle.is_healthy(running.settings)
    report: dict[str, Any] = {
        "running": healthy,
        "killed": (killed := lifecycle.was_killed(settings)),
        "kill": lifecycle.describe_kill(settings) if killed else None,
        "endpoint": (running.settings if running else settings).endpoint,
        "home": str(settings.home),
        "state_bytes": _count_bytes(settings.home),
    }
    if running is None or not healthy:
        return report
    return {**report, "pid": running.pid, "uptime_s": round(time.time() - running.started_at)}


def _count_bytes(folder: pathlib.Path) -> int:
    """The size of all files below `folder`; jobs and builds delete theirs meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (pathlib.Path(parent) / name).lstat().st_size
    return total


def print_account(report: dict[str, Any]) -> None:
    """Print what `describe_account` gives."""
    table = labelled()
    table.add_row(
        "local account", "[green]up[/green]" if report["running"] else "[yellow]down[/yellow] – `insights up`"
    )
    table.add_row("endpoint", report["endpoint"])
    table.add_row("state", f"{_short(pathlib.Path(report['home']))} ({report['state_bytes'] / 1e6:.1f} MB)")
    if report["running"]:
        table.add_row("process", f"{report['pid']}, up {format_duration(report['uptime_s'])}")
    terminal().print(table)
    if report["killed"]:
        terminal().print(Text(report["kill"], "yellow"), soft_wrap=True)


def _short(path: pathlib.Path) -> str:
    try:
        return str(path.relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(path)
