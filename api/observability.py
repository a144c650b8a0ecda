"""Structured logs and business metrics; both are JSON lines on standard output, which CloudWatch Logs keeps."""

import os

import orjson
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "todo-api")
NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "TodoInsights")


def _json_line(record: dict[str, object]) -> str:
    return orjson.dumps(record, default=str).decode()


logger = Logger(service=SERVICE, utc=True, use_rfc3339=True, json_serializer=_json_line)


def count(metric: str, times: int = 1) -> None:
    """Count business events, as CloudWatch embedded metric format with the dimension `service`."""
    with single_metric(name=metric, unit=MetricUnit.Count, value=times, namespace=NAMESPACE) as emitted:
        emitted.add_dimension(name="service", value=SERVICE)
