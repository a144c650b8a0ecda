"""docs/reference/events-and-metrics.md: the log events and metrics that the product emits, and the metrics of AWS that
its alarms look at.

Log events are found in the source, metrics in the templates, the contracts and gold's figures; one without a
description here is an error.
"""

import ast
import functools
import re
from collections.abc import Iterator
from typing import Any

from api import webhook_contract as webhooks
from api.contract import METRICS_NAMESPACE, USER_GIGABYTES
from infra import ROOT
from infra.site import templates
from infra.site.markdown import code, codes, page, table
from ingestion.contract import DISCARDED_BATCHES, RECORDS_NOT_TRANSFORMED
from orchestration import contract as pipeline
from transforms import contract as lake

FOLDERS = ("api", "ingestion", "orchestration")
LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR", "exception": "ERROR"}
EVENTS = {
    "another execution holds the lock": "a run of the pipeline waits for another one to end",
    "done": "change capture delivered a batch; as ERROR when it set records aside",
    "ended": "an execution of the pipeline has ended, with its status",
    "insights_row_skipped": "the figures of one user could not be published; `user_hash` and `reason` say more",
    "no answer": "a call of the API to AWS got no answer in time; the client got 503",
    "handled": "messages of a batch for webhooks were sent, put off or dropped: how many of each",
    "not handled": "a message for a webhook could not be handled; SQS delivers it again",
    "not queued": "the look-up of webhooks stopped in the middle of a batch, which Lambda delivers again",
    "not done": "change capture stopped in the middle of a batch, which Lambda delivers again",
    "planned": "a run of the pipeline knows which objects it reads and which stages it leaves out",
    "figure alerts were not evaluated": "Athena or SNS refused, or an alert names a saved query that is not there",
    "published": "gold's figures are published: rows written, skipped and deleted",
    "rate limit not counted": "the table did not take a count of requests; the request was let through",
    "refused": "AWS refused a call of the API; the client got 500 or 503",
    "request": "one request that the API answered; what bronze's `logs` holds comes from it",
    "the quarantine queue did not take a record: %s": "a record was not set aside; Lambda tries again",
    "state failed": "a state of the pipeline failed: its name, the kind of failure and the reason in words",
    "throttled": "AWS throttled a call of the API; the client got 503",
    "transformed": "a batch of request logs is ready for bronze, with the counts of records",
    "unhandled exception": "a defect of the API; the client got 500",
}
METRICS = {
    "AuthorizerErrors": ("API access log, by a metric filter", "", "requests that the authorizer refused"),
    USER_GIGABYTES: ("`todo-api`", "service", "size of one user's tasks and index entries, from 1 GB on"),
    "IdempotentReplays": ("`todo-api`", "service", "responses that were given a second time for the same key"),
    "TasksCreated": ("`todo-api`", "service", "tasks created"),
    "TasksCompleted": ("`todo-api`", "service", "tasks completed"),
    pipeline.INSIGHTS_ROWS_SKIPPED: ("`todo-publish-insights`", "", "users whose figures could not be published"),
    pipeline.LINES_REJECTED: ("`todo-publish-insights`", "", "lines of bronze that the run left out"),
    pipeline.OBJECTS_UNREADABLE: ("`todo-publish-insights`", "", "objects of bronze that could not be read"),
    pipeline.TESTS_WARNED: ("`todo-publish-insights`", "", "tests of gold that found few wrong rows"),
    webhooks.DELIVERED: ("`todo-webhooks-deliver`", "service", "events that receivers have taken"),
    webhooks.ATTEMPTS_FAILED: ("`todo-webhooks-deliver`", "service", "attempts to deliver an event that failed"),
    webhooks.DISABLED: ("`todo-webhooks-deliver`", "service", "webhooks that were disabled after a day of failures"),
    DISCARDED_BATCHES: (
        "`todo-resolve-window`, `insights replay`",
        "service",
        "batches of the table's stream that wait for a replay, by the function that did not take them",
    ),
    RECORDS_NOT_TRANSFORMED: ("`todo-logs`", "service", "records of request logs that could not be transformed"),
    pipeline.TABLE_BYTES: ("`todo-publish-insights`", "", "size of the table, as DynamoDB counts it every six hours"),
    pipeline.TABLE_ITEMS: (
        "`todo-publish-insights`",
        "",
        "items of the table, as DynamoDB counts them every six hours",
    ),
    pipeline.STATE_DURATION: ("`todo-pipeline-ended`", "StateMachine, State", "seconds that a state took"),
    pipeline.STATE_FAILED: ("`todo-insights-pipeline`", "StateMachine, State", "failures of a state"),
    lake.MAINTENANCE_FAILED: ("`todo-silver-maintenance`", "", "steps of the nightly maintenance that failed"),
    lake.RECONCILE_ROWS: ("`todo-reconcile`", "", "rows of table and silver that were compared"),
    lake.RECONCILE_DIFFERENCES: ("`todo-reconcile`", "", "rows in which table and silver differ"),
}
KPIS = ROOT / "transforms" / "dbt" / "macros" / "key_figures.sql"
INTRODUCTION = """\
# Events and metrics

Written by `make reference` from the code that emits them. Log lines are JSON; the column *event* is their `message`.
They hold no titles, descriptions, names or addresses."""


