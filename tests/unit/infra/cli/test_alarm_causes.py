"""What `insights why` says of an alarm."""

import json

import pytest

from infra import ROOT
from infra.cli.alarm_causes import explain, failed_state


@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        ("todo-insights-pipeline-BuildSilver-failed", (True, "BuildSilver")),
        ("todo-insights-pipeline-executions-timedout", (True, None)),
        ("todo-slo-freshness", (True, None)),
        ("todo-slo-freshness-fast-360m", (True, None)),
        ("todo-insights-pipeline-BuildSilver-slow", (False, None)),
        ("todo-dbt-failed-builds", (False, None)),
    ],
)
def test_alarms_of_failed_executions_lead_to_the_execution(alarm: str, expected: tuple[bool, str | None]) -> None:
    assert failed_state(alarm) == expected


@pytest.mark.parametrize(
    ("alarm", "command"),
    [
        ("todo-cdc-quarantine-not-empty", "insights replay --queue cdc"),
        ("todo-pipeline-failures-not-empty", "insights replay --queue pipeline"),
        ("todo-logs-stream-processing", "insights replay --queue logs --dry-run"),
        ("todo-silver-unreadable-objects", "insights replay --queue unreadable --dry-run"),
        ("todo-insights-pipeline-BuildGold-slow", "insights pipeline logs --state BuildGold"),
        ("todo-reconcile-differences", "insights reconcile"),
        ("todo-reconcile-not-done", "insights reconcile"),
        ("todo-silver-maintenance-not-done", "aws glue start-job-run --job-name todo-silver-maintenance"),
        ("todo-api-throttles", "insights doctor"),
        ("todo-webhooks-not-queued-not-empty", "insights replay --queue webhooks --dry-run"),
        ("todo-slo-completeness-slow-4320m", "insights reconcile"),
        ("todo-slo-availability-fast-60m", "insights smoke api"),
    ],
)
def test_an_alarm_is_explained_by_its_description_and_leads_to_a_command(alarm: str, command: str) -> None:
    description = "[ticket] Something happened. Impact: somebody waits. Runbook: docs/runbooks/Api.md"
    found = explain(alarm, description, "Threshold crossed")
    assert (found.cause, found.evidence) == ("Something happened; somebody waits", ["Threshold crossed"])
    assert found.command == command


def test_an_alarm_without_a_command_of_its_own_names_its_runbook() -> None:
    found = explain("todo-something-new", "[page] M. Impact: i. Runbook: docs/runbooks/Table.md", "")
    assert found.evidence == ["runbook: docs/runbooks/Table.md"]


def test_every_alarm_of_prod_but_those_of_alarms_has_a_command_of_its_own() -> None:
    templates = [json.loads(path.read_text()) for path in (ROOT / "cdk.snapshots" / "prod").glob("*.json")]
    resources = [one for template in templates for one in template["Resources"].values()]
    alarms = [one["Properties"]["AlarmName"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    alone = [alarm for alarm in alarms if not failed_state(alarm)[0]]
    assert len(alone) > 50
    assert [alarm for alarm in alone if explain(alarm, "", "").command == "insights status"] == []
