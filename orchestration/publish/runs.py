"""The row of `pipeline_runs` with what one run read, built, cost."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestration.contract import RUNS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# list prices of us-east-1, in US dollars, for an estimate: https://aws.amazon.com/glue/pricing/
# https://aws.amazon.com/codebuild/pricing/ https://aws.amazon.com/athena/pricing/
DPU_HOUR, BUILD_MINUTE, TERABYTE_SCANNED = 0.44, 0.005, 5.0
# a crawl is charged for ten minutes of two DPUs at least
CRAWL = DPU_HOUR * 2 / 6


def row(
    event: Mapping[str, Any], silver: Mapping[str, Any], dbt: Mapping[str, Any], users: int, now: datetime
) -> dict[str, Any]:
    """One run's row.

    Args:
        event: what the state machine passes to the function: plan, when the run started, how long jobs and builds took.
        silver: the silver job's report; empty when it did not run.
        dbt: run results of the build; empty when there was none.
        users: how many users have insights.
        now: this instant.
    """
    plan, seconds = event["plan"], event["seconds"]
    started = datetime.fromisoformat(event["started"])
    nodes = dbt.get("results", [])
    scanned = sum(int((node.get("adapter_response") or {}).get("data_scanned_in_bytes") or 0) for node in nodes)
    window = silver.get("window") or plan
    dpu_seconds = seconds.get("BuildSilver", 0) * event.get("workers", 0)
    cost = (
        dpu_seconds / 3600 * DPU_HOUR
        + seconds.get("BuildGold", 0) / 60 * BUILD_MINUTE
        + scanned / 1e12 * TERABYTE_SCANNED
        + (CRAWL if "CrawlBronze" not in plan["left_out"] else 0)
    )
    return {
        "run_id": plan["run"],
        "started_at": _timestamp(started),
        "ended_at": _timestamp(now),
        "duration_seconds": round((now - started).total_seconds(), 3),
        "window_from": _timestamp(window.get("from")),
        "window_to": _timestamp(window.get("to")),
        "full_refresh": plan["full_refresh"],
        "events_read": silver.get("envelopes", 0),
        "rejects": silver.get("rejects", 0),
        "reject_threshold": plan.get("reject_threshold"),
        "reason": plan.get("reason") or None,
        "late_objects": plan.get("late_objects", 0),
        "unreadable_objects": len(silver.get("unreadable", {})),
        "models_built": sum(_is(node, "model", "success") for node in nodes),
        "tests_passed": sum(_is(node, "test", "pass") or _is(node, "unit_test", "pass") for node in nodes),
        "bytes_scanned": scanned,
        "cost_estimate_usd": round(cost, 6),
        "users_published": users,
    }


def write(s3: "S3Client", bucket: str, line: Mapping[str, Any], day: str) -> None:
    """Put the row into the table's partition of `day` (YYYY-MM-DD); again, it replaces itself."""
    key = f"{RUNS_TABLE}/dt={day}/{line['run_id']}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(line).encode() + b"\n", ContentType="application/json")


def _is(node: Mapping[str, Any], kind: str, status: str) -> bool:
    return str(node["unique_id"]).split(".", 1)[0] == kind and str(node["status"]) == status


def _timestamp(moment: datetime | str | None) -> str | None:
    # as Athena's JSON SerDe reads timestamps: https://docs.aws.amazon.com/athena/latest/ug/data-types-timestamps.html
    if not moment:
        return None
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
