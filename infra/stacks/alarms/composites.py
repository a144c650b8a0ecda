"""Composite alarms: one per stage and severity, the only alarms that notify.

A cause in one stage makes alarms of later stages go off, too. A composite alarm therefore stays silent while a stage
that feeds it pages, and a ticket while its own stage pages: one incident notifies once.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.stacks.alarms.definition import Alarm, Severity, Stage

# stage -> all stages before it, whose incidents explain its own
CAUSES: dict[Stage, tuple[Stage, ...]] = {
    "table": (),
    "api": ("table",),
    "ingestion": ("table",),
    "pipeline": ("table", "ingestion"),
    "quality": ("table", "ingestion", "pipeline"),
}
SEVERITIES: tuple[Severity, ...] = ("page", "ticket")
Actions = Mapping[Severity, cloudwatch.IAlarmAction]


def create(
    scope: Construct, created: Sequence[tuple[Alarm, cloudwatch.Alarm]], actions: Actions, runbooks: str
) -> list[cloudwatch.CompositeAlarm]:
    """Make the composite alarms.

    Args:
        scope: the stack.
        created: every alarm's definition with its CloudWatch alarm.
        actions: whom each severity notifies, of the alarm and of its end.
        runbooks: URL or folder of the runbooks, with a slash at its end.

    Returns:
        the composite alarms, in the order of the stages.
    """
    made: dict[tuple[Stage, Severity], cloudwatch.CompositeAlarm] = {}
    for stage, causes in CAUSES.items():
        for severity in SEVERITIES:
            members = [(each, alarm) for each, alarm in created if (each.stage, each.severity) == (stage, severity)]
            if not members:
                continue
            silencing = [made[cause, "page"] for cause in causes if (cause, "page") in made]
            if severity == "ticket" and (stage, "page") in made:
                silencing.append(made[stage, "page"])
            description = (
                f"[{severity}] Something is wrong in stage {stage}: its alarms in ALARM say what. "
                f"Runbook: {runbooks}{_name(stage, severity)}.md"
            )
            made[stage, severity] = _composite(
                scope, _name(stage, severity), description, members, silencing, actions[severity]
            )
    return list(made.values())


def _composite(
    scope: Construct,
    name: str,
    description: str,
    members: Sequence[tuple[Alarm, cloudwatch.Alarm]],
    silencing: Sequence[cloudwatch.IAlarm],
    action: cloudwatch.IAlarmAction,
) -> cloudwatch.CompositeAlarm:
    rule = cloudwatch.AlarmRule.any_of(*_terms(members))
    if silencing:
        quiet = [
            cloudwatch.AlarmRule.not_(cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM))
            for alarm in silencing
        ]
        rule = cloudwatch.AlarmRule.all_of(rule, *quiet)
    composite = cloudwatch.CompositeAlarm(
        scope,
        "Composite" + "".join(word.capitalize() for word in name.split("-")[1:]),
        composite_alarm_name=name,
        alarm_description=description,
        alarm_rule=rule,
    )
    composite.add_alarm_action(action)
    composite.add_ok_action(action)
    return composite


def _name(stage: Stage, severity: Severity) -> str:
    return f"todo-{stage}-{severity}"


def _terms(members: Sequence[tuple[Alarm, cloudwatch.Alarm]]) -> list[cloudwatch.IAlarmRule]:
    def in_alarm(alarm: cloudwatch.Alarm) -> cloudwatch.IAlarmRule:
        return cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM)

    alone = [in_alarm(alarm) for each, alarm in members if not each.together]
    groups = dict.fromkeys(each.together for each, _ in members if each.together)
    # a budget burns only while all of its windows say so
    return alone + [
        cloudwatch.AlarmRule.all_of(*[in_alarm(alarm) for each, alarm in members if each.together == group])
        for group in groups
    ]
