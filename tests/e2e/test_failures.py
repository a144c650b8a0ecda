"""Each stage fails once, in one execution that is redriven after every repair, and ends in the gold of a run without.

What an operator sees each time: the state's name in the error, its alarm, one message that names it.
"""

import concurrent.futures
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.conftest import until
from tests.e2e.conftest import PIPELINE_SECONDS, Platform, User

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import CrawlerTargetsTypeDef

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

Alerts = Callable[[], list[str]]

COLUMNS = (
    "select column_name from information_schema.columns where table_schema = 'todo_silver' and table_name = 'tasks'"
)
# a live task like any other, but for its id and a status that there is not
BROKEN = {"task_id": "'broken'", "status": "'no-such-status'", "is_deleted": "false"}
GOLD = (
    "select * from business_metrics_kpis order by metric",
    "select * from task_analytics_category_trends order by category",
    "select * from task_analytics_user_metrics order by user_id",
)


@pytest.fixture
def silver(platform: Platform) -> None:
    """Silver's tables, which a first run of the pipeline makes when no other test has."""
    if not platform.silver(COLUMNS):
        platform.user().create(title="the first of all")
        platform.wait_for_bronze()
        platform.build_gold()


@contextmanager
def _function_without(function: str, variable: str) -> Iterator[None]:
    """A function whose setting names something that there is not."""
    client = boto3.client("lambda")
    kept = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**kept, variable: "no-such-thing"}}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Environment={"Variables": kept})


@contextmanager
def _crawler_without_a_bucket() -> Iterator[None]:
    glue = boto3.client("glue")
    targets = glue.get_crawler(Name="todo-bronze-crawler")["Crawler"]["Targets"]
    nowhere: CrawlerTargetsTypeDef = {"S3Targets": [{"Path": "s3://todo-no-such-bucket/cdc/"}]}
    glue.update_crawler(Name="todo-bronze-crawler", Targets=nowhere)
    # without its table every partition is one that a crawl would add
    if any(table["Name"] == "cdc" for table in glue.get_tables(DatabaseName="todo_bronze")["TableList"]):
        glue.delete_table(DatabaseName="todo_bronze", Name="cdc")
    try:
        yield
    finally:
        kept: CrawlerTargetsTypeDef = {"S3Targets": [{"Path": target["Path"]} for target in targets["S3Targets"]]}
        glue.update_crawler(Name="todo-bronze-crawler", Targets=kept)


@contextmanager
def _job_that_raises() -> Iterator[None]:
    glue = boto3.client("glue")
    job = glue.get_job(JobName="todo-silver")["Job"]
    kept: dict[str, Any] = {
        name: job[name]  # type: ignore[literal-required]
        for name in ("Role", "Command", "DefaultArguments", "GlueVersion", "Timeout", "WorkerType", "NumberOfWorkers")
    }
    given = kept["DefaultArguments"]
    without_catalog = {**given, "--conf": given["--conf"].replace("GlueCatalog", "NoSuchCatalog")}
    broken = {**kept, "DefaultArguments": without_catalog}
    glue.update_job(JobName="todo-silver", JobUpdate=broken)  # type: ignore[arg-type]
    try:
        yield
    finally:
        glue.update_job(JobName="todo-silver", JobUpdate=kept)  # type: ignore[arg-type]


@contextmanager
def _silver_row_that_breaks_a_test(platform: Platform) -> Iterator[None]:
    columns = [row["column_name"] for row in platform.silver(COLUMNS)]
    broken = [BROKEN.get(str(column), str(column)) for column in columns]
    platform.silver(f"insert into tasks select {', '.join(broken)} from tasks limit 1")
    try:
        yield
    finally:
        platform.silver("delete from tasks where task_id = 'broken'")


