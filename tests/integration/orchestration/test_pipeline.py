"""The pipeline's state machine runs, and says which state failed and why."""

import concurrent.futures
import itertools
import json

import pytest

from infra.stacks.pipeline import definition
from orchestration.executions.logs import LogReader
from orchestration.executions.service_runs import Stream
from orchestration.window.request import FIELDS
from tests.conftest import until
from tests.integration.orchestration.conftest import Pipeline, allow

pytestmark = pytest.mark.account

CRAWLS = allow("s3:ListBucket", "s3:GetObject", "glue:*", "logs:*")


def test_a_missing_crawler_is_measured_reported_and_named(pipeline: Pipeline) -> None:
    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "ResolveWindow")
    assert pipeline.name in ended["cause"]
    assert ended["cause"].startswith("EntityNotFoundException: ")
    assert "stackTrace" not in ended["cause"]
    assert pipeline.failed_states() == {"ResolveWindow"}
    message = pipeline.read_message()
    assert message["Subject"] == f"{pipeline.name}: ResolveWindow failed"
    assert (message["State"], message["Error"]) == ("ResolveWindow", "EntityNotFoundException")
    assert message["Reason"] == ended["cause"]
    assert message["Runbook"] == "docs/runbooks/todo-insights-pipeline-ResolveWindow-failed.md"
    assert message["Execution"] == ended["executionArn"]


def test_an_input_that_it_does_not_know_says_what_it_takes(pipeline: Pipeline) -> None:
    ended = pipeline.run(form="2026-11-23")

    assert (ended["status"], ended["error"]) == ("FAILED", "ResolveWindow")
    assert ended["cause"] == f"InvalidInput: unknown field form: the input takes {', '.join(FIELDS)}"
    assert pipeline.read_message()["Error"] == "InvalidInput"


