"""What an operator erases a user from the lake with, without waiting for the night: the maintenance job.

It is run with the requests to erase only, and starts the execution of the pipeline that builds gold anew. It may be
repeated. The command is `infra.cli.erase_user`, which erases from the table first.
"""

import json
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3

from transforms.contract import SILVER_MAINTENANCE_JOB

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

POLL_SECONDS = 2.0
# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
FINAL_STATES = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")


class MaintenanceRunningError(Exception):
    """The maintenance job is running already, and one run of it happens at a time."""


def run_maintenance(glue: "GlueClient", wait: int, build_gold: bool, progress: Callable[[str, int], None]) -> Any:
    """Run the maintenance job with the requests to erase only, and wait for its end; the run as Glue describes it.

    Args:
        glue: the client.
        wait: seconds that the job waits for a user's last changes to reach the lake.
        build_gold: whether the job starts the execution that builds gold anew.
        progress: gets the run's state and how many seconds it has run, every other second.

    Raises:
        MaintenanceRunningError: the job is running.
    """
    defaults = glue.get_job(JobName=SILVER_MAINTENANCE_JOB)["Job"]["DefaultArguments"]
    given = {
        "--erasures-only": "true",
        "--wait-seconds": str(wait),
        "--build-gold": str(build_gold).lower(),
        "--report": f"{defaults['--TempDir']}erasures/{uuid.uuid4()}.json",
    }
    try:
        run_id = glue.start_job_run(JobName=SILVER_MAINTENANCE_JOB, Arguments=given)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException:
        raise MaintenanceRunningError(f"{SILVER_MAINTENANCE_JOB} is running") from None
    while True:
        run = glue.get_job_run(JobName=SILVER_MAINTENANCE_JOB, RunId=run_id)["JobRun"]
        if run["JobRunState"] in FINAL_STATES:
            return run
        progress(run["JobRunState"], run.get("ExecutionTime", 0))
        time.sleep(POLL_SECONDS)


def read_report(uri: str) -> dict[str, Any]:
    """The report of a run of the maintenance job, at `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found: dict[str, Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
