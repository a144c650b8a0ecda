"""`insights why` on planted faults: each as its service states it, through the code that words it for operators."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestration.executions.diagnosis import Diagnosis, diagnose, stopped
from orchestration.notify.failure import explain_failure
from orchestration.window.request import InvalidInput, Request
from tests.unit.orchestration.test_notify import BUILD, exported
from transforms.dbt.failed_nodes import failed_nodes
from transforms.silver.build import Report
from transforms.silver.contract import TASKS, Column
from transforms.silver.job import RejectsOverThreshold, refuse_over_threshold
from transforms.silver.lost_tables import SilverTableLost, TableRecord
from transforms.silver.tables import RebuildRequired, Tables

RUN = "run-7"


def raised(error: type[Exception], block: Callable[[], object]) -> str:
    """How a job's driver tells an exception of the real code: its class and its message."""
    with pytest.raises(error) as caught:
        block()
    return f"{error.__name__}: {caught.value}"


def job(message: str | None, state: str = "FAILED") -> tuple[str, str]:
    """A Glue job run that ended badly, as Step Functions gives it."""
    run = {"Id": "jr_1", "JobName": "todo-silver", "JobRunState": state}
    return "States.TaskFailed", json.dumps(run | ({"ErrorMessage": message} if message else {}))


def function(error: str, message: str) -> tuple[str, str]:
    """A Lambda function that raised."""
    return error, json.dumps({"errorMessage": message, "errorType": error, "stackTrace": []})


def dbt(node: str, status: str, message: str, kind: str = "") -> tuple[str, str]:
    """A build in which one node of dbt failed."""
    results = {"results": [{"unique_id": node, "status": status, "message": message}]}
    return "States.TaskFailed", json.dumps({"Build": exported(failed_nodes(results), kind)})


def build(**fields: Any) -> tuple[str, str]:
    """A build that failed outside dbt."""
    return "States.TaskFailed", json.dumps({"Build": {**BUILD, **fields}})


def phase(name: str, message: str) -> tuple[str, str]:
    contexts = [{"Message": message, "StatusCode": "COMMAND_EXECUTION_ERROR"}]
    return build(Phases=[{"PhaseType": name, "PhaseStatus": "FAILED", "Contexts": contexts}])


class Refusing:
    """A catalog that has lost `users`, and a bucket whose record names it."""

    class exceptions:  # noqa: N801 - as boto3 names it
        NoSuchKey = KeyError

    def get_paginator(self, _: str) -> "Refusing":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {"TableList": []}

    def get_object(self, **_: str) -> dict[str, Any]:
        return {"Body": self}

    def read(self) -> bytes:
        return b'{"tables": ["users"]}'


REJECTS = raised(
    RejectsOverThreshold, lambda: refuse_over_threshold(Report(None, None, envelopes=100, rejects=50), 0.01)
)
fake: Any = Refusing()
LOST = raised(SilverTableLost, lambda: TableRecord(fake, fake, "todo_silver", "s3://silver/").check([]))
no_spark: Any = None
REQUIRED = raised(
    RebuildRequired, lambda: Tables(no_spark, "todo_silver")._add(TASKS, Column("estimate", "bigint", "Minutes."))
)
INVALID = raised(InvalidInput, lambda: Request.read({"form": "2026-11-23"})).removeprefix("InvalidInput: ")
DATA_FILE = "s3://todo-silver-000000000000-us-east-1/todo_silver.db/tasks-20261101T000000/data/00000-1.parquet"
NOT_FOUND = f"org.apache.iceberg.exceptions.NotFoundException: Location does not exist: {DATA_FILE}"
ROLE = "arn:aws:sts::000000000000:assumed-role/todo-silver/session"
SMALL_LOG = ["Traceback (most recent call last):", "start Spark: 9.1 s"]

