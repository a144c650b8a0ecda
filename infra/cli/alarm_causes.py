"""What an alarm of the platform means, and the command that leads on; the alarms of states lead to an execution."""

import re

from orchestration.contract import STATE_MACHINE
from orchestration.executions.diagnosis import Diagnosis

# the alarm's description, as `infra.stacks.alarms.definition` writes it
DESCRIPTION = re.compile(r"\[\w+\] (?P<meaning>.+?)\. Impact: (?P<impact>.+?)\. Runbook: (?P<runbook>\S+)")
# alarms that tell of a failed execution, which has the cause
OF_EXECUTIONS = re.compile(
    rf"{STATE_MACHINE}-(?:(?P<state>\w+)-failed|executions-(?:failed|timedout|aborted))|todo-slo-freshness"
)
# by the alarm's name, the first that matches
COMMANDS = (
    (r"todo-cdc-(?:failures|quarantine)-not-empty", "insights replay --queue cdc"),
    (r"todo-pipeline-failures-not-empty", "insights replay --queue pipeline"),
    (r"todo-undelivered-not-empty", "insights replay --dry-run"),
    (r"todo-logs-(?:stream-processing|errors|not-transformed)", "insights replay --queue logs --dry-run"),
    (r"todo-(?:cdc|logs)-(?:stream-\w+|iterator-age|errors|duration)", "insights replay --dry-run"),
    (r"todo-silver-unreadable-objects", "insights replay --queue unreadable --dry-run"),
    (
        r"todo-silver-rejects",
        'insights query "select reason, count(*) from todo_silver.rejects group by 1"',
    ),
    (r"todo-dbt-test-warnings", "insights pipeline logs --state BuildGold"),
    (r"todo-reconcile-\w+", "insights reconcile"),
    (r"todo-publish-insights-skipped", "insights pipeline logs --state PublishInsights"),
    (rf"{STATE_MACHINE}-not-started", "insights pipeline start --wait"),
    (rf"{STATE_MACHINE}-(?P<state>\w+)-slow", "insights pipeline logs --state {state}"),
    (r"todo-dbt-failed-builds", "insights pipeline logs --state BuildGold"),
    (r"todo-api-\w+|todo-slo-(?:availability|latency)-\S+", "insights smoke api"),
    (r"todo-silver-maintenance-\w+", "insights status"),
)


def failed_state(alarm: str) -> tuple[bool, str | None]:
    """Whether an alarm tells of a failed execution, and in which state if it says so."""
    found = OF_EXECUTIONS.fullmatch(alarm)
    return found is not None, found and found["state"]


def explain(alarm: str, description: str, reason: str) -> Diagnosis:
    """What an alarm means.

    Args:
        alarm: its name.
        description: its description.
        reason: why it is in its state, as CloudWatch says.
    """
    parts = DESCRIPTION.match(description)
    cause = f"{parts['meaning']}; {parts['impact']}" if parts else description or f"The alarm {alarm} went off"
    for pattern, command in COMMANDS:
        found = re.fullmatch(pattern, alarm)
        if found:
            return Diagnosis(alarm, cause, [reason] if reason else [], command.format(**found.groupdict()))
    runbook = parts["runbook"].rsplit("/", 1)[-1].removesuffix(".md") if parts else "README"
    evidence = [reason] if reason else []
    return Diagnosis(alarm, cause, [*evidence, f"runbook: docs/runbooks/{runbook}.md"], "insights status")
