"""What operators look at and are woken by: one topic, one dashboard, alarms.

Alarms on the pipeline's states are made from its definition, so a new state cannot come without its alarm.
"""

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.stacks import graphs, metrics, names, pipeline

HOUR = Duration.hours(1)
# how long a task state takes at most on a normal day; a job that waits for its data to shrink is worth a look
DURATIONS = {
    "ResolveWindow": Duration.minutes(45),
    "CrawlBronze": Duration.minutes(5),
    "PollCrawl": Duration.minutes(15),
    "BuildSilver": Duration.minutes(30),
    "CheckSilver": Duration.minutes(15),
    "BuildGold": Duration.minutes(30),
    "PublishInsights": Duration.minutes(10),
    "RecordFailure": Duration.minutes(2),
    "NotifyOperators": Duration.minutes(2),
    "Failed": Duration.minutes(2),
}
NOT_STARTED_HOURS = 26


class MonitoringStack(Stack):
    """Alarms, the topic that they notify, and the dashboard."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, description="Todo API with Insights: alarms, topic, dashboard")
        self._action = actions.SnsAction(self._topic())
        alarms = [
            *self._state_alarms(),
            *self._duration_alarms(),
            *self._execution_alarms(),
            self._not_started_alarm(),
            *self._capture_alarms(),
        ]
        graphs.dashboard(self, alarms)

    def _topic(self) -> sns.Topic:
        # the key that AWS manages for SNS does not let CloudWatch alarms publish:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
        key = kms.Key(
            self,
            "AlertsKey",
            alias=names.ALERTS_KEY_ALIAS,
            description="Encrypts the alerts topic",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        cloudwatch_service = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch_service], actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=["*"]
            )
        )
        topic = sns.Topic(
            self,
            "Alerts",
            topic_name=names.ALERTS,
            display_name="Todo API with Insights",
            master_key=key,
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[cloudwatch_service],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
            )
        )
        return topic

    def _state_alarms(self) -> list[cloudwatch.Alarm]:
        return [
            self._alarm(
                f"{state}Failed",
                f"{names.STATE_MACHINE}-{state}-failed",
                f"State {state} of the pipeline failed",
                metrics.failures(state),
            )
            for state in pipeline.task_states(pipeline.definition())
        ]

    def _duration_alarms(self) -> list[cloudwatch.Alarm]:
        return [
            self._alarm(
                f"{state}Slow",
                f"{names.STATE_MACHINE}-{state}-slow",
                f"State {state} of the pipeline takes longer than on a normal day",
                metrics.of_state(names.STATE_DURATION, state, "Maximum"),
                threshold=DURATIONS[state].to_seconds(),
            )
            for state in pipeline.task_states(pipeline.definition())
        ]

    def _not_started_alarm(self) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            "NotStarted",
            alarm_name=f"{names.STATE_MACHINE}-not-started",
            alarm_description=f"The pipeline has not been started for {NOT_STARTED_HOURS} hours",
            metric=metrics.of_executions(self, "ExecutionsStarted").with_(period=HOUR),
            threshold=1,
            evaluation_periods=NOT_STARTED_HOURS,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            # no data is what it is about
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        alarm.add_alarm_action(self._action)
        return alarm

    def _execution_alarms(self) -> list[cloudwatch.Alarm]:
        return [
            self._alarm(
                f"Executions{ending}",
                f"{names.STATE_MACHINE}-executions-{ending.lower()}",
                f"Executions of the pipeline: {ending}",
                metrics.of_executions(self, f"Executions{ending}" if ending != "Throttled" else "ExecutionThrottled"),
            )
            for ending in ("Failed", "TimedOut", "Aborted", "Throttled")
        ]

    def _capture_alarms(self) -> list[cloudwatch.Alarm]:
        return [
            self._alarm(
                "CdcErrors",
                f"{names.CDC_FUNCTION}-errors",
                "Change capture fails and retries",
                metrics.of_function(names.CDC_FUNCTION, "Errors", "Sum"),
            ),
            self._alarm(
                "CdcBehind",
                f"{names.CDC_FUNCTION}-iterator-age",
                "Changes wait more than five minutes for their way into bronze",
                metrics.of_function(names.CDC_FUNCTION, "IteratorAge", "Maximum"),
                threshold=Duration.minutes(5).to_milliseconds(),
            ),
            self._alarm(
                "CdcGaveUp",
                f"{names.CDC_FAILURES}-not-empty",
                "Changes that could not be captured wait in the failures queue",
                metrics.waiting(names.CDC_FAILURES),
            ),
            self._alarm(
                "Differences",
                f"{names.RECONCILE_PROJECT}-differences",
                "Table and silver do not agree: `insights reconcile` lists where",
                metrics.of_lake(names.RECONCILE_DIFFERENCES),
            ),
            self._alarm(
                "MaintenanceFailed",
                f"{names.SILVER_MAINTENANCE_JOB}-failed",
                "Maintenance of silver failed: users who asked for it may not be erased yet",
                metrics.of_lake(names.MAINTENANCE_FAILED),
            ),
            self._alarm(
                "PipelineNotDelivered",
                f"{names.PIPELINE_FAILURES}-not-empty",
                "Executions of the pipeline that were not started wait in the failures queue: `insights replay`",
                metrics.waiting(names.PIPELINE_FAILURES),
            ),
            self._alarm(
                "NotDelivered",
                f"{names.UNDELIVERED}-not-empty",
                "A start of maintenance or comparison, or the end of an execution, could not be delivered",
                metrics.waiting(names.UNDELIVERED),
            ),
            self._alarm(
                "CdcQuarantined",
                f"{names.CDC_QUARANTINE}-not-empty",
                "Changes that no delivery stream takes wait in the quarantine queue",
                metrics.waiting(names.CDC_QUARANTINE),
            ),
            self._alarm(
                "LogsErrors",
                f"{names.LOGS_FUNCTION}-errors",
                "Request logs are kept below errors/logs/ instead of reaching bronze",
                metrics.of_function(names.LOGS_FUNCTION, "Errors", "Sum"),
            ),
        ]

    def _alarm(
        self, construct_id: str, name: str, description: str, metric: cloudwatch.Metric, threshold: float = 1
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=name,
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # no data means that nothing failed
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        return alarm
