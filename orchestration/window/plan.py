"""What an execution is to do: which stages, on which objects of bronze, with which arguments.

There is nothing to do when no object has come to bronze since the last successful run, and gold was built today:
figures that depend on the date, such as overdue tasks, are built once a day. When nothing but request logs has come, at
most one run an hour merges them and builds the models that read them. Models that are named are built all the same, and
rows of insights that could not be published are tried again.
"""

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.bronze_objects import BronzeObject, Manifest, list_objects, rfc3339
from ingestion.contract import REQUESTS
from orchestration.contract import RUN_FILES
from orchestration.publish_progress import read_progress
from orchestration.window import new_objects, watermark
from orchestration.window.request import Request
from orchestration.window.watermark import Watermark

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

STAGES = ("CrawlBronze", "BuildSilver", "BuildGold", "PublishInsights")
BEFORE_GOLD = ("CrawlBronze", "BuildSilver")  # what gold_only leaves out
REJECT_THRESHOLD = 0.01
# a little less than an hour: starts of an hourly schedule vary by seconds
REQUESTS_INTERVAL = timedelta(minutes=55)
REQUEST_MODELS = "source:silver.api_requests+"


@dataclasses.dataclass(frozen=True)
class Sources:
    """What a plan is made from.

    Args:
        s3: lists bronze, and takes the manifest.
        glue: knows the crawler and the partitions.
        table: has the watermark.
        table_name: of that table.
        bronze: bucket.
        artifacts: bucket that manifests and reports of runs go to.
        gold: bucket that has how far insights are published.
        crawler: the crawler of bronze.
        crawl_interval: least time between two crawls.
    """

    s3: "S3Client"
    glue: "GlueClient"
    table: "DynamoDBClient"
    table_name: str
    bronze: str
    artifacts: str
    gold: str
    crawler: str
    crawl_interval: timedelta = timedelta()


@dataclasses.dataclass(frozen=True)
class Input:
    """What a run is to read.

    Args:
        objects: of bronze.
        days: folders of bronze that are read whole: `cdc` or `logs`, and the URI.
        recent: the objects in the folders that can still receive any, read or not.
        late: how many objects have come to folders that should receive nothing any more.
    """

    objects: list[BronzeObject]
    days: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    recent: list[BronzeObject] = dataclasses.field(default_factory=list)
    late: int = 0

    def __len__(self) -> int:
        """How many objects and folders."""
        return len(self.objects) + len(self.days)

    @property
    def has_requests_only(self) -> bool:
        """Whether no change of a task or user is among it."""
        return {item.folder for item in self.objects} | {folder for folder, _ in self.days} == {REQUESTS}


def plan(sources: Sources, request: Request, run: str, now: datetime) -> dict[str, Any]:
    """The plan of one run, as the state machine keeps it; the manifest of its objects is written.

    Args:
        sources: clients and names.
        request: what the execution's input asks for.
        run: the execution's name.
        now: this instant.
    """
    before = watermark.read(sources.table, sources.table_name)
    found = _find(sources, request, before, now)
    is_built_today = before is not None and before.built_at.date() == now.date()
    is_light = request.is_incremental and found.has_requests_only and is_built_today
    left_out = _left_out(sources, request, found, is_light, is_built_today, before, now)
    folder = f"s3://{sources.artifacts}/{RUN_FILES}{run}"
    if "BuildSilver" not in left_out:
        Manifest.of(found.objects, found.days, request.start, request.end).write(sources.s3, f"{folder}/objects.json")
    tolerated = REJECT_THRESHOLD if request.reject_threshold is None else request.reject_threshold
    built_at = before.built_at if before and is_light else now
    reads_all = request.is_whole and "BuildSilver" not in left_out
    return {
        "run": run,
        "objects": len(found),
        "late_objects": found.late,
        "from": rfc3339(request.start),
        "to": rfc3339(request.end),
        "full_refresh": request.full_refresh,
        # old snapshots of gold's tables hold what an erasure, after which gold is built alone, has to delete; a rebuilt
        # table of silver may lack rows, of which no increment tells
        "refresh_gold": request.full_refresh or request.gold_only or bool(request.rebuild),
        "select": REQUEST_MODELS if is_light else request.select,
        "exclude": request.skip,
        "reject_threshold": request.reject_threshold,
        "reason": request.reason,
        "left_out": [stage for stage in STAGES if stage in left_out],
        "report": f"{folder}/silver.json",
        "unread_since": new_objects.first_unread_folder(_listed_at(request, before, now)),
        "silver_arguments": {
            "--objects": f"{folder}/objects.json",
            **({"--full-refresh": "true"} if request.full_refresh else {}),
            **({"--rebuild": ",".join(request.rebuild)} if request.rebuild else {}),
            "--reject-threshold": f"{tolerated:g}",
            "--report": f"{folder}/silver.json",
        },
        "watermark": new_objects.advance(before, found.recent, now, built_at).document() if reads_all else None,
    }


def _listed_at(request: Request, before: Watermark | None, now: datetime) -> datetime | None:
    """When bronze was listed of which silver will hold all; None when nobody knows."""
    return now if request.is_whole else before.checked_at if before else None


def _find(sources: Sources, request: Request, before: Watermark | None, now: datetime) -> Input:
    bronze = f"s3://{sources.bronze}/"
    if request.gold_only:
        return Input([])
    if request.is_bounded:
        return Input(list(list_objects(sources.s3, bronze, request.start, request.end)))
    if request.full_refresh or request.rebuild or before is None:
        days, objects = new_objects.list_all(sources.s3, bronze, now)
        return Input(objects, days, objects)
    recent = new_objects.list_recent(sources.s3, bronze, before)
    late = new_objects.list_late(sources.s3, bronze, before, now)
    new = [item for item in recent if new_objects.is_new(item, before)]
    return Input([*late, *new], recent=recent, late=len(late))


def _left_out(
    sources: Sources,
    request: Request,
    found: Input,
    is_light: bool,
    is_built_today: bool,
    before: Watermark | None,
    now: datetime,
) -> set[str]:
    is_due = not is_light or before is None or now - before.checked_at >= REQUESTS_INTERVAL
    has_nothing = not len(found) and (request.is_bounded or is_built_today)
    # whoever names models wants them built, whatever has come
    if request.gold_only or (has_nothing and request.select):
        return set(BEFORE_GOLD)
    if (has_nothing and not request.full_refresh) or not is_due:
        # rows that could not be published wait for no change of their users
        unpublished = read_progress(sources.s3, sources.gold).skipped
        return set(STAGES) - ({"PublishInsights"} if unpublished else set())
    if not found.days and not new_objects.needs_crawl(
        sources.glue, sources.crawler, found.objects, sources.crawl_interval, now
    ):
        return {"CrawlBronze"}
    return set()
