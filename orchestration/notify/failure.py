"""Why a state failed, in words for an operator, from what Step Functions knows of it.

Step Functions gives the cause of a failed job or build as JSON, the service's own description of it, and any other as
text: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

# the error of every `.sync` task whose work ended badly; it says nothing by itself
TASK_FAILED = "States.TaskFailed"
# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html
FAILED_PHASES = frozenset({"FAILED", "FAULT", "TIMED_OUT", "CLIENT_ERROR", "STOPPED"})
# what a silver build raises when it rejects too many records; Glue gives its name only as text
REJECTS_OVER_THRESHOLD = "RejectsOverThreshold"
MAX_MESSAGE_CHARACTERS = 1500


@dataclasses.dataclass(frozen=True)
class Failure:
    """What an operator needs to know of a failure.

    Args:
        error: what kind of failure it is, for example `DbtTestFailed`.
        reason: the job's or function's message, the models and tests that failed in dbt, or a build's failed phase;
            and where its log is.
    """

    error: str
    reason: str


def explain_failure(error: str, cause: str) -> Failure:
    """Word the failure of a task.

    Args:
        error: its error name, as a Catch gets it.
        cause: likewise; JSON that is cut off is taken for text.
    """
    details = _parse(cause)
    build = _Build(details.get("Build") or details)
    message = next(_messages(details, build), cause)
    kind = error
    if error == TASK_FAILED:
        kind = build.exported("DBT_ERROR") or _kind_of_work(details, build, message)
    prefix = "" if error == TASK_FAILED else f"{error}: "
    return Failure(kind, f"{prefix}{message[:MAX_MESSAGE_CHARACTERS]}{_log(details, build)}")


class _Build:
    """CodeBuild's description of a build, with the upper-case member names that Step Functions gives them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.status: str | None = document.get("BuildStatus")
        self.log: str | None = (document.get("Logs") or {}).get("DeepLink")
        self._phases: list[Mapping[str, Any]] = document.get("Phases") or []
        self._exported: list[Mapping[str, str]] = document.get("ExportedEnvironmentVariables") or []

    def exported(self, name: str) -> str | None:
        """A variable that the buildspec exports, unless it is empty."""
        return next((one["Value"] for one in self._exported if one["Name"] == name and one["Value"]), None)

    def failed_phase(self) -> str | None:
        """The first phase that failed, with its messages."""
        phase = next((one for one in self._phases if one.get("PhaseStatus") in FAILED_PHASES), {})
        messages = [one["Message"] for one in phase.get("Contexts") or [] if one.get("Message")]
        return f"{phase['PhaseType']}: {' '.join(messages)}" if messages else None


def _messages(details: Mapping[str, Any], build: _Build) -> Iterator[str]:
    """What may serve as the message, the best first."""
    found = (
        details.get("ErrorMessage"),  # of a Glue job run
        details.get("errorMessage"),  # of a function
        build.exported("DBT_FAILURES"),
        build.failed_phase(),
        build.status and f"the build ended {build.status}",
        "JobRunState" in details and f"the job run ended {details['JobRunState']}",
    )
    return (str(one) for one in found if one)


def _kind_of_work(details: Mapping[str, Any], build: _Build, message: str) -> str:
    if REJECTS_OVER_THRESHOLD in message:
        return REJECTS_OVER_THRESHOLD
    if build.status:
        return "BuildFailed"
    return "JobFailed" if "JobRunState" in details else TASK_FAILED


def _log(details: Mapping[str, Any], build: _Build) -> str:
    if build.log:
        return f" (log: {build.log})"
    return f" (job run {details['Id']})" if "JobRunState" in details else ""


def _parse(cause: str) -> dict[str, Any]:
    try:
        found = json.loads(cause)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
