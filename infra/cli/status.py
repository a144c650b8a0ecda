"""`insights status`: stacks, pipeline, alarms, age of the data, messages in failure queues.

It exits with 1 when something of that is not well, so that a script may ask it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import boto3
import typer
from rich.table import Table
from rich.text import Text

from api.webhook_contract import FAN_OUT_FUNCTION
from infra.cli.console import labelled, print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.format import format_age, format_instant, now
from infra.cli.options import AsJson
from infra.cli.pipeline import render
from infra.cli.stack_outputs import deployed_stacks
from infra.cli.target import use_local_account
from infra.cli.unheard import find_unheard
from infra.resource_names import NIGHTLY_HOURS, NOT_DONE, STACKS, bucket_name
from ingestion.contract import CDC_FUNCTION, CHANGES
from ingestion.discarded import list_discarded
from orchestration.contract import RUNS_TABLE, UNDELIVERED
from orchestration.executions import state_machine
from orchestration.executions.errors import NotDeployedError
from orchestration.executions.history import NOT_FAILED, Status
from transforms.contract import GOLD_DATABASE, SILVER_DATABASE

PREFIX = "todo-"  # of the alarms and queues of this project, in an account that has others
FAILURES = ("-failures", "-quarantine", UNDELIVERED)  # what the queues of undelivered messages end with
OF_STREAM = (CDC_FUNCTION, FAN_OUT_FUNCTION)  # functions behind the table's stream
EXECUTIONS = {"running_execution": Status.RUNNING, "last_execution": None, "last_success": Status.SUCCEEDED}
DATABASES = {"silver": SILVER_DATABASE, "gold": GOLD_DATABASE}


def read_report(on_aws: bool = False) -> dict[str, Any]:
    """The state of the deployed platform.

    Args:
        on_aws: look for schedules that are off and topics without subscribers, too.

    Returns:
        `stacks` {name: status}; `running_execution`, `last_execution` and `last_success`
        {name, status, started, seconds} or None; `alarms` [{name, since, reason}] in ALARM; `not_due` [name] of alarms
        that miss a nightly job of which the first is still to come;
        `freshness` {bronze, silver, gold: instant of the latest write or None}; `failures` {queue: messages} and
        {function-discarded: batches of the stream that it did not take};
        `unheard` [sentence] on AWS. All but `stacks` are empty when nothing is deployed.

    Raises:
        botocore.exceptions.ClientError: a service refused.
    """
    deployed = list(deployed_stacks())
    stacks = {stack["StackName"]: str(stack["StackStatus"]) for stack in deployed}
    if not stacks:
        return {
            "stacks": {},
            **dict.fromkeys(EXECUTIONS),
            "alarms": [],
            "not_due": [],
            "freshness": {},
            "failures": {},
            "unheard": [],
        }
    alarms = _alarms()
    not_due = find_not_due(alarms, max(stack["CreationTime"] for stack in deployed))
    return {
        "stacks": stacks,
        **_executions(),
        "alarms": [alarm for alarm in alarms if alarm["name"] not in not_due],
        "not_due": not_due,
        "freshness": _freshness(),
        "failures": _failures(),
        "unheard": find_unheard() if on_aws else [],
    }


def is_well(found: Mapping[str, Any]) -> bool:
    """Whether nothing of a report needs anybody: no failure, alarm, undelivered message or silence."""
    last = found["last_execution"]
    return not (
        (found["stacks"] and _odd_stacks(found["stacks"]))
        or (last and Status(last["status"]) not in NOT_FAILED)
        or found["alarms"]
        or any(found["failures"].values())
        or found["unheard"]
    )


def report_table(found: Mapping[str, Any], at: dt.datetime) -> Table:
    """The report for people: what is well in a line, what is not with the command that helps."""
    table = labelled()
    if not found["stacks"]:
        table.add_row("stacks", "none – `insights deploy`")
        return table
    table.add_row("stacks", _stacks_line(found["stacks"]))
    last = found["last_execution"]
    table.add_row("last execution", _execution(last, at) if last else "none – `insights pipeline start`")
    success = found["last_success"]
    if last and success and success["name"] != last["name"]:
        table.add_row("last success", Text(f"{success['name']}, {format_age(success['started'], at)}"))
    if found["running_execution"] and last and found["running_execution"]["name"] != last["name"]:
        table.add_row("running", _execution(found["running_execution"], at))
    written = [
        f"{layer} {format_age(moment, at)}" if moment else f"{layer} –" for layer, moment in found["freshness"].items()
    ]
    table.add_row("data written", ", ".join(written))
    for queue, messages in found["failures"].items():
        table.add_row(queue, Text("empty" if not messages else f"{messages} messages", "red" if messages else ""))
    for number, sentence in enumerate(found["unheard"]):
        table.add_row("" if number else "nobody would know", Text(sentence, "red"))
    if found["not_due"]:
        table.add_row("first night to come", ", ".join(found["not_due"]))
    if not found["alarms"]:
        table.add_row("alarms", "none in ALARM")
    for number, alarm in enumerate(found["alarms"]):
        line = Text.assemble((alarm["name"], "red"), f", for {format_age(alarm['since'], at).removesuffix(' ago')}")
        table.add_row("" if number else "alarms", line)
    return table


def _executions() -> dict[str, Any]:
    try:
        arn = state_machine.find_state_machine()
    except NotDeployedError:
        return dict.fromkeys(EXECUTIONS)
    return {
        key: next((_listed(one) for one in state_machine.list_executions(arn, 1, status)), None)
        for key, status in EXECUTIONS.items()
    }


def _listed(execution: Any) -> dict[str, Any]:
    ended = execution.get("stopDate") or now()
    return {
        "name": execution["name"],
        "status": str(execution["status"]),
        "started": format_instant(execution["startDate"]),
        "seconds": round((ended - execution["startDate"]).total_seconds(), 3),
    }


def _alarms() -> list[dict[str, Any]]:
    pages = boto3.client("cloudwatch").get_paginator("describe_alarms")
    return [
        {
            "name": alarm["AlarmName"],
            "since": format_instant(alarm.get("StateUpdatedTimestamp")),
            "reason": alarm.get("StateReason", ""),
        }
        for page in pages.paginate(StateValue="ALARM", AlarmNamePrefix=PREFIX)
        for alarm in page["MetricAlarms"]
    ]


def find_not_due(alarms: Iterable[Mapping[str, Any]], deployed: dt.datetime) -> list[str]:
    """The names of alarms that miss a nightly job of which the first is still to come.

    Args:
        alarms: those that are on, with `name`.
        deployed: when the platform was.
    """
    if now() - deployed > dt.timedelta(hours=NIGHTLY_HOURS):
        return []
    return [alarm["name"] for alarm in alarms if alarm["name"].endswith(NOT_DONE)]


def _freshness() -> dict[str, str | None]:
    account = boto3.client("sts").get_caller_identity()["Account"]
    s3 = boto3.client("s3")
    return {
        "bronze": format_instant(_newest(s3, bucket_name("bronze", account, s3.meta.region_name))),
        **{layer: format_instant(_updated(database)) for layer, database in DATABASES.items()},
    }


def _newest(s3: Any, bucket: str) -> dt.datetime | None:
    """When the newest change came to bronze: the latest object of the latest hour of the latest day."""
    prefix = f"{CHANGES}/"
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
    # the table of runs is deployed with the stacks, before anything is built
    built = [table for page in pages for table in page["TableList"] if table["Name"] != RUNS_TABLE]
    return max((table["UpdateTime"] for table in built if "UpdateTime" in table), default=None)


def _failures() -> dict[str, int]:
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    account = boto3.client("sts").get_caller_identity()["Account"]
    discarded = list_discarded(s3, bucket_name("bronze", account, s3.meta.region_name))
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=PREFIX)
    urls = [url for page in pages for url in page.get("QueueUrls", []) if url.endswith(FAILURES)]
    queued = {
        url.rsplit("/", 1)[-1]: int(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"][
                "ApproximateNumberOfMessages"
            ]
        )
        for url in sorted(urls)
    }
    return (
        dict.fromkeys((f"{function}-discarded" for function in OF_STREAM), 0)
        | {f"{function}-discarded": len(keys) for function, keys in discarded.items()}
        | queued
    )


def _odd_stacks(stacks: Mapping[str, str]) -> list[str]:
    missing = [name for name in STACKS if name not in stacks]
    odd = [
        f"{name} {status}"
        for name, status in stacks.items()
        if not status.endswith("_COMPLETE") or "ROLLBACK" in status
    ]
    return odd + [f"{name} is missing" for name in missing]


def _stacks_line(stacks: Mapping[str, str]) -> Text:
    odd = _odd_stacks(stacks)
    return Text("\n".join(odd), "red") if odd else Text(f"all {len(stacks)} deployed")


def _execution(one: Mapping[str, Any], at: dt.datetime) -> Text:
    status = Status(one["status"])
    word = (render.STATUS_LABELS[status], render.STATUS_STYLES[status])
    why = "" if status in NOT_FAILED else f"\n`insights why {one['name']}` says why"
    return Text.assemble(one["name"], " ", word, f", {format_age(one['started'], at)}", why)


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the account, stacks, last execution, alarms, age of the data and failed messages.

    It exits with 1 when something of that is not well.
    """
    from infra.cli import local

    account = local.describe_account(local.current_settings()) if context.obj == "local" else None
    down = account is not None and not account["running"]
    if account and not down:
        use_local_account(show=False)
    with explain_errors():
        found = None if down else read_report(on_aws=context.obj == "aws")
    if as_json:
        print_json({**(account or {}), **(found or {})}, indent=2)
    else:
        if account:
            local.print_account(account)
        if found:
            terminal().print(report_table(found, now()))
    if down:
        raise typer.Exit(ExitCode.DOWN)
    raise typer.Exit(ExitCode.OK if found and is_well(found) else ExitCode.FAILED)
