"""What `insights verify` looks at, one method for each step."""

import datetime as dt
from collections.abc import Callable, Iterator

import boto3
from rich.console import Console

from infra.cli.athena import QueryError, run_query
from infra.cli.smoke import api, etl
from infra.cli.smoke.execution import await_end
from infra.cli.smoke.steps import Steps, UnexpectedError
from infra.cli.verify.alarms import Inbox, find_unconfirmed_mailboxes
from infra.cli.verify.disturbance import Disturbance
from infra.cli.wait import poll
from infra.resource_names import ALERTS
from orchestration.executions import state_machine
from orchestration.executions.errors import NotRedrivableError
from orchestration.executions.history import Status
from transforms.contract import BRONZE_DATABASE, CRAWLER, SILVER_DATABASE, SILVER_MAINTENANCE_JOB

LOAD = {"users": 2, "tasks": 3, "updates": 2}
POLL_SECONDS = 2.0
# how long SNS and the alarms, which are evaluated every minute, may take
NOTIFICATION_SECONDS = 300
STATE = "ResolveWindow"
STEPS = ("api", "etl", "crawl", "merge", "failure", "alarm", "mailbox", "redrive", "erase")
ENDED = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR")


class Verification:
    """The steps and what they share.

    Args:
        outputs: of the stacks.
        seconds: that each run of the pipeline and of maintenance may take.
        console: shows what a long step is waiting for.
    """

    def __init__(self, outputs: dict[str, str], seconds: float, console: Console) -> None:
        self._outputs, self._seconds, self._console = outputs, seconds, console
        self._machine = state_machine.find_state_machine()
        self._disturbance = Disturbance()
        self._inbox = Inbox(self._machine)
        self._users: list[str] = []
        self._failed: str | None = None
        self._began = dt.datetime.now(dt.UTC)

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Name and check of each step, in order."""
        for name in STEPS:
            yield name, getattr(self, f"check_{name}")

    def close(self) -> None:
        """Undo what the steps have changed; what is undone already stays so."""
        self._disturbance.end()
        self._inbox.close()

    def check_api(self) -> None:
        """The API's life cycle, as `insights smoke api` goes through it."""
        inner = Steps(Console(quiet=True))
        api.check(self._outputs, inner)
        _raise_first(inner)

    def check_etl(self) -> None:
        """Changes reach gold through Glue and CodeBuild, as `insights smoke etl` follows them."""
        inner = Steps(Console(quiet=True))
        load = etl.Load(**LOAD, seconds=self._seconds)
        self._users = etl.check(self._outputs, load, inner, self._console)
        _raise_first(inner)

    def check_crawl(self) -> None:
        """A crawl has made a partition for the hour in which the changes arrived; one that was not due is begun."""
        glue, begun = boto3.client("glue"), False
        pages = glue.get_paginator("get_partitions")
        hour = self._began.strftime("%Y-%m-%d %H")
        for found in poll(
            lambda: [
                " ".join(partition["Values"])
                for page in pages.paginate(DatabaseName=BRONZE_DATABASE, TableName="cdc")
                for partition in page["Partitions"]
            ],
            POLL_SECONDS,
            self._seconds,
        ):
            if max(found, default="") >= hour:
                return
            if not begun and glue.get_crawler(Name=CRAWLER)["Crawler"]["State"] == "READY":
                glue.start_crawler(Name=CRAWLER)
                begun = True
        raise UnexpectedError(f"the newest partition of {BRONZE_DATABASE}.cdc is {max(found, default='none')}")

    def check_merge(self) -> None:
        """Athena reads the rows that Spark has merged on read: one for each task."""
        rows = _query(f"select count(*), count(distinct task_id) from {SILVER_DATABASE}.tasks")  # noqa: S608
        ((tasks, distinct),) = rows
        if tasks != distinct or tasks == "0":
            raise UnexpectedError(f"{SILVER_DATABASE}.tasks: {tasks} rows of {distinct} tasks")

    def check_failure(self) -> None:
        """An execution whose first state cannot run fails under that state's name."""
        self._inbox.open()
        with self._console.status("an execution fails"):
            self._disturbance.begin()
            try:
                self._failed = state_machine.start_execution(self._machine, {"gold_only": True})
                timeline = await_end(self._failed, self._seconds)
            finally:
                self._disturbance.end()
        if timeline.status is not Status.FAILED or not timeline.failed or timeline.failed.name != STATE:
            raise UnexpectedError(f"the execution was to fail in {STATE}, and {timeline.status.value.lower()}")

    def check_alarm(self) -> None:
        """The operators are notified of the failure, with its reason, and the state's alarm goes off."""
        name = state_machine.execution_name(self._require_failed_execution())
        alarm = f"todo-insights-pipeline-{STATE}-failed"
        cloudwatch = boto3.client("cloudwatch")
        notified = went_off = False
        with self._console.status("waiting for the alarm"):
            for _ in poll(lambda: None, POLL_SECONDS, NOTIFICATION_SECONDS):
                notified = notified or any(name in message for message in self._inbox.receive())
                changes = cloudwatch.describe_alarm_history(
                    AlarmName=alarm, HistoryItemType="StateUpdate", StartDate=self._began
                )["AlarmHistoryItems"]
                went_off = went_off or any("to ALARM" in change["HistorySummary"] for change in changes)
                if notified and went_off:
                    return
        missing = [] if notified else [f"a message about {name} in topic {ALERTS}"]
        missing += [] if went_off else [f"alarm {alarm}"]
        raise UnexpectedError(f"after {NOTIFICATION_SECONDS} s there was no {' and no '.join(missing)}")

    def check_mailbox(self) -> None:
        """Every mailbox that is subscribed to the topics has been confirmed by its owner."""
        if unconfirmed := find_unconfirmed_mailboxes(self._machine):
            raise UnexpectedError(
                f"follow the link in AWS's mail to {', '.join(unconfirmed)}: nothing is delivered yet"
            )

    def check_redrive(self) -> None:
        """The failed execution resumes and builds all of gold."""
        execution = self._require_failed_execution()
        with self._console.status("the execution is redriven"):
            try:
                state_machine.redrive_execution(execution)
            except NotRedrivableError as error:
                raise UnexpectedError(str(error)) from None
            timeline = await_end(execution, self._seconds)
        if timeline.status is not Status.SUCCEEDED:
            failed = f" in {timeline.failed.name}" if timeline.failed else ""
            raise UnexpectedError(f"the redriven execution {timeline.status.value.lower()}{failed}")
        if "BuildGold" not in [state.name for state in timeline.states]:
            raise UnexpectedError("the redriven execution has not built gold")

    def check_erase(self) -> None:
        """Silver's maintenance leaves nothing of the users who have erased themselves."""
        if not self._users:
            raise UnexpectedError("there is nobody to erase: step etl has failed")
        glue = boto3.client("glue")
        run = glue.start_job_run(
            JobName=SILVER_MAINTENANCE_JOB,
            Arguments={"--erasures-only": "true", "--build-gold": "false", "--wait-seconds": str(self._seconds)},
        )["JobRunId"]
        with self._console.status("maintenance erases the users"):
            for found in poll(
                lambda: glue.get_job_run(JobName=SILVER_MAINTENANCE_JOB, RunId=run)["JobRun"],
                POLL_SECONDS,
                2 * self._seconds,
            ):
                if found["JobRunState"] in ENDED:
                    break
        if found["JobRunState"] != "SUCCEEDED":
            raise UnexpectedError(f"{SILVER_MAINTENANCE_JOB} {found['JobRunState']}: {found.get('ErrorMessage', '')}")
        users = ", ".join(f"'{user}'" for user in self._users)
        for table in ("users", "tasks", "task_events"):
            ((rows,),) = _query(f"select count(*) from {SILVER_DATABASE}.{table} where user_id in ({users})")  # noqa: S608 - ids are the API's
            if rows != "0":
                raise UnexpectedError(f"{SILVER_DATABASE}.{table} still has {rows} rows of erased users")

    def _require_failed_execution(self) -> str:
        if self._failed is None:
            raise UnexpectedError("there is no failed execution: step failure has not begun one")
        return self._failed


def _query(sql: str) -> list[list[str]]:
    try:
        return [[str(value) for value in row] for row in run_query(sql).rows]
    except QueryError as error:
        raise UnexpectedError(f"{sql}: {error}") from None


def _raise_first(steps: Steps) -> None:
    for step in steps.as_json():
        if step["error"]:
            raise UnexpectedError(f"{step['step']}: {step['error']}")
