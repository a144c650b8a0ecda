"""Why an execution failed: the cause in one sentence, the evidence, and the next command.

The rules of `fault_rules` are tried in their order, on the failure's own text first and then on the log's lines, the
last one first.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence

from orchestration.executions.fault_rules import LOGS, REDRIVE, RULES, Rule

MAX_EVIDENCE = 400


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What is known of a failure.

    Args:
        fault: the kind of fault, a word that does not change.
        cause: one sentence.
        evidence: the lines that tell it: of the failure, of a log, counts.
        command: what to type next.
    """

    fault: str
    cause: str
    evidence: list[str]
    command: str


def diagnose(state: str, text: str, log: Sequence[str], execution: str) -> Diagnosis:
    """Why a state failed.

    Args:
        state: the state that failed.
        text: what the execution says of it: the error and the cause.
        log: the last lines of the log of its job, build or function, oldest first.
        execution: name, for the command.
    """
    for rule, found, line in _matches(state, [text, *reversed(log)]):
        words = {"state": state, "execution": execution} | {
            name: (value or "what it needs").rstrip(".,") for name, value in found.groupdict().items()
        }
        evidence = [text] if line == text else [text, line]
        return Diagnosis(rule.fault, rule.cause.format(**words), _cut(evidence), rule.command.format(**words))
    last = [line for line in log if line.strip()][-1:]
    return Diagnosis(
        "unknown",
        f"State {state} failed, for a reason that no rule knows",
        _cut([text, *last]),
        LOGS.format(execution=execution),
    )


def stopped(status: str, state: str, cause: str, execution: str) -> Diagnosis:
    """Why an execution ended that no state of its own failed.

    Args:
        status: `ABORTED` or `TIMED_OUT`.
        state: that it was in.
        cause: what whoever stopped it has left.
        execution: its name.
    """
    if status == "ABORTED":
        output = f": {cause}" if cause else ""
        sentence = f"Somebody stopped the execution in state {state}{output}"
        return Diagnosis("execution-stopped", sentence, [], REDRIVE.format(execution=execution))
    sentence = f"The execution took longer than its limit of four hours, and was in state {state}"
    return Diagnosis("execution-timeout", sentence, [], LOGS.format(execution=execution))


def _matches(state: str, lines: Iterable[str]) -> Iterable[tuple[Rule, "re.Match[str]", str]]:
    for line in lines:
        for rule in RULES:
            if not rule.states or state in rule.states:
                found = re.search(rule.pattern, line)
                if found:
                    yield rule, found, line


def _cut(lines: Iterable[str]) -> list[str]:
    return [line if len(line) <= MAX_EVIDENCE else f"{line[: MAX_EVIDENCE - 1]}…" for line in lines if line]
