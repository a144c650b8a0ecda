"""Jobs whose scripts really run, as processes of this machine with the job role's credentials.

AWS: https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html; states follow
https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html.
Hooks: `_start_job_run`, `_batch_stop_job_run`; `_create_job` and `_update_job`, which drop ExecutionProperty;
`load_persisted_state`, since a run does not survive the account's stop.

Left out: MaxRetries, job queueing, bookmarks, triggers, `awsglue`, worker types, `--additional-python-modules` and
`--extra-jars` (a job finds the packages and jars of this checkout).
"""

import collections
import pathlib
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
from ministack.core.responses import error_response_json, json_response
from ministack.services import glue

from infra.local.account import credentials
from infra.local.account.hooks import after_restoring, hook, in_background, replace
from infra.local.account.log_stream import LogStream
from infra.local.account.processes import Child
from infra.local.glue import job_script

SECONDS_PER_MINUTE = 60
ACTIVE = ("STARTING", "RUNNING", "STOPPING")
ENDED_WITH_ACCOUNT = "The run ended with the account that ran it."
ONE_AT_A_TIME = {"MaxConcurrentRuns": 1}
COPIED = ("WorkerType", "NumberOfWorkers", "MaxCapacity", "SecurityConfiguration", "GlueVersion")
ERRORS_KEPT = 2000  # lines of standard error that the error message is looked for in

_starting = threading.Lock()
_running: dict[str, "JobRun"] = {}


