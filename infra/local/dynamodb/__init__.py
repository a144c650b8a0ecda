"""DynamoDB: the metrics of what a table's requests consume.

AWS: AWS/DynamoDB has ConsumedReadCapacityUnits and ConsumedWriteCapacityUnits of each table, on-demand tables too.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html

MiniStack 1.5.33 computes what a request consumes only when the request asks for it, and has no metrics.

Hooks: `handle_request`. Each request asks for its consumption; a response has it only when its client had asked, too.
The capacity of indexes counts as the table's.
"""

import json
from typing import Any

from ministack.services import cloudwatch, dynamodb

from infra.local.account.hooks import hook, replace

NAMESPACE = "AWS/DynamoDB"
READ, WRITTEN = "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"
METRICS = {
    "GetItem": READ,
    "BatchGetItem": READ,
    "Query": READ,
    "Scan": READ,
    "TransactGetItems": READ,
    "PutItem": WRITTEN,
    "UpdateItem": WRITTEN,
    "DeleteItem": WRITTEN,
    "BatchWriteItem": WRITTEN,
    "TransactWriteItems": WRITTEN,
}
OPTION = "ReturnConsumedCapacity"
CONSUMED = "ConsumedCapacity"
Answer = tuple[int, dict[str, str], Any]


def apply() -> None:
    """Put the completion in place."""

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Answer:
        metric = METRICS.get(headers.get("x-amz-target", "").rpartition(".")[2])
        request = _document(body) if metric else None
        if metric is None or request is None or request.get(OPTION, "NONE") != "NONE":
            answer: Answer = await original(method, path, headers, body, query_params)
            if metric and answer[0] == 200:
                record(metric, _document(answer[2]) or {})
            return answer
        with_option = json.dumps({**request, OPTION: "TOTAL"}).encode()
        status, answered, content = await original(method, path, headers, with_option, query_params)
        document = _document(content) if status == 200 else None
        if document is None:
            return status, answered, content
        record(metric, document)
        document.pop(CONSUMED, None)
        kept = json.dumps(document, ensure_ascii=False).encode()
        # its checksum was that of the longer response
        return status, {name: value for name, value in answered.items() if name != "x-amz-crc32"}, kept

    hook(cloudwatch, "record_metric", "namespace metric_name value unit dimensions")
    original = replace(dynamodb, "handle_request", "method path headers body query_params", handle_request)


def record(metric: str, response: dict[str, Any]) -> None:
    """Add what a response says that its request has consumed to the metric of each table.

    Args:
        metric: of reading or of writing.
        response: with `ConsumedCapacity`, of one table or of several; nothing happens without.
    """
    consumed = response.get(CONSUMED) or []
    for table in consumed if isinstance(consumed, list) else [consumed]:
        name = table["TableName"].rpartition("/")[2]
        cloudwatch.record_metric(NAMESPACE, metric, table["CapacityUnits"], "Count", {"TableName": name})


def _document(body: bytes | str) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
