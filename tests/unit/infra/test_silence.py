"""Nothing ends unheard: for each component, what goes off when it dies, hangs, never starts, or lies about its success.

The alarms are looked up in the committed templates, so an alarm that is renamed or removed fails here, and so does a
component that nobody has entered.
"""

import json
from typing import Any

import pytest

from infra import ROOT

TEMPLATES = sorted((ROOT / "cdk.snapshots" / "prod").glob("*.json"))
# of each component: the property that has its name
NAMED: dict[str, str] = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Glue::Job": "Name",
    "AWS::Glue::Crawler": "Name",
    "AWS::CodeBuild::Project": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::Scheduler::Schedule": "Name",
}
PIPELINE = "todo-insights-pipeline"
LATE = ("todo-slo-freshness",)
# what a test of the data says when everything claims to be well
WRONG = ("todo-reconcile-differences",)
NOT_COMPARED = ("todo-reconcile-not-done",)
NOT_STARTED = (f"{PIPELINE}-not-started",)
# component -> what goes off when it: dies, hangs, is never started, says SUCCEEDED and has done nothing
HEARD: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("AWS::Lambda::Function", "todo-api"): {
        "dies": ("todo-api-errors", "todo-api-5xx"),
        "hangs": ("todo-api-duration", "todo-slo-latency-fast-5m"),
        "never starts": ("todo-api-5xx", "todo-api-throttles"),
        "lies": ("todo-slo-availability-fast-5m",),
    },
    ("AWS::Lambda::Function", "todo-cdc"): {
        "dies": ("todo-cdc-errors", "todo-cdc-failures-not-empty"),
        "hangs": ("todo-cdc-duration", "todo-cdc-iterator-age"),
        "never starts": ("todo-cdc-iterator-age", "todo-cdc-throttles"),
        "lies": WRONG,
    },
    ("AWS::Lambda::Function", "todo-webhooks-fan-out"): {
        "dies": ("todo-webhooks-fan-out-errors", "todo-webhooks-not-queued-not-empty"),
        "hangs": ("todo-webhooks-fan-out-duration", "todo-webhooks-fan-out-iterator-age"),
        "never starts": ("todo-webhooks-fan-out-iterator-age", "todo-webhooks-fan-out-throttles"),
        # nothing knows which events there should have been; receivers have the change feed
        "lies": (),
    },
    ("AWS::Lambda::Function", "todo-webhooks-deliver"): {
        "dies": ("todo-webhooks-deliver-errors", "todo-webhooks-failures-not-empty"),
        "hangs": ("todo-webhooks-deliver-duration", "todo-webhooks-queue-age"),
        "never starts": ("todo-webhooks-queue-age", "todo-webhooks-deliver-throttles"),
        "lies": ("todo-webhooks-deliver-none-delivered",),
    },
    ("AWS::Lambda::Function", "todo-logs"): {
        "dies": ("todo-logs-errors", "todo-logs-stream-processing"),
        "hangs": ("todo-logs-duration", "todo-logs-stream-freshness"),
        "never starts": ("todo-logs-stream-processing", "todo-logs-throttles"),
        "lies": ("todo-logs-not-transformed",),
    },
    ("AWS::Lambda::Function", "todo-resolve-window"): {
        "dies": (f"{PIPELINE}-ResolveWindow-failed", "todo-resolve-window-errors"),
        "hangs": (f"{PIPELINE}-ResolveWindow-failed", "todo-resolve-window-duration"),
        "never starts": (f"{PIPELINE}-ResolveWindow-failed",),
        "lies": (*LATE, *WRONG),
    },
    ("AWS::Lambda::Function", "todo-publish-insights"): {
        "dies": (f"{PIPELINE}-PublishInsights-failed", "todo-publish-insights-errors"),
        "hangs": (f"{PIPELINE}-PublishInsights-failed", "todo-publish-insights-duration"),
        "never starts": (f"{PIPELINE}-PublishInsights-failed",),
        "lies": ("todo-publish-insights-skipped",),
    },
    ("AWS::Lambda::Function", "todo-notify-operators"): {
        "dies": (f"{PIPELINE}-NotifyOperators-failed", "todo-notify-operators-errors"),
        "hangs": (f"{PIPELINE}-NotifyOperators-failed", "todo-notify-operators-duration"),
        "never starts": (f"{PIPELINE}-NotifyOperators-failed",),
        "lies": (f"{PIPELINE}-executions-failed",),
    },
    ("AWS::Lambda::Function", "todo-pipeline-ended"): {
        "dies": ("todo-pipeline-ended-errors", "todo-undelivered-not-empty"),
        "hangs": ("todo-pipeline-ended-duration",),
        "never starts": ("todo-undelivered-not-empty", f"{PIPELINE}-executions-failed"),
        "lies": (f"{PIPELINE}-executions-failed", f"{PIPELINE}-executions-timedout"),
    },
    ("AWS::Glue::Job", "todo-silver"): {
        "dies": (f"{PIPELINE}-BuildSilver-failed",),
        "hangs": (f"{PIPELINE}-BuildSilver-slow", f"{PIPELINE}-BuildSilver-failed"),
        "never starts": (f"{PIPELINE}-BuildSilver-failed",),
        "lies": ("todo-silver-rejects", "todo-silver-unreadable-objects", *WRONG),
    },
    ("AWS::Glue::Job", "todo-silver-maintenance"): {
        "dies": ("todo-silver-maintenance-failed", "todo-silver-maintenance-not-done"),
        "hangs": ("todo-silver-maintenance-not-done",),
        "never starts": ("todo-silver-maintenance-not-done", "todo-undelivered-not-empty"),
        "lies": WRONG,
    },
    ("AWS::Glue::Crawler", "todo-bronze-crawler"): {
        "dies": (f"{PIPELINE}-CrawlBronze-failed",),
        "hangs": (f"{PIPELINE}-CrawlBronze-failed", f"{PIPELINE}-PollCrawl-slow"),
        "never starts": (f"{PIPELINE}-CrawlBronze-failed",),
        "lies": (f"{PIPELINE}-CrawlBronze-failed",),
    },
    ("AWS::CodeBuild::Project", "todo-dbt"): {
        "dies": (f"{PIPELINE}-BuildGold-failed", "todo-dbt-failed-builds"),
        "hangs": (f"{PIPELINE}-BuildGold-slow", f"{PIPELINE}-BuildGold-failed"),
        "never starts": (f"{PIPELINE}-BuildGold-failed",),
        "lies": ("todo-publish-insights-skipped", f"{PIPELINE}-PublishInsights-failed"),
    },
    ("AWS::CodeBuild::Project", "todo-reconcile"): {
        "dies": ("todo-reconcile-failed-builds",),
        "hangs": ("todo-reconcile-failed-builds", *NOT_COMPARED),
        "never starts": ("todo-undelivered-not-empty", *NOT_COMPARED),
        "lies": WRONG,
    },
    ("AWS::KinesisFirehose::DeliveryStream", "todo-cdc"): {
        "dies": ("todo-cdc-stream-success", "todo-cdc-stream-freshness"),
        "hangs": ("todo-cdc-stream-freshness",),
        "never starts": ("todo-cdc-errors", "todo-cdc-iterator-age"),
        "lies": WRONG,
    },
    ("AWS::KinesisFirehose::DeliveryStream", "todo-logs"): {
        "dies": ("todo-logs-stream-success", "todo-logs-stream-freshness"),
        "hangs": ("todo-logs-stream-freshness",),
        "never starts": ("todo-logs-stream-success",),
        "lies": ("todo-logs-not-transformed",),
    },
    ("AWS::StepFunctions::StateMachine", PIPELINE): {
        "dies": (f"{PIPELINE}-executions-failed", f"{PIPELINE}-executions-aborted"),
        "hangs": (f"{PIPELINE}-executions-timedout", *LATE),
        "never starts": (*NOT_STARTED, "todo-pipeline-failures-not-empty", *LATE),
        "lies": WRONG,
    },
    ("AWS::Scheduler::Schedule", "todo-pipeline-hourly"): {
        "dies": ("todo-pipeline-failures-not-empty", *NOT_STARTED),
        "hangs": NOT_STARTED,
        "never starts": (*NOT_STARTED, *LATE),
        "lies": (*NOT_STARTED, *LATE),
    },
    ("AWS::Scheduler::Schedule", "todo-silver-nightly"): {
        "dies": ("todo-undelivered-not-empty", "todo-silver-maintenance-not-done"),
        "hangs": ("todo-silver-maintenance-not-done",),
        "never starts": ("todo-silver-maintenance-not-done",),
        "lies": ("todo-silver-maintenance-not-done",),
    },
    ("AWS::Scheduler::Schedule", "todo-reconcile-weekly"): {
        "dies": ("todo-undelivered-not-empty", *NOT_COMPARED),
        "hangs": NOT_COMPARED,
        "never starts": NOT_COMPARED,
        "lies": NOT_COMPARED,
    },
    ("AWS::Scheduler::Schedule", "todo-reconcile-nightly"): {
        "dies": ("todo-undelivered-not-empty", *NOT_COMPARED),
        "hangs": NOT_COMPARED,
        "never starts": NOT_COMPARED,
        "lies": NOT_COMPARED,
    },
}