class Run:
    """One execution of the pipeline, through all of its failures."""

    def __init__(self, platform: Platform, alerts: Alerts) -> None:
        self.platform, self.alerts = platform, alerts
        self.machines = boto3.client("stepfunctions")
        self.arn = ""
        self.told = 0

    def start(self) -> None:
        machine = self.platform.outputs["StateMachineArn"]
        self.arn = self.machines.start_execution(stateMachineArn=machine)["executionArn"]

    def redrive(self) -> None:
        self.machines.redrive_execution(executionArn=self.arn)

    def ended(self) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = dict(self.machines.describe_execution(executionArn=self.arn))
            return found if found["status"] not in ("RUNNING", "PENDING_REDRIVE") else None

        return until("the execution to end", look, PIPELINE_SECONDS)

    def fails_in(self, state: str, cause: str) -> None:
        """Check everything that an operator sees of a failure."""
        ended = self.ended()
        assert (ended["status"], ended["error"]) == ("FAILED", state), ended.get("cause")
        assert cause in ended["cause"]
        self.is_alarmed(state)

    def is_alarmed(self, state: str) -> None:
        """Check the alarm and the one message."""
        alarm = f"todo-insights-pipeline-{state}-failed"

        def alarmed() -> bool:
            found = boto3.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
            return found[0]["StateValue"] == "ALARM"

        until(f"{alarm} to go to ALARM", alarmed, 30)
        until("a message that names the state", lambda: len(self.messages()) > self.told, 30)
        (message,) = self.messages()[self.told :]
        self.told += 1
        lines = dict(line.split(": ", 1) for line in message.splitlines())
        assert (lines["State"], lines["Execution"]) == (state, self.arn)
        assert lines["Runbook"].endswith(f"runbooks/{state}.md")

    def messages(self) -> list[str]:
        """What operators were told about this execution, the alarms' own notices aside."""
        return [message for message in self.alerts() if message.startswith("State: ") and self.arn in message]

    def wait_for_build(self) -> None:
        """Wait until BuildGold has begun its build."""

        def begun() -> bool:
            latest = self.machines.get_execution_history(executionArn=self.arn, reverseOrder=True, maxResults=3)[
                "events"
            ]
            kinds = [event["type"] for event in latest]
            entered = [event["stateEnteredEventDetails"]["name"] for event in latest if "StateEntered" in event["type"]]
            return kinds[0] == "TaskSubmitted" and "BuildGold" in entered

        until("BuildGold to begin its build", begun, PIPELINE_SECONDS)


def _insights(user: User) -> dict[str, Any]:
    answer = user.send("GET", "/insights")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_each_stage_fails_once_and_a_redrive_ends_in_the_gold_of_an_undisturbed_run(
    platform: Platform, alerts: Alerts
) -> None:
    owner, other = platform.user(), platform.user()
    owner.create(title="One", category="travel")
    done = owner.create(title="Two", category="travel")
    owner.send("PUT", f"/tasks/{done['id']}", {"status": "completed"})
    other.create(title="Somebody else's")
    platform.wait_for_bronze()
    run = Run(platform, alerts)

    with _function_without("todo-resolve-window", "TABLE_NAME"):
        run.start()
        run.fails_in("ResolveWindow", "not authorized to perform: dynamodb:GetItem")
    with _crawler_without_a_bucket():
        run.redrive()
        run.fails_in("CrawlBronze", "not authorized to perform: s3:ListBucket")
    with _job_that_raises():
        run.redrive()
        run.fails_in("BuildSilver", "NoSuchCatalog")
    with _function_without("todo-publish-insights", "GOLD_DATABASE"):
        run.redrive()
        run.wait_for_build()
        run.machines.stop_execution(executionArn=run.arn, error="StoppedByOperator", cause="enough for today")
        assert run.ended()["status"] == "ABORTED"
        run.is_alarmed("BuildGold")
        # the build that it had begun is stopped before another one may start
        with _silver_row_that_breaks_a_test(platform):
            run.redrive()
            run.fails_in("BuildGold", "assert_tasks_are_in_one_status")
        run.redrive()
        run.fails_in("PublishInsights", "QueryFailed")
    run.redrive()
    ended = run.ended()

    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 6), ended.get("cause")
    table, kpis = platform.table(), platform.kpis()
    assert (kpis["total_tasks"], kpis["completed_tasks"]) == (table.total, table.completed)
    after_faults = [platform.gold(sql) for sql in GOLD]
    mine, theirs = _insights(owner), _insights(other)
    assert (mine["total_tasks"], mine["completed_tasks"]) == (2, 1)
    assert mine["by_category"] == [{"category": "travel", "total": 2, "completed": 1}]
    assert theirs["total_tasks"] == 1
    assert platform.user().send("GET", "/insights").json().get("total_tasks", 0) == 0
    (row,) = platform.gold(f"select users_published from pipeline_runs where run_id = '{ended['name']}'")
    assert int(row["users_published"] or 0) >= 2
    measured = boto3.client("cloudwatch").list_metrics(Namespace="TodoInsights", MetricName="StateDuration")["Metrics"]
    states = {item["Value"] for metric in measured for item in metric["Dimensions"] if item["Name"] == "State"}
    assert {"ResolveWindow", "BuildSilver", "CheckSilver", "BuildGold", "PublishInsights", "Failed"} <= states

    platform.build_gold()  # nobody disturbs this one, which reads the log lines of the requests above
    assert [platform.gold(sql) for sql in GOLD] == after_faults


