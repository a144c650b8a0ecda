"""Whoever is woken by a state finds a page about it."""

import json
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
STATES = json.loads((ROOT / "orchestration" / "pipeline.asl.json").read_text())["States"]
TASKS = [name for name, state in STATES.items() if state["Type"] == "Task"]
BOOKS = ROOT / "docs" / "runbooks"


@pytest.mark.parametrize("state", TASKS)
def test_a_task_state_has_a_runbook(state: str) -> None:
    text = (BOOKS / f"{state}.md").read_text()
    assert text.startswith(f"# {state}\n")
    assert "**Look.**" in text
    assert "**Then.**" in text


def test_the_message_gives_the_runbooks_address() -> None:
    message = STATES["NotifyOperators"]["Arguments"]["Message"]
    assert "'Runbook: ${RunbooksUrl}' & $failedState & '.md'" in message
