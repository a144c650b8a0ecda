"""The Lambda function that a delivery stream sends its records through, on their way to bronze.

It answers each record with `Ok` and its lines, `Dropped` if it holds no request log, or `ProcessingFailed`; what failed
is kept as it came below `errors/logs/`
(https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html).
"""

import base64
import binascii
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.contract import METRICS_NAMESPACE
from ingestion.contract import LOGS_FUNCTION, RECORDS_NOT_TRANSFORMED
from ingestion.logs.transform import BadDocumentError, extract

logger = Logger()

# "Lambda invocation mode … supports a payload size of up to 6 MB for both the request and the response"; a record whose
# lines would not fit any more counts as failed, since an answer that is too long would fail all of them
# https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
ANSWER_BYTES = 5_800_000


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Turn the records of `event` into lines of bronze."""
    answers: list[dict[str, str]] = []
    room = ANSWER_BYTES
    lines = malformed = 0
    reasons: set[str] = set()
    for record in event["records"]:
        answer = {"recordId": record["recordId"], "result": "Dropped", "data": ""}
        answers.append(answer)
        try:
            found = extract(base64.b64decode(record["data"], validate=True))
        except (BadDocumentError, binascii.Error) as error:
            answer["result"] = "ProcessingFailed"
            reasons.add(str(error))
            continue
        malformed += found.malformed
        if not found.lines:
            continue
        data = base64.b64encode(found.lines).decode()
        if len(data) > room:
            answer["result"] = "ProcessingFailed"
            reasons.add("the answer would be longer than Lambda takes")
            continue
        room -= len(data)
        lines += found.lines.count(b"\n")
        answer.update(result="Ok", data=data)
    failed = sum(answer["result"] == "ProcessingFailed" for answer in answers)
    if failed:
        # Firehose counts the call as a success
        with single_metric(
            name=RECORDS_NOT_TRANSFORMED, unit=MetricUnit.Count, value=failed, namespace=METRICS_NAMESPACE
        ) as emitted:
            emitted.add_dimension(name="service", value=LOGS_FUNCTION)
    report = logger.error if malformed or reasons else logger.info
    report("transformed", extra={"lines": lines, "malformed": malformed, "failed": sorted(reasons)})
    return {"records": answers}