def text() -> str:
    """The whole page."""
    events = [
        (code(name), codes(sorted(levels)), EVENTS.get(name, ""), codes(sorted(files)))
        for name, (levels, files) in sorted(emitted().items())
    ]
    own = [(code(name), *METRICS[name]) for name in sorted(METRICS)]
    figures = [(code(name), code(figure)) for name, figure in figure_metrics().items()]
    foreign = [
        (code(namespace), code(name), codes(sorted(alarms)))
        for (namespace, name), alarms in sorted(watched().items())
        if namespace != METRICS_NAMESPACE
    ]
    return page(
        INTRODUCTION,
        "## Log events",
        table(("event", "level", "meaning", "emitted by"), events),
        f"## Metrics in the namespace {code(METRICS_NAMESPACE)}",
        table(("metric", "written by", "dimensions", "meaning"), own),
        "Publishing gold writes the business's figures as metrics, too, with the values of `business_metrics_kpis`:",
        table(("metric", "row of business_metrics_kpis"), figures),
        "## Metrics of AWS services that alarms look at",
        table(("namespace", "metric", "alarms"), foreign),
    )


def undocumented() -> list[str]:
    """Events and metrics that are emitted or watched and not described, and descriptions of nothing."""
    events, here = set(emitted()), "in infra/site/signals_reference.py"
    found = [f"log event {name!r} is not described {here}" for name in sorted(events - set(EVENTS))]
    found += [f"log event {name!r} is described {here} and nothing emits it" for name in sorted(set(EVENTS) - events)]
    used = {name for namespace, name in [*watched(), *_on_the_dashboard()] if namespace == METRICS_NAMESPACE}
    known = {*METRICS, *figure_metrics()}
    return found + [f"metric {name} is not described {here}" for name in sorted(used - known)]


@functools.cache
def emitted() -> dict[str, tuple[set[str], set[str]]]:
    """Each log event with its levels and the files that emit it."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name, level in log_calls(path.read_text()):
                levels, files = found.setdefault(name, (set(), set()))
                levels.add(level)
                files.add(path.relative_to(ROOT).as_posix())
    return found


def log_calls(source: str) -> Iterator[tuple[str, str]]:
    """Message and level of each call of a logger in a module.

    Args:
        source: of the module. `report = logger.error if … else logger.info` counts as both.
    """
    tree = ast.parse(source)
    aliases: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            levels = {level for inner in ast.walk(node.value) if (level := _level(inner))}
            if levels and not isinstance(node.value, ast.Call):
                aliases[node.targets[0].id] = levels
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        level = _level(node.func)
        named = aliases.get(node.func.id, set()) if isinstance(node.func, ast.Name) else set()
        for one in {level} if level else named:
            yield str(node.args[0].value), one


def figure_metrics() -> dict[str, str]:
    """The metrics that publishing makes of gold's figures, with the figure's name."""
    named = KPIS.read_text().partition("set names = [")[2].partition("]")[0]
    figures = re.findall(r"'([a-z0-9_]+)'", named)
    return {"".join(word.capitalize() for word in figure.split("_")): figure for figure in figures}


def watched() -> dict[tuple[str, str], set[str]]:
    """Namespace and name of each metric that an alarm looks at, with the alarms."""
    found: dict[tuple[str, str], set[str]] = {}
    for _, _, resource in templates.resources("AWS::CloudWatch::Alarm"):
        properties = resource["Properties"]
        for metric in metrics_of(properties):
            found.setdefault((metric["Namespace"], metric["MetricName"]), set()).add(properties["AlarmName"])
    return found


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm's properties: its one, or those of its expression."""
    if "MetricName" in alarm:
        return [alarm]
    return [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]


def _on_the_dashboard() -> Iterator[tuple[str, str]]:
    for stack, _, resource in templates.resources("AWS::CloudWatch::Dashboard"):
        body = templates.text(resource["Properties"]["DashboardBody"], stack)
        yield from re.findall(r'\["([A-Za-z/]+)","(\w+)"', body)


def _level(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("logger", "log"):
        return LEVELS.get(node.attr)
    if isinstance(node, ast.Name) and node.id == "log_info":  # api.observability
        return LEVELS["info"]
    return None
