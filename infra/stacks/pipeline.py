"""The state machine's definition as the stacks see it: the file, and the task states in it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from api.contract import METRICS_NAMESPACE
from infra import ROOT
from orchestration.contract import NOTIFY_FUNCTION, PUBLISH_FUNCTION, WINDOW_FUNCTION
from transforms.contract import CRAWLER, DBT_PROJECT, SILVER_JOB

DEFINITION = ROOT / "orchestration" / "pipeline.asl.json"
# what the definition calls by a name that a contract states
SUBSTITUTIONS = {
    "Crawler": CRAWLER,
    "DbtProject": DBT_PROJECT,
    "MetricsNamespace": METRICS_NAMESPACE,
    "NotifyFunction": NOTIFY_FUNCTION,
    "PublishFunction": PUBLISH_FUNCTION,
    "SilverJob": SILVER_JOB,
    "WindowFunction": WINDOW_FUNCTION,
}


def definition() -> dict[str, Any]:
    """The Amazon States Language document, parsed."""
    document: dict[str, Any] = json.loads(DEFINITION.read_text())
    return document


def substituted(values: Mapping[str, str]) -> str:
    """The document as Step Functions gets it, with other names for what it calls.

    Args:
        values: a name for each key of `SUBSTITUTIONS`.
    """
    return re.sub(r"\$\{(\w+)\}", lambda placeholder: values[placeholder[1]], DEFINITION.read_text())


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
