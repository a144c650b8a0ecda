"""What an alarm of the platform means, and the command that leads on; the alarms of states lead to an execution."""

import re

from orchestration.contract import STATE_MACHINE
from orchestration.executions.diagnosis import Diagnosis

# the alarm's description, as `infra.stacks.alarms.definition` writes it
DESCRIPTION = re.compile(r"\[\w+\] (?P<meaning>.+?)\. Impact: (?P<impact>.+?)\. Runbook: (?P<runbook>\S+)")
# alarms that tell of a failed execution, which has the cause
OF_EXECUTIONS = re.compile(
    rf"{STATE_MACHINE}-(?:(?P<state>\w+)-failed|executions-(?:failed|timedout|aborted))|todo-slo-freshness(?:-\S+)?"
)
SIGN_INS = "AttributeKey=EventSource,AttributeValue=cognito-idp.amazonaws.com"
# by the alarm's name, the first that matches
COMMANDS = (
    (r"todo-cdc-(?:failures|quarantine)-not-empty", "insights replay --queue cdc"),
    (r"todo-stream-records-not-kept", "insights backfill --full"),
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
    (r"todo-reconcile-[\w-]+|todo-slo-completeness-\S+", "insights reconcile"),
    (r"todo-publish-insights-(?:skipped|errors|duration)", "insights pipeline logs --state PublishInsights"),
    (
        r"todo-(?:resolve-window|notify-operators|pipeline-ended)-(?:errors|duration)",
        "insights pipeline history --limit 5",
    ),
    (r"todo-webhooks-(?:failures|not-queued)-not-empty", "insights replay --queue webhooks --dry-run"),
    (
        r"todo-webhooks-queue-age",
        "aws lambda list-event-source-mappings --function-name todo-webhooks-deliver",
    ),
    (
        r"todo-webhooks-(?P<function>deliver|fan-out)-(?:errors|duration|iterator-age|none-delivered)",
        "aws logs tail /aws/lambda/todo-webhooks-{function} --since 1h",
    ),
    (rf"{STATE_MACHINE}-not-started", "insights pipeline start --wait"),
    (rf"{STATE_MACHINE}-executions-throttled", "insights pipeline history --limit 5"),
    (rf"{STATE_MACHINE}-(?P<state>\w+)-slow", "insights pipeline logs --state {state}"),
    (r"todo-dbt-failed-builds", "insights pipeline logs --state BuildGold"),
    (r"todo-app-data-\S+-throttles|todo-app-data-user-size", 'insights query --saved "The most active users"'),
    # a function's, whose account has no room for one more
    (r"todo-(?!users)\S+-(?:throttles|concurrency)", "insights doctor"),
    (r"todo-(?:api-\w+|slo-(?:availability|latency)-\S+|app-data-system-errors)", "insights smoke api"),
    (r"todo-silver-maintenance-[\w-]+", "aws glue start-job-run --job-name todo-silver-maintenance"),
    (r"(?P<workgroup>todo-\S+)-scan-limit", "aws athena list-query-executions --work-group {workgroup} --max-items 20"),
    (
        r"todo-users-\S+",
        f"aws cloudtrail lookup-events --max-items 50 --lookup-attributes {SIGN_INS}",
    ),
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