def resources(kind: str) -> list[dict[str, Any]]:
    """The properties of every resource of a type in prod's templates."""
    found = (json.loads(path.read_text())["Resources"].values() for path in TEMPLATES)
    return [one["Properties"] for part in found for one in part if one["Type"] == kind]


def test_every_component_is_entered_with_every_way_to_fail() -> None:
    components = {(kind, one[name]) for kind, name in NAMED.items() for one in resources(kind)}
    assert set(HEARD) == components
    assert {frozenset(ways) for ways in HEARD.values()} == {frozenset({"dies", "hangs", "never starts", "lies"})}


@pytest.mark.parametrize("component", HEARD, ids=lambda one: f"{one[0].split('::')[1]} {one[1]}")
def test_every_alarm_that_is_named_exists_and_notifies(component: tuple[str, str]) -> None:
    alarms = {one["AlarmName"] for one in resources("AWS::CloudWatch::Alarm")}
    rules = json.dumps([one["AlarmRule"] for one in resources("AWS::CloudWatch::CompositeAlarm")])
    logical_ids = {
        one["Properties"]["AlarmName"]: name
        for path in TEMPLATES
        for name, one in json.loads(path.read_text())["Resources"].items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    for way, named in HEARD[component].items():
        for alarm in named:
            assert alarm in alarms, f"{component[1]} {way}: there is no alarm {alarm}"
            assert logical_ids[alarm] in rules, f"{alarm} is in no composite alarm and notifies nobody"


def test_what_nothing_notices_is_known() -> None:
    unheard = {(name, way) for (_, name), ways in HEARD.items() for way, named in ways.items() if not named}
    assert unheard == {("todo-webhooks-fan-out", "lies")}


def test_a_failed_execution_pages_once() -> None:
    """The state machine's own message is the page; what measures the same failure is a ticket."""
    monitoring = next(path for path in TEMPLATES if path.name == "TodoMonitoringStack.json")
    found = json.loads(monitoring.read_text())["Resources"]
    alarms = {name: one["Properties"] for name, one in found.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    pages = [
        json.dumps(one["Properties"]["AlarmRule"])
        for one in found.values()
        if one["Type"] == "AWS::CloudWatch::CompositeAlarm" and one["Properties"]["AlarmName"].endswith("-page")
    ]
    of_failures = {"StateFailed", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "FailedBuilds"}
    paging = {one.get("MetricName") for name, one in alarms.items() if any(f'"{name}"' in rule for rule in pages)}
    assert of_failures <= {one.get("MetricName") for one in alarms.values()}
    assert of_failures & paging == set()
    assert (ROOT / "orchestration" / "pipeline.asl.json").read_text().count("${NotifyFunction}") == 1