class JobRun:
    """One run of a job; `record` is what GetJobRun shows of it."""

    def __init__(self, job: dict[str, Any], record: dict[str, Any], arguments: dict[str, str]) -> None:
        self.record = record
        self._job, self._arguments = job, arguments
        self._child: Child | None = None
        self._stopped = threading.Event()
        self._errors: collections.deque[str] = collections.deque(maxlen=ERRORS_KEPT)

    def stop(self) -> None:
        """End the run; its state goes from STOPPING to STOPPED when its processes are gone."""
        self._change("STOPPING")
        self._stopped.set()
        if self._child:
            self._child.stop()

    def run(self) -> None:
        """Run the script; the record has the outcome."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="job-", dir=credentials.settings().temporary))
        try:
            state, message = self._execute(folder)
        except Exception as error:  # the record is where a run reports any failure
            state, message = "FAILED", f"{type(error).__name__}: {error}"[: job_script.MESSAGE_CHARACTERS]
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _running.pop(self.record["Id"], None)
        if self._stopped.is_set():
            state, message = "STOPPED", ""
        if message:
            self.record["ErrorMessage"] = message
        now = time.time()
        self.record.update(CompletedOn=now, ExecutionTime=round(now - self.record["StartedOn"]))
        self._change(state)

    def _execute(self, folder: pathlib.Path) -> tuple[str, str]:
        role = credentials.role_arn(self._job["Role"])
        session = credentials.role_session(role, "GlueJobRunnerSession")
        command = job_script.fetch(session, self._job, self._arguments, folder)
        environment = job_script.environment(role, self._job, self._arguments, folder)
        output, errors = (self._log(session, kind) for kind in ("output", "error"))
        if self._stopped.is_set():
            return "STOPPED", ""
        self._change("RUNNING")

        def flush() -> None:
            for log in (output, errors):
                if log:
                    log.flush_now_and_then()

        self._child = Child(command, environment, folder, _writer(output), self._collector(errors))
        if self._stopped.is_set():
            self._child.stop()
        status = self._child.wait(SECONDS_PER_MINUTE * self.record["Timeout"], flush)
        for log in (output, errors):
            if log:
                log.flush()
        if status is None:
            return "TIMEOUT", "Job run timed out"
        return ("FAILED", job_script.error_message("\n".join(self._errors), status)) if status else ("SUCCEEDED", "")

    def _collector(self, log: LogStream | None) -> Callable[[str], None]:
        write = _writer(log)

        def collect(line: str) -> None:
            self._errors.append(line)
            write(line)

        return collect

    def _log(self, session: boto3.Session, kind: str) -> LogStream | None:
        return LogStream.where_allowed(session, f"{self.record['LogGroupName']}/{kind}", self.record["Id"])

    def _change(self, state: str) -> None:
        self.record.update(JobRunState=state, LastModifiedOn=time.time())


def _writer(log: LogStream | None) -> Callable[[str], None]:
    return log.write if log else lambda _: None


def _start_job_run(data: dict[str, Any]) -> Any:
    name = data.get("JobName")
    job = glue._jobs.get(name)
    if job is None:
        return error_response_json(
            "EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}", 400
        )
    with _starting:
        runs = glue._job_runs.setdefault(name, [])
        limit = (job.get("ExecutionProperty") or ONE_AT_A_TIME)["MaxConcurrentRuns"]
        if sum(run["JobRunState"] in ACTIVE for run in runs) >= int(limit):
            return error_response_json("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}", 400)
        run_id, now = f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}", time.time()
        given = {key: str(value) for key, value in (data.get("Arguments") or {}).items()}
        record = {
            "Id": run_id,
            "Attempt": 0,
            "JobName": name,
            "StartedOn": now,
            "LastModifiedOn": now,
            "JobRunState": "STARTING",
            "Arguments": given,
            "PredecessorRuns": [],
            "ExecutionTime": 0,
            "Timeout": int(data.get("Timeout") or job.get("Timeout") or 2880),
            "LogGroupName": job_script.log_group(job, given),
            **{key: job[key] for key in COPIED if job.get(key)},
        }
        runs.append(record)
    arguments = job_script.arguments(job, str(name), run_id, given)
    _running[run_id] = JobRun(dict(job), record, arguments)
    in_background(_running[run_id].run)
    return json_response({"JobRunId": run_id})


def _batch_stop_job_run(data: dict[str, Any]) -> Any:
    name, stopped, errors = data.get("JobName"), [], []
    states = {run["Id"]: run["JobRunState"] for run in glue._job_runs.get(name, [])}
    for run_id in data.get("JobRunIds", []):
        which = {"JobName": name, "JobRunId": run_id}
        run = _running.get(run_id)
        if run and states.get(run_id) in ACTIVE:
            run.stop()
            stopped.append(which)
        elif run_id in states:
            message = f"Job Run {run_id} is in a terminal state: {states[run_id]}"
            errors.append({**which, "ErrorDetail": {"ErrorCode": "InvalidInputException", "ErrorMessage": message}})
        else:
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Job Run {run_id} not found"}
            errors.append({**which, "ErrorDetail": detail})
    return json_response({"SuccessfulSubmissions": stopped, "Errors": errors})


def _create_job(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def create(data: dict[str, Any]) -> Any:
        response = original(data)
        if response[0] == 200:
            glue._jobs[data["Name"]]["ExecutionProperty"] = data.get("ExecutionProperty") or ONE_AT_A_TIME
        return response

    return create


def _update_job(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def update(data: dict[str, Any]) -> Any:
        response = original(data)
        if response[0] == 200 and "ExecutionProperty" in data["JobUpdate"]:
            glue._jobs[data["JobName"]]["ExecutionProperty"] = data["JobUpdate"]["ExecutionProperty"]
        return response

    return update


def _end_lost_runs() -> None:
    for runs in glue._job_runs.values():
        for run in runs:
            if run["JobRunState"] in ACTIVE:
                now = time.time()
                run.update(JobRunState="FAILED", ErrorMessage=ENDED_WITH_ACCOUNT, CompletedOn=now, LastModifiedOn=now)


def apply() -> None:
    """Put the jobs in place."""
    after_restoring(glue, glue._job_runs, _end_lost_runs)
    replace(glue, "_start_job_run", "data", _start_job_run)
    replace(glue, "_batch_stop_job_run", "data", _batch_stop_job_run)
    replace(glue, "_create_job", "data", _create_job(hook(glue, "_create_job", "data")))
    replace(glue, "_update_job", "data", _update_job(hook(glue, "_update_job", "data")))
