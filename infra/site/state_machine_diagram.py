"""docs/reference/state-machine.md: the pipeline's states as a picture and a table, from its definition."""

import json
from collections.abc import Iterator
from typing import Any

from infra import ROOT
from infra.site.error_names import error_table
from infra.site.markdown import code, codes, page, table

DEFINITION = ROOT / "orchestration" / "pipeline.asl.json"
SHAPES = {"Choice": ("{", "}"), "Succeed": ("([", "])"), "Wait": ("(", ")")}
INTRODUCTION = """\
# State machine

Written by `make reference` from [pipeline.asl.json](../../orchestration/pipeline.asl.json), the definition of
`todo-insights-pipeline`. Dashed lines are failures that a state catches."""


ERRORS = """\
An integration names an error after the service and its exception, as in `Glue.CrawlerRunningException`. A function's
error has the name of its class. An execution that fails has the name of the failed state as its error."""


def text() -> str:
    """The whole page."""
    definition = json.loads(DEFINITION.read_text())
    states = definition["States"]
    rows = [
        (code(name), state["Type"], resource(state), _limit(state), _retried(state), comment(state))
        for name, state in states.items()
    ]
    return page(
        INTRODUCTION,
        definition["Comment"],
        f"```mermaid\n{diagram(definition)}\n```",
        "## States",
        f"An execution ends after {definition['TimeoutSeconds'] // 60} minutes at the latest.",
        table(("state", "type", "calls", "timeout", "retried", "what it does"), rows),
        "## Errors by name",
        ERRORS,
        error_table(definition),
    )


def undocumented() -> list[str]:
    """States without a comment."""
    states = json.loads(DEFINITION.read_text())["States"]
    return [f"state {name} has no Comment in the definition" for name, state in states.items() if not comment(state)]


def diagram(definition: dict[str, Any]) -> str:
    """The definition as a Mermaid flowchart."""
    lines = ["flowchart TD"]
    for name, state in definition["States"].items():
        before, after = SHAPES.get(state["Type"], ("[", "]"))
        lines.append(f"    {name}{before}{name}{after}")
    for name, state in definition["States"].items():
        for target, is_catch in sorted(set(_edges(state))):
            lines.append(f"    {name} {'-.->' if is_catch else '-->'} {target}")
    return "\n".join(lines)


def resource(state: dict[str, Any]) -> str:
    """The API that a task calls, without what all ARNs of integrations have in common; empty for other states."""
    return code(state["Resource"].removeprefix("arn:aws:states:::")) if "Resource" in state else ""


def comment(state: dict[str, Any]) -> str:
    """What a state does."""
    return str(state.get("Comment", ""))


def _edges(state: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], False
    for choice in state.get("Choices", []):
        yield choice["Next"], False
    for catch in state.get("Catch", []):
        yield catch["Next"], True


def _limit(state: dict[str, Any]) -> str:
    seconds = state.get("TimeoutSeconds")
    if seconds is None:
        return ""
    return f"{seconds} s" if seconds < 600 else f"{seconds // 60} min"


def _retried(state: dict[str, Any]) -> str:
    errors = sorted({error for retrier in state.get("Retry", []) for error in retrier["ErrorEquals"]})
    return codes(errors)
