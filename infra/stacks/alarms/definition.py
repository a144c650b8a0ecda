"""What an alarm is: a metric and a threshold, and what whoever is notified must know."""

import dataclasses
from typing import Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

Stage = Literal["api", "table", "ingestion", "pipeline", "quality"]
Severity = Literal["page", "ticket"]
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
MAX_DESCRIPTION = 1024


@dataclasses.dataclass(frozen=True, kw_only=True)
class Alarm:
    """One CloudWatch alarm.

    Args:
        name: the alarm's name, which begins with `todo-`; its page is docs/runbooks/<name>.md.
        stage: whose composite alarm it belongs to.
        severity: `page` for what users notice now, `ticket` for what can wait until the morning.
        meaning: what has happened.
        impact: what it does to users, operators or the bill.
        metric: what is measured; its period is the alarm's.
        threshold: in the metric's unit.
        operator: how the metric is compared with the threshold.
        periods: how many periods are looked at, and have to breach.
        missing_data: what a period without data means; mostly that nothing failed.
        hold: for how many periods it stays on after one that breached. An alarm that silences others has to outlast
            them, or they would notify once it ends.
        together: alarms of one severity with the same word notify only while all of them are on; empty for none.
    """

    name: str
    stage: Stage
    severity: Severity
    meaning: str
    impact: str
    metric: cloudwatch.IMetric
    threshold: float = 1
    operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    periods: int = 1
    missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING
    hold: int = 1
    together: str = ""

    def description(self, runbooks: str) -> str:
        """What the notification says.

        Args:
            runbooks: URL or folder of the runbooks, with a slash at its end.
        """
        return f"[{self.severity}] {self.meaning}. Impact: {self.impact}. Runbook: {runbooks}{self.name}.md"

    def create(self, scope: Construct, runbooks: str) -> cloudwatch.Alarm:
        """The CloudWatch alarm, without actions: the stage's composite alarms notify."""
        words = self.name.removeprefix("todo-").replace("_", "-").split("-")
        return cloudwatch.Alarm(
            scope,
            "Alarm" + "".join(word[:1].upper() + word[1:] for word in words),
            alarm_name=self.name,
            alarm_description=self.description(runbooks),
            metric=self.metric,
            threshold=self.threshold,
            evaluation_periods=max(self.periods, self.hold),
            datapoints_to_alarm=1 if self.hold > 1 else None,
            comparison_operator=self.operator,
            treat_missing_data=self.missing_data,
        )
