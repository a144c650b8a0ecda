"""What an execution is to do: which stages, over which window, with which arguments.

There is nothing to do when no object has come to bronze since the last successful run, and that run was today: figures
that depend on the date, such as overdue tasks, are built anew once a day. Models that are named are built all the same.
"""

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestration.window import bronze, watermark
from orchestration.window.request import Request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

STAGES = ("CrawlBronze", "BuildSilver", "CheckSilver", "BuildGold", "PublishInsights")
BEFORE_GOLD = ("CrawlBronze", "BuildSilver")  # what gold_only leaves out
REJECT_THRESHOLD = "0.01"


@dataclasses.dataclass(frozen=True)
class Sources:
    """What a plan is made from.

    Args:
        s3: lists bronze.
        glue: knows the crawler and the partitions.
        table: has the watermark.
        table_name: of that table.
        bronze: bucket.
        artifacts: bucket that reports of runs go to.
        crawler: the crawler of bronze.
    """

    s3: "S3Client"
    glue: "GlueClient"
    table: "DynamoDBClient"
    table_name: str
    bronze: str
    artifacts: str
    crawler: str


def plan(sources: Sources, request: Request, run: str, now: datetime) -> dict[str, Any]:
    """The plan of one run, as the state machine keeps it.

    Args:
        sources: clients and names.
        request: what the execution's input asks for.
        run: the execution's name.
        now: this instant.
    """
    seen = watermark.read(sources.table, sources.table_name)
    objects, looked = _objects(sources, request, seen, now)
    nothing = not objects and (request.is_bounded or (seen is not None and seen.at.date() == now.date()))
    left_out = set(STAGES if nothing and not request.full_refresh else ())
    # whoever names models wants them built, whatever has come
    if request.gold_only or (nothing and request.select):
        left_out = set(BEFORE_GOLD)
    elif not left_out and not bronze.uncatalogued(sources.glue, sources.crawler, objects):
        left_out.add("CrawlBronze")
    report = f"s3://{sources.artifacts}/glue/runs/{run}/silver.json"
    return {
        "run": run,
        "objects": len(objects),
        "from": _text(request.start),
        "to": _text(request.end),
        "full_refresh": request.full_refresh,
        "select": request.select,
        "exclude": request.skip,
        "left_out": [stage for stage in STAGES if stage in left_out],
        "report": report,
        "silver_arguments": _silver_arguments(request, report),
        "seen": watermark.document(looked) if looked and request.is_whole else None,
    }


def _objects(
    sources: Sources, request: Request, seen: bronze.Seen | None, now: datetime
) -> tuple[list[bronze.Arrived], bronze.Seen | None]:
    if request.gold_only:
        return [], None
    if request.is_bounded:
        return list(bronze.arrived(sources.s3, sources.bronze, request.start, request.end)), None
    return bronze.since(sources.s3, sources.bronze, None if request.full_refresh else seen, now)


def _silver_arguments(request: Request, report: str) -> dict[str, str]:
    wanted = {
        "--from": _text(request.start),
        "--to": _text(request.end),
        "--full-refresh": "true" if request.full_refresh else None,
        "--reject-threshold": REJECT_THRESHOLD,
        "--report": report,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _text(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
