"""The fault matrix names tests, alarms and commands that there are, and the page is what it says."""

import ast
import json
import re
import shlex

import pytest

from infra import ROOT
from infra.cli.app import COMMANDS
from infra.cli.pipeline import COMMANDS as PIPELINE_COMMANDS
from tests.faults import FAULTS, PAGE, Fault, text

TEMPLATE = ROOT / "cdk.snapshots" / "prod" / "TodoMonitoringStack.json"


def test_the_page_is_what_the_matrix_says() -> None:
    assert PAGE.read_text() == text(), "run python -m tests.faults"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.fault[:50])
def test_a_fault_names_a_test_an_alarm_and_a_command_that_there_are(fault: Fault) -> None:
    path, _, name = fault.test.partition("::")
    functions = [
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert name in functions
    resources = json.loads(TEMPLATE.read_text())["Resources"].values()
    alarms = {one["Properties"].get("AlarmName") for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"}
    assert not fault.alarm or fault.alarm in alarms
    if fault.command:
        program, command, *rest = shlex.split(fault.command)
        assert program == "insights"
        assert command in COMMANDS
        assert command != "pipeline" or rest[0] in PIPELINE_COMMANDS


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.alarm and one.command], ids=lambda one: one.fault[:50])
def test_the_runbook_of_the_alarm_has_the_command_as_it_is_typed(fault: Fault) -> None:
    runbook = (ROOT / "docs" / "runbooks" / f"{fault.alarm}.md").read_text()
    text = re.sub(r"[\"']", "", " ".join(runbook.split()))
    # a page names no certain table
    command = re.sub(r"[\"']", "", fault.command).replace("--rebuild users", "--rebuild TABLE")
    assert f"`{command}`" in text


def test_every_command_of_the_matrix_is_typed() -> None:
    assert "| called |" not in PAGE.read_text()


def test_a_fault_without_an_alarm_repairs_itself_or_is_the_operators_own_doing() -> None:
    assert [fault.fault for fault in FAULTS if not fault.alarm and fault.command] == [
        "The local account is stopped during a run"
    ]
