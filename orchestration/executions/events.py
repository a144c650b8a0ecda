"""The events of an execution, as Step Functions gives them; everything that looks into an execution reads them here.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3

Event = Mapping[str, Any]


def event_reader(execution_arn: str, data: bool = False) -> Callable[[], Iterator[Event]]:
    """What reads all events again and again, with one client: while clients come and go, a Ctrl-C can get lost.

    Args:
        execution_arn: of the execution.
        data: with the states' input and output, which can be large.
    """
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history")

    def read() -> Iterator[Event]:
        """The events so far, oldest first."""
        found = pages.paginate(
            executionArn=execution_arn, includeExecutionData=data, PaginationConfig={"PageSize": 1000}
        )
        return (event for page in found for event in page["events"])

    return read