@pytest.mark.usefixtures("silver")
def test_bad_data_in_silver_stops_a_run_before_gold(platform: Platform, alerts: Alerts) -> None:
    platform.user().create(title="so that there is something to do")
    platform.wait_for_bronze()
    run = Run(platform, alerts)
    with _silver_row_that_breaks_a_test(platform):
        run.start()
        run.fails_in("CheckSilver", "accepted_values")
    run.redrive()
    assert run.ended()["status"] == "SUCCEEDED"


def test_two_starts_at_once_are_one_run(platform: Platform) -> None:
    platform.user().create(title="once")
    platform.wait_for_bronze()
    _wait_for_quiet(platform)
    glue, machines = boto3.client("glue"), boto3.client("stepfunctions")
    before = len(glue.get_job_runs(JobName="todo-silver")["JobRuns"])

    def start() -> str:
        return machines.start_execution(stateMachineArn=platform.outputs["StateMachineArn"])["executionArn"]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        both = [future.result() for future in [pool.submit(start), pool.submit(start)]]

    def ended() -> list[str] | None:
        found = [machines.describe_execution(executionArn=arn)["status"] for arn in both]
        return None if "RUNNING" in found else [str(status) for status in found]

    assert until("both to end", ended, PIPELINE_SECONDS) == ["SUCCEEDED", "SUCCEEDED"]
    assert len(glue.get_job_runs(JobName="todo-silver")["JobRuns"]) == before + 1


def test_an_empty_window_succeeds_quickly_and_writes_nothing(platform: Platform) -> None:
    machines = boto3.client("stepfunctions")
    keys = _objects(platform, "GoldBucket"), _objects(platform, "SilverBucket")
    arn = machines.start_execution(
        stateMachineArn=platform.outputs["StateMachineArn"], input='{"from": "2001-01-01", "to": "2001-01-02"}'
    )["executionArn"]
    until("the end", lambda: machines.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", 20)
    assert (_objects(platform, "GoldBucket"), _objects(platform, "SilverBucket")) == keys


@pytest.mark.usefixtures("silver")
def test_a_row_that_silver_has_alone_is_counted_and_alarmed(platform: Platform) -> None:
    builds, cloudwatch = boto3.client("codebuild"), boto3.client("cloudwatch")
    with _silver_row_that_breaks_a_test(platform):
        build = builds.start_build(
            projectName="todo-reconcile",
            environmentVariablesOverride=[{"name": "SETTLED_MINUTES", "value": "0", "type": "PLAINTEXT"}],
        )["build"]["id"]

        def ended() -> str | None:
            status = builds.batch_get_builds(ids=[build])["builds"][0]["buildStatus"]
            return None if status == "IN_PROGRESS" else status

        assert until("the build to end", ended, 120) == "SUCCEEDED"

    def alarmed() -> bool:
        found = cloudwatch.describe_alarms(AlarmNames=["todo-reconcile-differences"])["MetricAlarms"]
        return found[0]["StateValue"] == "ALARM"

    until("the alarm on differences", alarmed, 30)


def _objects(platform: Platform, bucket: str) -> dict[str, str]:
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=platform.outputs[bucket])
    return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}


def _wait_for_quiet(platform: Platform) -> None:
    """Wait until no request's log line is on its way any more."""
    seen, since = _objects(platform, "BronzeBucket"), time.monotonic()
    while time.monotonic() - since < 5:
        time.sleep(0.5)
        found = _objects(platform, "BronzeBucket")
        if found != seen:
            seen, since = found, time.monotonic()
