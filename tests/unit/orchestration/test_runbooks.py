"""The messages about a failed state lead to the page of the state's alarm."""

import json

import pytest

from infra import ROOT
from orchestration.notify.message import runbook_of

STATES = json.loads((ROOT / "orchestration" / "pipeline.asl.json").read_text())["States"]
TASKS = [name for name, state in STATES.items() if state["Type"] == "Task"]
RUNBOOKS = ROOT / "docs" / "runbooks"


@pytest.mark.parametrize("state", TASKS)
def test_the_page_that_a_message_names_exists(state: str) -> None:
    page = RUNBOOKS / f"{runbook_of(state)}.md"
    assert page.read_text().startswith(f"# todo-insights-pipeline-{state}-failed\n")


def test_the_message_names_the_page() -> None:
    assert runbook_of("BuildGold") == "todo-insights-pipeline-BuildGold-failed"
