"""`insights dbt …`: dbt with the account's bucket, target and database."""

import contextlib
import fcntl
import getpass
import hashlib
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

import typer

from infra import ROOT
from infra.cli.errors import explain_errors
from infra.cli.stack_outputs import stack_outputs
from infra.cli.target import writes

PROJECT = ROOT / "transforms" / "dbt"
LOCKS = ROOT / ".local" / "locks"


@writes()
def dbt(context: typer.Context) -> None:
    """Run dbt on the account.

    All flags are dbt's: insights dbt build -s stg_tasks+

    `diff` is no command of dbt: it builds what this checkout changes in your own database, and says how that
    differs from gold and whom it reaches: insights dbt diff --base origin/main

    `docs` without a command of dbt's fetches the documentation that a build of the pipeline wrote last.
    """
    if context.args == ["docs"]:
        from infra.cli.dbt_docs import fetch_documentation

        with explain_errors():
            typer.echo(f"file://{fetch_documentation(stack_outputs()['GoldBucket'], ROOT / 'build' / 'dbt-docs')}")
        return
    if context.args[:1] == ["diff"]:
        os.environ["DBT_TARGET"] = "dev"
    words = [str(pathlib.Path(sys.executable).with_name("dbt")), *context.args]
    with explain_errors():
        bucket = stack_outputs()["GoldBucket"]
    environment = {**os.environ, **dbt_environment(context.obj, bucket, os.environ)}
    with build_lock(context.obj, environment):
        if context.args[:1] == ["diff"]:
            from infra.cli.dbt_diff import diff

            with explain_errors():
                raise typer.Exit(diff(context.args[1:], environment))
        raise typer.Exit(subprocess.run(words, cwd=PROJECT, env=environment, check=False).returncode)


@contextlib.contextmanager
def build_lock(account: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Let one dbt command at a time work in a database; a second one on this machine waits for the first.

    Two builds that make the same table at once fail with TABLE_ALREADY_EXISTS.

    Args:
        account: `local` or `aws`.
        environment: of dbt, which names the database.
    """
    name = "-".join([account, environment["DBT_TARGET"], environment["DBT_USER"], environment.get("GOLD_SCHEMA", "")])
    path = LOCKS / f"dbt-{hashlib.sha256(name.encode()).hexdigest()[:12]}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            typer.echo("Another dbt command works in this database: waiting for its end.", err=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def dbt_environment(account: str, bucket: str, given: Mapping[str, str]) -> dict[str, str]:
    """The variables that dbt's profile reads.

    Args:
        account: `local` or `aws`.
        bucket: of gold.
        given: the caller's variables. `DBT_TARGET` is kept: whoever works in `dev` must never build into another
            target. `DBT_USER`, or else the name of the operating system's user, becomes part of a database name.
    """
    user = given.get("DBT_USER") or given.get("USER") or getpass.getuser()
    target = given.get("DBT_TARGET")
    variables = {"DBT_PROFILES_DIR": str(PROJECT), "GOLD_BUCKET": bucket, "DBT_USER": database_suffix(user)}
    if account == "aws":
        return {**variables, "DBT_TARGET": target or "prod"}
    # a query on a laptop takes milliseconds; on AWS the profile's second between two polls stays
    return {**variables, "DBT_TARGET": target or "local", "ATHENA_POLL_SECONDS": "0.1"}


def database_suffix(user: str) -> str:
    """A user's name as part of a Glue database name: lower case, digits and underscores only.

    https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
    """
    return re.sub(r"[^a-z0-9]+", "_", user.lower()).strip("_") or "developer"
