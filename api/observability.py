"""Structured logs and business metrics; both are JSON lines on standard output, which CloudWatch Logs keeps."""

import datetime as dt
import os
import time

import orjson
from aws_lambda_powertools.logging import Logger

from api.contract import API_FUNCTION, METRICS_NAMESPACE

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", API_FUNCTION)
NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", METRICS_NAMESPACE)


def _json_line(record: dict[str, object]) -> str:
    return orjson.dumps(record, default=str).decode()


logger = Logger(service=SERVICE, utc=True, use_rfc3339=True, json_serializer=_json_line)


def log_info(event: str, fields: dict[str, object]) -> None:
    """Write one line in the form of `logger`'s, whatever the log level, in a tenth of the time.

    Args:
        event: the message.
        fields: the other members of the line.
    """
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    line = {"level": "INFO", "message": event, "timestamp": at, "service": SERVICE, **fields}
    if trace := os.environ.get("_X_AMZN_TRACE_ID"):
        line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
    print(_json_line(line), flush=True)


def count(metric: str, times: int = 1) -> None:
    """Count business events.

    Args:
        metric: its name.
        times: how many there were.
    """
    _emit(metric, times, "Count")


def measure_gigabytes(metric: str, gigabytes: float) -> None:
    """Write a size as a metric.

    Args:
        metric: its name.
        gigabytes: the size.
    """
    _emit(metric, gigabytes, "Gigabytes")


def _emit(metric: str, value: float, unit: str) -> None:
    """Write a value with the dimension `service`, in CloudWatch's embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    definition = {"Name": metric, "Unit": unit}
    directive = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": [definition]}
    about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    print(_json_line({"_aws": about, "service": SERVICE, metric: [value]}), flush=True)
