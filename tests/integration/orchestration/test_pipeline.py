"""The pipeline's state machine runs, and says which state failed and why."""

import pytest

from tests.integration.orchestration.conftest import Pipeline, allow

pytestmark = pytest.mark.account

CRAWLS = allow("s3:ListBucket", "s3:GetObject", "glue:*", "logs:*")


def test_a_missing_crawler_is_measured_told_and_named(pipeline: Pipeline) -> None:
    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "CrawlBronze")
    assert pipeline.name in ended["cause"]
    assert ended["cause"].startswith("Glue.EntityNotFoundException: ")
    assert pipeline.failed_states() == {"CrawlBronze"}
    told = pipeline.told()
    assert told["Subject"] == f"{pipeline.name}: CrawlBronze failed"
    assert (told["State"], told["Error"]) == ("CrawlBronze", "Glue.EntityNotFoundException")
    assert told["Reason"] == ended["cause"]
    assert told["Execution"] == ended["executionArn"]


def test_a_crawl_that_fails_is_not_taken_for_a_crawler_that_is_ready(pipeline: Pipeline) -> None:
    pipeline.crawler(allow("glue:*", "logs:*"))

    ended = pipeline.run()

    crawled = pipeline.client("glue").get_crawler(Name=pipeline.name)["Crawler"]
    assert (crawled["State"], crawled["LastCrawl"]["Status"]) == ("READY", "FAILED")
    assert (ended["status"], ended["error"]) == ("FAILED", "CrawlBronze")
    assert ended["cause"] == f"CrawlFailed: {crawled['LastCrawl']['ErrorMessage']}"
    assert pipeline.failed_states() == {"CrawlBronze"}


def test_a_job_that_raises_is_named_with_its_message(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("raise ValueError('bronze holds nonsense')")

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "BuildSilver")
    (run,) = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    assert "bronze holds nonsense" in run["ErrorMessage"]
    assert ended["cause"] == f"{run['ErrorMessage']} (job run {run['Id']})"
    assert pipeline.failed_states() == {"BuildSilver"}
    assert pipeline.told()["State"] == "BuildSilver"


def test_a_build_that_fails_is_named_with_what_failed_in_it(pipeline: Pipeline) -> None:
    pipeline.crawler(CRAWLS)
    pipeline.job("print('merged')")
    pipeline.project(
        "version: 0.2\n"
        "env: {exported-variables: [DBT_FAILURES]}\n"
        "phases:\n"
        "  build: {commands: [exit 3]}\n"
        "  post_build: {commands: ['export DBT_FAILURES=\"test unique_users: Got 2 results\"']}\n"
    )

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "BuildGold")
    assert ended["cause"].startswith("test unique_users: Got 2 results")
    assert pipeline.failed_states() == {"BuildGold"}


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
    (build,) = pipeline.client("codebuild").list_builds_for_project(projectName=pipeline.name)["ids"]
    assert f'"silverRun": "{run["Id"]}"' in ended["output"]
    assert f'"goldBuild": "{build}"' in ended["output"]
    tables = pipeline.client("glue").get_tables(DatabaseName=pipeline.name)["TableList"]
    assert [table["Name"] for table in tables] == ["cdc"]
    assert pipeline.failed_states() == set()


def test_a_topic_that_is_gone_does_not_hide_the_failure(pipeline: Pipeline) -> None:
    pipeline.client("sns").delete_topic(TopicArn=pipeline.topic)

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "CrawlBronze")
    assert pipeline.failed_states() == {"CrawlBronze", "NotifyOperators"}