# state, what Step Functions caught, the log's lines; the fault, words of the cause, the command
FAULTS: list[tuple[str, str, tuple[str, str | None], list[str], str, str, str]] = [
    (
        "a field that there is not",
        "ResolveWindow",
        function("InvalidInput", INVALID),
        [],
        "invalid-input",
        "unknown field form",
        "pipeline start --help",
    ),
    (
        "a run that hangs",
        "ResolveWindow",
        ("LockTimeout", "another run has held the lock for an hour: arn:aws:states:us-east-1:0:execution:m:run-6"),
        [],
        "lock-held",
        "run-6, has held the run lock",
        "pipeline describe run-6",
    ),
    (
        "a crawler that is gone",
        "ResolveWindow",
        function("EntityNotFoundException", "Crawler todo-bronze-crawler not found"),
        [],
        "not-deployed",
        "does not exist",
        "insights deploy",
    ),
    (
        "a window function without a permission",
        "ResolveWindow",
        function(
            "ClientError",
            f"User: {ROLE} is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::todo-bronze",
        ),
        [],
        "permission-missing",
        "may not do s3:ListBucket on arn:aws:s3:::todo-bronze",
        "insights deploy",
    ),
    (
        "a function that lacks a module",
        "ResolveWindow",
        function("Runtime.ImportModuleError", "Unable to import module 'handler': No module named 'transforms'"),
        [],
        "package-broken",
        "lacks the module transforms",
        "insights deploy",
    ),
    (
        "a table that throttles",
        "ResolveWindow",
        function("ProvisionedThroughputExceededException", "Rate exceeded for shard"),
        [],
        "throttled",
        "busy",
        "redrive run-7",
    ),
    (
        "half of the lines are broken",
        "BuildSilver",
        job(REJECTS),
        [],
        "too-many-rejects",
        "50 of 100 lines",
        "todo_silver.rejects",
    ),
    (
        "a table was dropped",
        "BuildSilver",
        job(LOST),
        [],
        "silver-table-lost",
        "todo_silver.users is not in the catalog",
        "pipeline start --rebuild users --wait",
    ),
    (
        "a required column was added",
        "BuildSilver",
        job(REQUIRED),
        [],
        "rebuild-required",
        "tasks lacks the required column estimate",
        "--full-refresh",
    ),
    (
        "a data file is gone",
        "BuildSilver",
        job(f"Job aborted due to stage failure: {NOT_FOUND}"),
        [],
        "silver-file-lost",
        "table tasks has lost the file s3://todo-silver",
        "--rebuild tasks",
    ),
    (
        "a data file is gone, and only the log says which",
        "BuildSilver",
        job("An error occurred while calling o97.append"),
        [*SMALL_LOG, f"awssdk.services.s3.model.NoSuchKeyException: The specified key does not exist: {DATA_FILE}"],
        "silver-file-lost",
        "table tasks",
        "--rebuild tasks",
    ),
    (
        "the JVM was killed",
        "BuildSilver",
        job("[Errno 111] Connection refused"),
        [],
        "jvm-killed",
        "JVM was killed",
        "redrive run-7",
    ),
    (
        "the JVM ran out of memory",
        "BuildSilver",
        job("An error occurred while calling o97.count"),
        ["java.lang.OutOfMemoryError: Java heap space"],
        "jvm-killed",
        "lack of memory",
        "redrive run-7",
    ),
    (
        "the container was killed",
        "BuildSilver",
        job("Command failed with exit code 137"),
        [],
        "jvm-killed",
        "JVM was killed",
        "redrive",
    ),
    (
        "the job ran out of time",
        "BuildSilver",
        job(None, "TIMEOUT"),
        [],
        "job-timeout",
        "longer than its limit",
        "pipeline start --from",
    ),
    (
        "the job was stopped by hand",
        "BuildSilver",
        job(None, "STOPPED"),
        [],
        "job-stopped",
        "Somebody stopped the Spark job",
        "redrive",
    ),
    (
        "the disk is full",
        "BuildSilver",
        job("java.io.IOException: No space left on device"),
        [],
        "disk-full",
        "disk is full",
        "redrive",
    ),
    (
        "the key is disabled",
        "BuildSilver",
        job("com.amazonaws.services.kms.model.KMSDisabledException: key is disabled"),
        [],
        "key-unusable",
        "encryption key",
        "insights deploy",
    ),
    (
        "the secret is gone",
        "BuildSilver",
        job("ResourceNotFoundException: Secrets Manager can't find the specified secret."),
        [],
        "secret-missing",
        "secret with the key",
        "insights deploy",
    ),
    (
        "two writers",
        "BuildSilver",
        job("CommitFailedException: Cannot commit todo_silver.tasks because Glue detected concurrent update"),
        [],
        "commit-conflict",
        "same time",
        "redrive",
    ),
    (
        "S3 slows down",
        "BuildSilver",
        job("SlowDown: Please reduce your request rate"),
        [],
        "throttled",
        "busy",
        "redrive",
    ),
    (
        "the job is running already",
        "BuildSilver",
        ("Glue.ConcurrentRunsExceededException", "Concurrent runs exceeded for todo-silver"),
        [],
        "job-busy",
        "Another run of the Spark job",
        "redrive",
    ),
    (
        "a broken row in silver",
        "BuildGold",
        dbt(
            "test.todo_insights.source_accepted_values_silver_tasks_status.a1",
            "fail",
            "Got 1 result, configured to fail if != 0",
            "SilverTestFailed",
        ),
        [],
        "silver-test-failed",
        "source_accepted_values_silver_tasks_status: Got 1 result",
        "insights reconcile",
    ),
    (
        "a test of gold fails",
        "BuildGold",
        dbt("test.todo_insights.assert_backlog_adds_up.b2", "fail", "Got 3 results, configured to fail if != 0"),
        [],
        "gold-test-failed",
        "assert_backlog_adds_up: Got 3 results",
        "pipeline logs run-7",
    ),
    (
        "a model fails",
        "BuildGold",
        dbt("model.todo_insights.fct_tasks", "error", "COLUMN_NOT_FOUND: line 3:9: Column 'statsu' cannot be resolved"),
        [],
        "model-failed",
        "fct_tasks could not be built: COLUMN_NOT_FOUND",
        "insights dbt build -s fct_tasks",
    ),
    (
        "silver's table is missing in a model",
        "BuildGold",
        dbt(
            "model.todo_insights.stg_users",
            "error",
            "TABLE_NOT_FOUND: line 4:6: Table 'awsdatacatalog.todo_silver.users' does not exist",
        ),
        [],
        "table-missing",
        "todo_silver.users does not exist",
        "--full-refresh",
    ),
    (
        "the project does not compile",
        "BuildGold",
        phase("BUILD", "dbt stopped before it ran a model: its message is in the build's log"),
        [],
        "dbt-stopped",
        "dbt stopped",
        "pipeline logs",
    ),
    (
        "the package registry does not answer",
        "BuildGold",
        phase("INSTALL", "Error while executing command: pip install. Reason: exit status 1"),
        [],
        "build-phase-failed",
        "phase INSTALL",
        "redrive",
    ),
    (
        "the build ran out of time",
        "BuildGold",
        build(BuildStatus="TIMED_OUT", Phases=[]),
        [],
        "build-timeout",
        "longer than its limit",
        "redrive",
    ),
    (
        "the build was stopped by hand",
        "BuildGold",
        build(BuildStatus="STOPPED", Phases=[]),
        [],
        "build-stopped",
        "Somebody stopped the build",
        "redrive",
    ),
    (
        "a model reads too much",
        "BuildGold",
        dbt("model.todo_insights.fct_tasks", "error", "Query cancelled! : Bytes scanned limit was exceeded"),
        [],
        "scan-limit",
        "read more than",
        "pipeline logs",
    ),
    (
        "gold cannot be read",
        "PublishInsights",
        function("QueryFailed", "query 1 FAILED: GENERIC_INTERNAL_ERROR: no node"),
        [],
        "query-failed",
        "GENERIC_INTERNAL_ERROR",
        "redrive",
    ),
    (
        "gold's table is gone",
        "PublishInsights",
        function(
            "QueryFailed",
            "query 1 FAILED: TABLE_NOT_FOUND: Table 'awsdatacatalog.todo_analytics.user_insights' does not exist",
        ),
        [],
        "table-missing",
        "todo_analytics.user_insights does not exist",
        "--full-refresh",
    ),
    (
        "publishing ran out of time",
        "PublishInsights",
        function("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 900.00 seconds"),
        [],
        "function-timeout",
        "PublishInsights ran out of time",
        "redrive",
    ),
    (
        "a service that cannot be reached",
        "PublishInsights",
        function("EndpointConnectionError", 'Could not connect to the endpoint URL: "https://athena"'),
        [],
        "network",
        "could not be reached",
        "redrive",
    ),
    (
        "the crawl is still running",
        "CrawlBronze",
        ("CrawlTimedOut", "the crawler is still RUNNING after 15 minutes"),
        [],
        "crawl-timeout",
        "still crawling",
        "pipeline start",
    ),
    (
        "the crawl failed",
        "CrawlBronze",
        ("CrawlFailed", "the S3 location does not hold valid JSON"),
        [],
        "crawl-failed",
        "valid JSON",
        "pipeline start",
    ),
    (
        "the crawler's role lacks a permission",
        "PollCrawl",
        (
            "Glue.AccessDeniedException",
            f"User: {ROLE} is not authorized to perform: glue:GetCrawler on resource: arn:aws:glue:::crawler/c",
        ),
        [],
        "permission-missing",
        "glue:GetCrawler",
        "insights deploy",
    ),
]


