"""Alarms of the DynamoDB table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.stacks import metrics
from infra.stacks.alarms.definition import Alarm

# SystemErrors has no total over operations
# minutes; the pages of the API that a throttled table causes look back five (infra.stacks.alarms.api)
HOLD = 10
OPERATIONS = ("GetItem", "Query", "PutItem", "TransactWriteItems", "BatchWriteItem")


def alarms() -> Iterator[Alarm]:
    """Throttles of reads and writes, and errors on DynamoDB's side."""
    for kind in ("Read", "Write"):
        yield Alarm(
            name=f"todo-app-data-{kind.lower()}-throttles",
            stage="table",
            severity="page",
            meaning=f"DynamoDB throttled {kind.lower()}s of the table",
            impact="requests are retried and then fail with 503",
            metric=metrics.of_table(f"{kind}ThrottleEvents"),
            hold=HOLD,
        )
    yield Alarm(
        name="todo-app-data-system-errors",
        stage="table",
        severity="page",
        meaning="DynamoDB answered requests with HTTP 500",
        impact="requests are retried and then fail with 503",
        metric=cloudwatch.MathExpression(
            expression="SUM(METRICS())",
            using_metrics={
                f"m{number}": metrics.of_table("SystemErrors", operation) for number, operation in enumerate(OPERATIONS)
            },
            period=metrics.MINUTE,
            label="system errors",
        ),
        hold=HOLD,
    )
