"""The runs of the silver job, for work that must not overlap with them."""

import dataclasses
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
ACTIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")
POLL_SECONDS = 5.0
WAIT_SECONDS = 600.0


@dataclasses.dataclass(frozen=True)
class JobRuns:
    """The runs of the silver job.

    Args:
        glue: the client.
        job: the job's name.
    """

    glue: "GlueClient"
    job: str

    def wait_until_idle(self) -> None:
        """Wait until none is active.

        Raises:
            TimeoutError: there was always one.
        """
        end = time.monotonic() + WAIT_SECONDS
        while any(run["JobRunState"] in ACTIVE for run in self._runs()):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.job} has been running for {WAIT_SECONDS:g} s; erase when it has ended")
            time.sleep(POLL_SECONDS)

    def any_since(self, moment: datetime) -> bool:
        """Whether one is active, or has been since `moment`."""
        return any(
            run["JobRunState"] in ACTIVE or (run.get("CompletedOn") or run["StartedOn"]) >= moment
            for run in self._runs()
        )

    def _runs(self) -> Iterator[Any]:
        for page in self.glue.get_paginator("get_job_runs").paginate(JobName=self.job):
            yield from page["JobRuns"]
