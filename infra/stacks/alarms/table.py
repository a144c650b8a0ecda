"""Alarms of the DynamoDB table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.environments import Environment
from infra.stacks import metrics, names
from infra.stacks.alarms.definition import Alarm

# SystemErrors has no total over operations
# minutes; the pages of the API that a throttled table causes look back five (infra.stacks.alarms.api)
HOLD = 10
OPERATIONS = ("GetItem", "Query", "PutItem", "TransactWriteItems", "BatchWriteItem")


def alarms(environment: Environment) -> Iterator[Alarm]:
    """Throttles of reads and writes, errors on DynamoDB's side, and a user whose items and index entries near 10 GB.

    Args:
        environment: says at which size the API refuses further tasks of a user.
    """
    limit = environment.max_gigabytes_per_user
    yield Alarm(
        name="todo-app-data-user-size",
        stage="table",
        severity="ticket",
        meaning=f"The tasks of one user take {max(1, limit - 1)} GB, indexes included; DynamoDB takes 10 GB of a user",
        impact=f"from {limit} GB on this user can add no tasks; others notice nothing",
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit
        metric=metrics.of_api(names.USER_GIGABYTES, "Maximum"),
        threshold=max(1, limit - 1),
    )
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
