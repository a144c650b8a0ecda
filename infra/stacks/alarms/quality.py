"""Alarms on whether the lake is fresh and right: gold is rebuilt, table and silver agree, maintenance is done."""

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.environments import Environment
from infra.resource_names import NIGHTLY_HOURS, NOT_DONE
from infra.stacks import metrics, names
from infra.stacks.alarms.definition import Alarm


def alarms(scope: Construct, environment: Environment) -> Iterator[Alarm]:
    """Alarms on freshness of gold, and on completeness and maintenance of silver.

    Args:
        scope: the stack that the alarms belong to.
        environment: says how old gold may be.
    """
    yield Alarm(
        name="todo-slo-freshness",
        stage="quality",
        severity="page",
        meaning=f"No execution of the pipeline has succeeded for {environment.freshness_hours} hours",
        impact="insights and gold are older than promised",
        metric=metrics.of_executions(scope, "ExecutionsSucceeded").with_(period=Duration.hours(1)),
        operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        periods=environment.freshness_hours,
        # no data is what it is about
        missing_data=cloudwatch.TreatMissingData.BREACHING,
    )
    yield Alarm(
        name=f"{names.RECONCILE_PROJECT}-differences",
        stage="quality",
        severity="ticket",
        meaning="Table and silver do not agree; `insights reconcile` lists where",
        impact="figures of some users are wrong",
        metric=metrics.of_lake(names.RECONCILE_DIFFERENCES),
    )
    # each comparison that comes to its end writes one value
    yield _not_done(
        names.RECONCILE_PROJECT,
        "comparison of table and silver",
        "changes that were lost stay lost, and nobody knows",
        metrics.of_lake(names.RECONCILE_ROWS, "SampleCount"),
    )
    yield Alarm(
        name=f"{names.PUBLISH_FUNCTION}-skipped",
        stage="quality",
        severity="ticket",
        meaning="Rows of user_insights could not be published; the function's log has insights_row_skipped for each",
        impact="GET /insights shows these users older figures",
        metric=metrics.of_lake(names.INSIGHTS_ROWS_SKIPPED),
    )
    yield Alarm(
        name=f"{names.SILVER_JOB}-rejects",
        stage="quality",
        severity="ticket",
        meaning="Lines of bronze broke their contract; the table rejects says which rule",
        impact="what they tell is missing in every figure",
        metric=metrics.of_lake(names.LINES_REJECTED),
    )
    yield Alarm(
        name=f"{names.DBT_PROJECT}-test-warnings",
        stage="quality",
        severity="ticket",
        meaning="Tests of gold found rows of few users or tasks that do not add up; the build's log lists the tests",
        impact="these rows are published, and may be wrong",
        metric=metrics.of_lake(names.TESTS_WARNED),
    )
    yield Alarm(
        name=f"{names.SILVER_JOB}-unreadable-objects",
        stage="quality",
        severity="ticket",
        meaning="Objects of bronze could not be read; `insights replay --queue unreadable --dry-run` names them",
        impact="what they tell is missing in every figure until they are mended and replayed",
        metric=metrics.of_lake(names.OBJECTS_UNREADABLE),
    )
    yield Alarm(
        name=f"{names.SILVER_MAINTENANCE_JOB}-failed",
        stage="quality",
        severity="ticket",
        meaning="Maintenance of silver failed",
        impact="users who asked for it may not be erased yet; small files pile up",
        metric=metrics.of_lake(names.MAINTENANCE_FAILED),
    )
    # each run that ends by itself writes one value, whatever it is
    yield _not_done(
        names.SILVER_MAINTENANCE_JOB,
        "maintenance of silver",
        "users who asked for it may not be erased yet; small files pile up",
        metrics.of_lake(names.MAINTENANCE_FAILED, "SampleCount"),
    )


def _not_done(job: str, what: str, impact: str, metric: cloudwatch.Metric) -> Alarm:
    return Alarm(
        name=f"{job}{NOT_DONE}",
        stage="quality",
        severity="ticket",
        meaning=f"No {what} has come to its end for {NIGHTLY_HOURS} hours",
        impact=impact,
        metric=metric.with_(period=Duration.hours(1)),
        operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        periods=NIGHTLY_HOURS,
        # no data is what it is about
        missing_data=cloudwatch.TreatMissingData.BREACHING,
    )
