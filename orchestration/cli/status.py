"""How the platform is, at one glance: stacks, pipeline, alarms, how fresh the data is, what waits in failure queues."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import boto3
from rich.table import Table
from rich.text import Text

from orchestration.cli import machine, render
from orchestration.cli.executions import GOOD, Status
from orchestration.cli.outputs import STACKS, NotDeployedError

PREFIX = "todo-"  # of the alarms and queues of this project, in an account that has others
FAILURES = ("-failures", "-quarantine")  # what the queues of undelivered messages end with
LABELS = 22  # columns
EXECUTIONS = {"running_execution": Status.RUNNING, "last_execution": None, "last_success": Status.SUCCEEDED}
DATABASES = {"silver": "todo_silver", "gold": "todo_analytics"}


def report() -> dict[str, Any]:
    """What there is to know of the deployed platform.

    Returns:
        `stacks` {name: status}; `running_execution`, `last_execution` and `last_success`
        {name, status, started, seconds} or None; `alarms` [{name, since, reason}] in ALARM;
        `freshness` {bronze, silver, gold: instant of the latest write or None}; `failures` {queue: messages}.
        All but `stacks` are empty when nothing is deployed.

    Raises:
        botocore.exceptions.ClientError: a service refused.
    """
    stacks = _stacks()
    if not stacks:
        return {
            "stacks": {},
            **dict.fromkeys(EXECUTIONS),
            "alarms": [],
            "freshness": {},
            "failures": {},
        }
    return {"stacks": stacks, **_executions(), "alarms": _alarms(), "freshness": _freshness(), "failures": _failures()}


def rows(found: Mapping[str, Any], now: dt.datetime) -> Table:
    """The report for people: what is well in a line, what is not with the command that helps."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=LABELS)
    table.add_column(overflow="fold")
    if not found["stacks"]:
        table.add_row("stacks", "none – `insights deploy`")
        return table
    table.add_row("stacks", _stacks_line(found["stacks"]))
    last = found["last_execution"]
    table.add_row("last execution", _execution(last, now) if last else "none – `insights pipeline start`")
    success = found["last_success"]
    if last and success and success["name"] != last["name"]:
        table.add_row("last success", Text(f"{success['name']}, {_ago(success['started'], now)}"))
    if found["running_execution"] and last and found["running_execution"]["name"] != last["name"]:
        table.add_row("running", _execution(found["running_execution"], now))
    written = [
        f"{layer} {_ago(moment, now)}" if moment else f"{layer} –" for layer, moment in found["freshness"].items()
    ]
    table.add_row("data written", ", ".join(written))
    for queue, messages in found["failures"].items():
        table.add_row(queue, Text("empty" if not messages else f"{messages} messages", "red" if messages else ""))
    if not found["alarms"]:
        table.add_row("alarms", "none in ALARM")
    for number, alarm in enumerate(found["alarms"]):
        line = Text.assemble((alarm["name"], "red"), f", for {_ago(alarm['since'], now).removesuffix(' ago')}")
        table.add_row("" if number else "alarms", line)
    return table


def _stacks() -> dict[str, str]:
    pages = boto3.client("cloudformation").get_paginator("describe_stacks").paginate()
    found = {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}
    return {name: str(found[name]) for name in STACKS if name in found}


def _executions() -> dict[str, Any]:
    try:
        arn = machine.state_machine()
    except NotDeployedError:
        return dict.fromkeys(EXECUTIONS)
    return {
        key: next((_listed(one) for one in machine.recent(arn, 1, status)), None) for key, status in EXECUTIONS.items()
    }


def _listed(execution: Any) -> dict[str, Any]:
    ended = execution.get("stopDate") or render.now()
    return {
        "name": execution["name"],
        "status": str(execution["status"]),
        "started": render.instant(execution["startDate"]),
        "seconds": round((ended - execution["startDate"]).total_seconds(), 3),
    }


def _alarms() -> list[dict[str, Any]]:
    pages = boto3.client("cloudwatch").get_paginator("describe_alarms")
    return [
        {
            "name": alarm["AlarmName"],
            "since": render.instant(alarm.get("StateUpdatedTimestamp")),
            "reason": alarm.get("StateReason", ""),
        }
        for page in pages.paginate(StateValue="ALARM", AlarmNamePrefix=PREFIX)
        for alarm in page["MetricAlarms"]
    ]


def _freshness() -> dict[str, str | None]:
    account = boto3.client("sts").get_caller_identity()["Account"]
    s3 = boto3.client("s3")
    return {
        "bronze": render.instant(_newest(s3, f"{PREFIX}bronze-{account}-{s3.meta.region_name}")),
        **{layer: render.instant(_updated(database)) for layer, database in DATABASES.items()},
    }


def _newest(s3: Any, bucket: str) -> dt.datetime | None:
    """When the newest change came to bronze: the latest object of the latest hour of the latest day."""
    prefix = "cdc/"
    for _ in ("day", "hour"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        folders = [folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", [])]
        if not folders:
            return None
        prefix = max(folders)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return max((item["LastModified"] for page in pages for item in page.get("Contents", [])), default=None)


def _updated(database: str) -> dt.datetime | None:
    glue = boto3.client("glue")
    try:
        pages = list(glue.get_paginator("get_tables").paginate(DatabaseName=database))
    except glue.exceptions.EntityNotFoundException:
        return None
    return max(
        (table["UpdateTime"] for page in pages for table in page["TableList"] if "UpdateTime" in table), default=None
    )


def _failures() -> dict[str, int]:
    sqs = boto3.client("sqs")
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=PREFIX)
    urls = [url for page in pages for url in page.get("QueueUrls", []) if url.endswith(FAILURES)]
    return {
        url.rsplit("/", 1)[-1]: int(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"][
                "ApproximateNumberOfMessages"
            ]
        )
        for url in sorted(urls)
    }


def _stacks_line(stacks: Mapping[str, str]) -> Text:
    missing = [name for name in STACKS if name not in stacks]
    odd = [
        f"{name} {status}"
        for name, status in stacks.items()
        if not status.endswith("_COMPLETE") or "ROLLBACK" in status
    ]
    odd += [f"{name} is missing" for name in missing]
    return Text("\n".join(odd), "red") if odd else Text(f"all {len(stacks)} deployed")


def _execution(one: Mapping[str, Any], now: dt.datetime) -> Text:
    status = Status(one["status"])
    word = (render.WORDS[status], render.STYLES[status])
    why = "" if status in GOOD else f"\n`insights pipeline describe {one['name']}` tells why"
    return Text.assemble(one["name"], " ", word, f", {_ago(one['started'], now)}", why)


def _ago(moment: str, now: dt.datetime) -> str:
    seconds = (now - dt.datetime.fromisoformat(moment)).total_seconds()
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{max(0.0, seconds):.0f} s ago"
