"""AWS/ApiGateway of an HTTP API, dimension ApiId: how many requests, how they ended, and how long they took.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

import time
from typing import Any

from ministack.services import apigateway, cloudwatch

from infra.local.account.hooks import hook, in_scope, replace

NAMESPACE = "AWS/ApiGateway"


def apply() -> None:
    """Put the completion in place."""

    async def handle_execute(api_id: str, *arguments: Any, **named: Any) -> Any:
        scope, began = apigateway.find_api_scope(api_id), time.perf_counter()
        answer = await original(api_id, *arguments, **named)
        if scope:
            in_scope(*scope, record, api_id, answer[0], 1000 * (time.perf_counter() - began))
        return answer

    hook(cloudwatch, "record_metric", "namespace metric_name value unit dimensions")
    hook(apigateway, "find_api_scope", "api_id")
    original = replace(
        apigateway,
        "handle_execute",
        "api_id stage path method headers body query_params raw_query_string",
        handle_execute,
    )


def record(api_id: str, status: int, milliseconds: float) -> None:
    """Count a request, in the current account and Region.

    Args:
        api_id: of the HTTP API.
        status: of the response.
        milliseconds: until the response was there.
    """
    values = {
        "Count": (1.0, "Count"),
        "4xx": (float(400 <= status < 500), "Count"),
        "5xx": (float(status >= 500), "Count"),
        "Latency": (milliseconds, "Milliseconds"),
    }
    for name, (value, unit) in values.items():
        cloudwatch.record_metric(NAMESPACE, name, value, unit, {"ApiId": api_id})