def found(state: str, caught: tuple[str, str | None], log: list[str]) -> Diagnosis:
    error, cause = caught
    return diagnose(state, explain_failure(error, cause or "no cause was given").reason, log, RUN)


@pytest.mark.parametrize(
    ("_", "state", "caught", "log", "fault", "words", "command"), FAULTS, ids=lambda one: str(one)[:40]
)
def test_a_planted_fault_is_named_with_its_evidence_and_the_next_command(
    _: str, state: str, caught: tuple[str, str | None], log: list[str], fault: str, words: str, command: str
) -> None:
    diagnosis = found(state, caught, log)
    assert diagnosis.fault == fault
    assert words in diagnosis.cause
    assert command in diagnosis.command
    assert diagnosis.command.startswith("insights ")
    assert diagnosis.evidence
    assert "\n" not in diagnosis.cause


def test_there_are_faults_of_25_kinds_at_least() -> None:
    assert len({fault for *_, fault, _, _ in FAULTS}) >= 25


def test_what_no_rule_knows_leads_to_the_log() -> None:
    diagnosis = diagnose("BuildSilver", "boom", ["one", "two"], RUN)
    assert (diagnosis.fault, diagnosis.command) == ("unknown", "insights pipeline logs run-7")
    assert diagnosis.evidence == ["boom", "two"]


@pytest.mark.parametrize(
    ("status", "words"),
    [("ABORTED", "Somebody stopped the execution in state BuildGold: wrong data"), ("TIMED_OUT", "four hours")],
)
def test_an_execution_that_no_state_ended(status: str, words: str) -> None:
    assert words in stopped(status, "BuildGold", "wrong data", RUN).cause
