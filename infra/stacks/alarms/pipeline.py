"""Alarms of the pipeline: its states, its executions, and the jobs, builds and queries that do its work.

Alarms on states are made from the definition, so a new state cannot come without its alarm. The state machine itself
notifies operators of a failed state, with the reason; its alarms therefore open a ticket and do not page a second time.
"""

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.environments import Environment
from infra.stacks import metrics, names, pipeline
from infra.stacks.alarms.definition import Alarm

HOUR = Duration.hours(1)
GIB = 1024**3
# how long a task state takes at most on a normal day
DURATIONS = {
    "ResolveWindow": Duration.minutes(45),
    "CrawlBronze": Duration.minutes(5),
    "PollCrawl": Duration.minutes(15),
    "BuildSilver": Duration.minutes(30),
    "BuildGold": Duration.minutes(30),
    "PublishInsights": Duration.minutes(10),
}
# the states that record and report a failure take seconds
DEFAULT_DURATION = Duration.minutes(2)
NOT_STARTED_HOURS = 26
OUTCOME_METRICS = {
    "ExecutionsFailed": "failed",
    "ExecutionsTimedOut": "timedout",
    "ExecutionsAborted": "aborted",
    "ExecutionThrottled": "throttled",
}
LATE = "insights are as old as the last execution that succeeded"
# the crawl runs beside the stages, and its failure ends no execution (ADR 0071)
OF_THE_CRAWL = ("CrawlBronze", "PollCrawl")
UNCRAWLED = "analysts miss the newest partitions of bronze; gold is built all the same"


def alarms(scope: Construct, environment: Environment) -> Iterator[Alarm]:
    """Alarms of the pipeline.

    Args:
        scope: the stack that the alarms belong to.
        environment: has Athena's scan limit.
    """
    for state in pipeline.task_states(pipeline.definition()):
        yield from _of_state(state)
    for metric, outcome in OUTCOME_METRICS.items():
        yield Alarm(
            name=f"{names.STATE_MACHINE}-executions-{outcome}",
            stage="pipeline",
            severity="ticket",
            meaning=f"An execution of the pipeline ended badly: {outcome}",
            impact=LATE,
            metric=metrics.of_executions(scope, metric),
        )
    yield Alarm(
        name=f"{names.STATE_MACHINE}-not-started",
        stage="pipeline",
        severity="ticket",
        meaning=f"The pipeline has not been started for {NOT_STARTED_HOURS} hours",
        impact=LATE,
        metric=metrics.of_executions(scope, "ExecutionsStarted").with_(period=HOUR),
        operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        periods=NOT_STARTED_HOURS,
        # no data is what it is about
        missing_data=cloudwatch.TreatMissingData.BREACHING,
    )
    yield from _of_builds()
    yield from _of_queries(environment)


def _of_state(state: str) -> Iterator[Alarm]:
    yield Alarm(
        name=f"{names.STATE_MACHINE}-{state}-failed",
        stage="pipeline",
        severity="ticket",
        meaning=f"State {state} of the pipeline failed",
        impact=UNCRAWLED if state in OF_THE_CRAWL else LATE,
        metric=metrics.failures(state),
    )
    yield Alarm(
        name=f"{names.STATE_MACHINE}-{state}-slow",
        stage="pipeline",
        severity="ticket",
        meaning=f"State {state} of the pipeline takes longer than on a normal day",
        impact="insights are late, and the state may run out of time",
        metric=metrics.of_state(names.STATE_DURATION, state, "Maximum"),
        threshold=DURATIONS.get(state, DEFAULT_DURATION).to_seconds(),
    )


def _of_builds() -> Iterator[Alarm]:
    # failed, timed out or stopped: https://docs.aws.amazon.com/codebuild/latest/userguide/monitoring-metrics.html
    for project in (names.DBT_PROJECT, names.RECONCILE_PROJECT):
        yield Alarm(
            name=f"{project}-failed-builds",
            stage="pipeline",
            severity="ticket",
            meaning=f"A build of CodeBuild project {project} failed or timed out",
            impact="gold is not rebuilt" if project == names.DBT_PROJECT else "nobody knows whether silver is complete",
            metric=metrics.of_build(project, "FailedBuilds"),
        )


def _of_queries(environment: Environment) -> Iterator[Alarm]:
    for workgroup, limit in (
        (names.WORKGROUP, environment.athena_scan_limit_gib),
        (names.DBT_WORKGROUP, environment.dbt_scan_limit_gib),
    ):
        yield Alarm(
            name=f"{workgroup}-scan-limit",
            stage="pipeline",
            severity="ticket",
            meaning=f"Athena cancelled a query of {workgroup} that had read {limit} GiB",
            impact="a model or a person does not get their rows; the scan is paid",
            metric=metrics.of_cancelled_queries(workgroup),
            threshold=limit * GIB,
        )
