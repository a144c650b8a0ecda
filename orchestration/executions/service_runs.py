"""What a state has another service do: the Glue job run, the CodeBuild build, the crawl, the function call.

The state machine's definition names the job; the history has the number of its run.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

import dataclasses
import enum
import json
from collections.abc import Mapping
from typing import Any

import boto3

from orchestration.executions.history import StateRun

RUNNING = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING", "IN_PROGRESS"})


class Kind(enum.StrEnum):
    """What does the work."""

    JOB = "Glue job"
    BUILD = "CodeBuild build"
    CRAWLER = "Glue crawler"
    FUNCTION = "Lambda function"


@dataclasses.dataclass(frozen=True)
class Stream:
    """Log events of one source: of a stream, or of a whole group where the stream is not known."""

    group: str
    stream: str | None = None


@dataclasses.dataclass(frozen=True)
class ServiceRun:
    """One piece of work.

    Args:
        kind: what does it.
        name: of the job, project, crawler or function.
        run: id of the job run or build; None for crawlers and functions.
    """

    kind: Kind
    name: str
    run: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.run or self.name}"
            if self.kind is Kind.BUILD
            else " ".join(part for part in (self.kind, self.name, self.run and f"run {self.run}") if part)
        )


def find_service_run(state: Mapping[str, Any], run: StateRun) -> ServiceRun | None:
    """The latest work of a state.

    Args:
        state: its definition.
        run: what the history says of it, with data.

    Returns:
        None for a state that leaves no log: it works by itself, or its job was never started.
    """
    resource = str(state.get("Resource", ""))
    given = state.get("Arguments") or state.get("Parameters") or {}
    answer = _object(run.submitted)
    if ":glue:startJobRun" in resource:
        return ServiceRun(Kind.JOB, given["JobName"], answer["JobRunId"]) if "JobRunId" in answer else None
    if ":codebuild:startBuild" in resource:
        build = answer.get("Build", {}).get("Id")
        return ServiceRun(Kind.BUILD, given["ProjectName"], build) if build else None
    if ":glue:startCrawler" in resource:
        return ServiceRun(Kind.CRAWLER, given["Name"])
    if ":lambda:" in resource:
        function = str(given.get("FunctionName", resource)) if ":states:::" in resource else resource
        return ServiceRun(Kind.FUNCTION, function.partition(":function:")[2].partition(":")[0] or function)
    return None


def log_streams(work: ServiceRun) -> list[Stream]:
    """Where `work` writes its log.

    Raises:
        botocore.exceptions.ClientError: the service does not know it, or may not be asked.
    """
    if work.kind is Kind.JOB and work.run:
        # drivers and executors write below the group that the job names: errors in one, standard output in the other
        job = boto3.client("glue").get_job(JobName=work.name)["Job"]
        group = job.get("DefaultArguments", {}).get("--custom-logGroup-prefix", "/aws-glue/jobs")
        return [Stream(f"{group}/output", work.run), Stream(f"{group}/error", work.run)]
    if work.kind is Kind.BUILD:
        logs = _build(work).get("logs") or {}
        return [Stream(logs["groupName"], logs["streamName"])] if "streamName" in logs else []
    if work.kind is Kind.CRAWLER:
        return [Stream("/aws-glue/crawlers", work.name)]
    return [Stream(f"/aws/lambda/{work.name}")]


def read_status(work: ServiceRun) -> str | None:
    """The state that its service gives `work`, such as `STOPPED`; None where the service keeps none."""
    if work.kind is Kind.JOB and work.run:
        return boto3.client("glue").get_job_run(JobName=work.name, RunId=work.run)["JobRun"].get("JobRunState")
    return _build(work).get("buildStatus") if work.kind is Kind.BUILD else None


def _build(work: ServiceRun) -> Mapping[str, Any]:
    found: list[Any] = list(boto3.client("codebuild").batch_get_builds(ids=[str(work.run)])["builds"])
    return found[0] if found else {}


def _object(document: str | None) -> dict[str, Any]:
    try:
        found = json.loads(document or "{}")
    except ValueError:  # history cuts what is too long
        return {}
    return found if isinstance(found, dict) else {}
