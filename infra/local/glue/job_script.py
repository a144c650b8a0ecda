"""A job run's command line and environment: what Glue hands to a script.

See https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html.
"""

import os
import pathlib
import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlparse

import boto3

from infra.local.account import credentials
from infra.local.account.settings import REGION
from infra.toolchain import spark

SPARK_COMMANDS = ("glueetl", "gluestreaming")
MESSAGE_CHARACTERS = 2000
EXCEPTION = re.compile(r"[^\W\d][\w.]*(:|\Z)")


def arguments(job: Mapping[str, Any], job_name: str, run_id: str, given: Mapping[str, str]) -> dict[str, str]:
    """A run's arguments in the order in which the script gets them.

    The job's defaults come first, then, for Spark, Glue's own two, then the run's, then what a run may not change; a
    later value replaces an earlier one in its place.
    """
    own = {"--JOB_NAME": job_name, "--JOB_RUN_ID": run_id} if is_spark(job) else {}
    return {
        **(job.get("DefaultArguments") or {}),
        **own,
        **given,
        **(job.get("NonOverridableArguments") or {}),
    }


def is_spark(job: Mapping[str, Any]) -> bool:
    """Whether Glue runs the job's script with Spark at hand."""
    return job["Command"]["Name"] in SPARK_COMMANDS


def log_group(job: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """The prefix of the log groups that a run writes to: `<prefix>/output` and `<prefix>/error`.

    https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
    """
    if not is_spark(job):
        return "/aws-glue/python-jobs"
    chosen = {**(job.get("DefaultArguments") or {}), **given}
    return str(chosen.get("--custom-logGroup-prefix", "/aws-glue/jobs"))


def fetch(session: boto3.Session, job: Mapping[str, Any], given: Mapping[str, str], folder: pathlib.Path) -> list[str]:
    """Download the script and its `--extra-py-files` with the job role's permissions.

    Args:
        session: of the job's role.
        job: as GetJob describes it.
        given: the run's arguments.
        folder: gets the files.

    Returns:
        the command line.

    Raises:
        botocore.exceptions.ClientError: a file is missing, or the role may not read it.
    """
    script = _download(session, job["Command"]["ScriptLocation"], folder)
    for location in _list(given.get("--extra-py-files")):
        _download(session, location, folder / "python")
    return [sys.executable, str(script), *(word for pair in given.items() for word in pair)]


def environment(
    role_arn: str, job: Mapping[str, Any], given: Mapping[str, str], folder: pathlib.Path
) -> dict[str, str]:
    """The variables of a run: the role's credentials, the extra Python files, and, for Spark jobs, Spark's.

    Args:
        role_arn: the job's role.
        job: as GetJob describes it.
        given: the run's arguments; `--conf` holds Spark settings, chained as `a=b --conf c=d`.
        folder: as given to `fetch`, after it.
    """
    python = folder / "python"
    archives = sorted(str(path) for path in python.glob("*") if path.suffix in (".zip", ".egg", ".whl"))
    variables = {
        **credentials.role_environment(role_arn, "GlueJobRunnerSession"),
        "PYTHONPATH": os.pathsep.join([*archives, str(python)]),
    }
    if is_spark(job):
        account = credentials.settings()
        settings = {**spark_settings(given.get("--conf", "")), **spark.account_settings(account.endpoint, REGION)}
        variables.update(spark.environment(account.toolchain, folder, settings))
    return credentials.clean_environment(**variables)


def spark_settings(conf: str) -> dict[str, str]:
    """The Spark settings in a `--conf` argument, which may chain several."""
    pairs = (setting.partition("=") for setting in re.split(r"\s+--conf\s+", conf.strip()))
    return {name.strip(): value.strip().strip("'\"") for name, equals, value in pairs if equals}


def error_message(errors: str, status: int) -> str:
    """What GetJobRun says of a script that failed: its exception, with Java's reason, without either stack.

    Args:
        errors: the script's standard error.
        status: its exit status.
    """
    _, traceback, ending = errors.rpartition("Traceback (most recent call last)")
    lines = ending.splitlines() if traceback else []
    for number, line in enumerate(lines):
        if EXCEPTION.match(line):
            reason = lines[number + 1] if lines[number + 1 : number + 2] and lines[number + 1].startswith(": ") else ""
            return (line + reason)[:MESSAGE_CHARACTERS]
    output = errors.strip().rpartition("\n")[2]
    return output[:MESSAGE_CHARACTERS] or f"Command failed with exit code {status}"


def _list(text: str | None) -> list[str]:
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _download(session: boto3.Session, location: str, folder: pathlib.Path) -> pathlib.Path:
    place = urlparse(location)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / pathlib.PurePosixPath(place.path).name
    target.write_bytes(session.client("s3").get_object(Bucket=place.netloc, Key=place.path[1:])["Body"].read())
    return target
