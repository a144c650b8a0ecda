"""The state machine's definition as the stacks see it: the file, and the task states in it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra import ROOT
from infra.stacks import names

DEFINITION = ROOT / "orchestration" / "pipeline.asl.json"
# what the definition calls by a name that a contract states
SUBSTITUTIONS = {
    "Crawler": names.CRAWLER,
    "DbtProject": names.DBT_PROJECT,
    "MetricsNamespace": names.NAMESPACE,
    "NotifyFunction": names.NOTIFY_FUNCTION,
    "PublishFunction": names.PUBLISH_FUNCTION,
    "SilverJob": names.SILVER_JOB,
    "WindowFunction": names.WINDOW_FUNCTION,
}


def definition() -> dict[str, Any]:
    """The Amazon States Language document, parsed."""
    document: dict[str, Any] = json.loads(DEFINITION.read_text())
    return document


def task_states(machine: Mapping[str, Any]) -> Iterator[str]:
    """The names of all Task states, also those inside Parallel and Map states, in the order of the document.

    Args:
        machine: a States Language document or a nested part of one: whatever has `States`.
    """
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name
        for nested in (
            *state.get("Branches", ()),
            *(state[key] for key in ("ItemProcessor", "Iterator") if key in state),
        ):
            yield from task_states(nested)