def test_the_log_of_a_states_function_is_read_once(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """`insights pipeline logs`, of a function: its log events have no eventId here, as they need not have on AWS."""
    for name, value in pipeline.account.settings.client_environment().items():
        monkeypatch.setenv(name, value)
    ended = pipeline.run(form="2026-11-23")

    reader = LogReader([Stream(f"/aws/lambda/{pipeline.name}-notify")], ended["startDate"])
    lines = until("the function's log", reader.read)

    assert [line for line in lines if "state failed" in line.text and "unknown field form" in line.text]
    assert set(lines).isdisjoint(reader.read())


def test_a_crawl_that_fails_is_reported_and_gold_is_built_and_published(pipeline: Pipeline) -> None:
    pipeline.crawler(allow("glue:*", "logs:*"))
    pipeline.job("print('merged')")
    pipeline.project("version: 0.2\nphases:\n  build: {commands: [echo built]}\n")

    ended = pipeline.run()

    crawled = pipeline.client("glue").get_crawler(Name=pipeline.name)["Crawler"]
    assert (crawled["State"], crawled["LastCrawl"]["Status"]) == ("READY", "FAILED")
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["published"]["users"] == 2
    assert pipeline.failed_states() == {"CrawlBronze"}
    message = pipeline.read_message()
    assert (message["State"], message["Error"]) == ("CrawlBronze", "CrawlFailed")
    assert message["Reason"] == f"CrawlFailed: {crawled['LastCrawl']['ErrorMessage']}"


def test_a_job_that_raises_is_named_with_its_message(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("raise ValueError('bronze holds nonsense')")

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "BuildSilver")
    (run,) = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    assert "bronze holds nonsense" in run["ErrorMessage"]
    assert ended["cause"] == f"{run['ErrorMessage']} (job run {run['Id']})"
    assert pipeline.failed_states() == {"BuildSilver"}
    assert pipeline.read_message()["State"] == "BuildSilver"


def test_a_build_that_fails_is_named_with_what_failed_in_it(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("print('merged')")
    pipeline.project(
        "version: 0.2\n"
        "env: {exported-variables: [DBT_ERROR, DBT_FAILURES]}\n"
        "phases:\n"
        "  build: {commands: [exit 3]}\n"
        "  post_build:\n"
        "    commands:\n"
        "      - export DBT_ERROR=DbtTestFailed\n"
        "      - 'export DBT_FAILURES=\"test unique_users: Got 2 results\"'\n"
    )

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "BuildGold")
    assert ended["cause"].startswith("test unique_users: Got 2 results")
    assert pipeline.failed_states() == {"BuildGold"}
    assert pipeline.read_message()["Error"] == "DbtTestFailed"


def test_a_build_that_fails_without_naming_anything_gives_its_phase(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("print('merged')")
    pipeline.project("version: 0.2\nphases:\n  install: {commands: [no-such-tool]}\n")

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "BuildGold")
    assert ended["cause"].startswith("INSTALL: ")
    assert "no-such-tool" in ended["cause"]


def test_three_stages_that_work_make_an_execution_that_succeeds(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("print('merged')")
    pipeline.project("version: 0.2\nphases:\n  build: {commands: [echo built]}\n")

    ended = pipeline.run()

    assert ended["status"] == "SUCCEEDED", ended
    (run,) = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    given = run["Arguments"]
    report = f"s3://{pipeline.name}/glue/runs/{ended['name']}/silver.json"
    objects = f"s3://{pipeline.name}/glue/runs/{ended['name']}/objects.json"
    assert given == {"--objects": objects, "--reject-threshold": "0.01", "--report": report}
    builds = pipeline.client("codebuild").list_builds_for_project(projectName=pipeline.name)["ids"]
    described = pipeline.client("codebuild").batch_get_builds(ids=builds)["builds"]
    (build,) = described
    variables = {item["name"]: item["value"] for item in build["environment"]["environmentVariables"]}
    assert variables["RUN_ID"] == ended["name"]
    assert json.loads(ended["output"]) == {
        "objects": 1,
        "left_out": [],
        "published": {"users": 2, "written": 2, "deleted": 0},
    }
    tables = pipeline.client("glue").get_tables(DatabaseName=pipeline.name)["TableList"]
    assert [table["Name"] for table in tables] == ["cdc"]
    assert pipeline.failed_states() == set()


def test_a_topic_that_is_gone_does_not_hide_the_failure(pipeline: Pipeline) -> None:
    pipeline.client("sns").delete_topic(TopicArn=pipeline.topic)

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "ResolveWindow")
    # nobody has worded the cause: it is what the service said
    assert json.loads(ended["cause"])["errorType"] == "EntityNotFoundException"
    assert pipeline.failed_states() == {"ResolveWindow", "NotifyOperators"}


def test_a_redrive_goes_on_with_the_stage_that_failed_and_keeps_the_plan(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("print('merged')")
    failed = pipeline.run(to="2026-11-24")
    assert (failed["error"], failed["redriveStatus"]) == ("BuildGold", "REDRIVABLE")

    pipeline.project("version: 0.2\nphases:\n  build: {commands: [echo built]}\n")
    ended = pipeline.redrive(failed["executionArn"])

    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1), ended
    entered = pipeline.entered(failed["executionArn"])
    assert entered == [
        *("ResolveWindow", "CrawlBronze", "BuildSilver", "BuildGold"),
        *("RecordFailure", "NotifyOperators", "Failed"),
        *("ResolveWindow", "BuildGold", "PublishInsights"),
        *["PollCrawl"] * entered.count("PollCrawl"),
    ]
    (run,) = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    assert run["Arguments"]["--objects"].endswith(f"/glue/runs/{ended['name']}/objects.json")


def test_a_job_whose_time_is_up_is_stopped_and_named_and_a_redrive_goes_on(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("import time\ntime.sleep(120)")
    pipeline.project("version: 0.2\nphases:\n  build: {commands: [echo built]}\n")
    pipeline.change("BuildSilver", TimeoutSeconds=10)

    failed = pipeline.run()

    assert (failed["status"], failed["error"]) == ("FAILED", "BuildSilver")
    assert failed["cause"].startswith("States.Timeout: ")
    assert pipeline.failed_states() == {"BuildSilver"}
    assert pipeline.read_message()["Error"] == "States.Timeout"
    until("the run to stop", lambda: pipeline.job_runs() == ["STOPPED"])

    pipeline.client("s3").put_object(Bucket=pipeline.name, Key="job.py", Body=b"print('merged')")
    ended = pipeline.redrive(failed["executionArn"])

    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1), ended
    assert pipeline.job_runs() == ["STOPPED", "SUCCEEDED"]


def test_a_function_that_stays_throttled_is_tried_again_then_named_and_a_redrive_goes_on(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("print('merged')")
    pipeline.project("version: 0.2\nphases:\n  build: {commands: [echo built]}\n")
    retriers = definition()["States"]["PublishInsights"]["Retry"]
    pipeline.change("PublishInsights", Retry=[{**one, "IntervalSeconds": 1, "BackoffRate": 1} for one in retriers])
    function = f"{pipeline.name}-publish"
    pipeline.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    failed = pipeline.run()

    assert (failed["status"], failed["error"]) == ("FAILED", "PublishInsights")
    assert failed["cause"].startswith("Lambda.TooManyRequestsException: Rate Exceeded")
    assert pipeline.failed_states() == {"PublishInsights"}
    assert pipeline.read_message()["Error"] == "Lambda.TooManyRequestsException"
    # the first attempt, and as many as the definition grants a busy service
    assert pipeline.failures(failed["executionArn"]).count("Lambda.TooManyRequestsException") == 5

    pipeline.client("lambda").delete_function_concurrency(FunctionName=function)
    ended = pipeline.redrive(failed["executionArn"])

    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1), ended
    assert json.loads(ended["output"])["published"]["users"] == 2
    assert pipeline.job_runs() == ["SUCCEEDED"]


def test_two_starts_at_once_are_one_run_after_the_other(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("import time\ntime.sleep(2)\nprint('merged')")
    pipeline.project("version: 0.2\nphases:\n  build: {commands: [echo built]}\n")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        started = [pool.submit(pipeline.start, full_refresh=True) for _ in range(3)]
        ended = [pipeline.ended(start.result()) for start in started]

    assert [execution["status"] for execution in ended] == ["SUCCEEDED"] * 3
    runs = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    times = sorted((run["StartedOn"], run["CompletedOn"]) for run in runs)
    assert len(times) == 3
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(times))
    # nobody met the job's own limit of one run: each waited for the lock
    assert [pipeline.entered(execution["executionArn"]).count("BuildSilver") for execution in ended] == [1, 1, 1]
    waited = [pipeline.entered(execution["executionArn"]).count("ResolveWindow") for execution in ended]
    assert sorted(waited)[0] == 1 < sorted(waited)[1]


def test_the_lock_of_a_run_that_was_stopped_is_taken_over(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("import time\ntime.sleep(60)")
    first = pipeline.start()
    until("the job", lambda: "BuildSilver" in pipeline.entered(first))
    pipeline.client("stepfunctions").stop_execution(executionArn=first)

    second = pipeline.start()

    until("the second run to hold the lock", lambda: "BuildSilver" in pipeline.entered(second))
    pipeline.client("stepfunctions").stop_execution(executionArn=second)
