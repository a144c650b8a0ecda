"""What operators look at and are notified by: alarms, topics, budgets and the dashboard."""

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.environments import Environment
from infra.stacks import budgets, graphs, metrics, names
from infra.stacks.alarms import api, composites, functions, ingestion, pipeline, quality, service_levels, table
from infra.stacks.alarms.definition import Alarm
from infra.stacks.api import ACCESS_LOG_GROUP, ApiStack
from infra.stacks.topics import topics

# https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
BAD_ENDS = ("FAILED", "TIMEOUT", "STOPPED")


class MonitoringStack(Stack):
    """Alarms, the topics that they notify, budgets, and the dashboard."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, api_stack: ApiStack) -> None:
        super().__init__(scope, construct_id, description="Todo API with Insights: alarms, topics, budgets, dashboard")
        by_severity = topics(self, environment)
        self._count_authorizer_errors()
        self._report_jobs(by_severity["ticket"])
        definitions = self._definitions(environment, api_stack)
        created = [(each, each.create(self, environment.runbooks)) for each in definitions]
        composite = composites.create(
            self,
            created,
            {"page": actions.SnsAction(by_severity["page"]), "ticket": actions.SnsAction(by_severity["ticket"])},
            environment.runbooks,
        )
        budgets.create(self, environment)
        graphs.dashboard(
            self,
            composite,
            api_stack.http_api.api_id,
            bill=environment.target == "aws",
            service_levels=environment.service_levels,
        )

    def _definitions(self, environment: Environment, api_stack: ApiStack) -> list[Alarm]:
        return [
            *api.alarms(
                api_stack.http_api.api_id, api_stack.user_pool.user_pool_id, api_stack.client.user_pool_client_id
            ),
            *functions.alarms(),
            *table.alarms(environment),
            *ingestion.alarms(),
            *pipeline.alarms(self, environment),
            *quality.alarms(self, environment),
            *service_levels.alarms(self, environment),
        ]

    def _count_authorizer_errors(self) -> None:
        # API Gateway has no metric of an HTTP API's authorizer; its access log has the reason, or a hyphen
        logs.CfnMetricFilter(
            self,
            "AuthorizerErrors",
            log_group_name=ACCESS_LOG_GROUP,
            filter_pattern='{ $.authorizerError = "*" && $.authorizerError != "-" }',
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=names.NAMESPACE, metric_name=metrics.AUTHORIZER_ERRORS, metric_value="1"
                )
            ],
        )

    def _report_jobs(self, tickets: sns.Topic) -> None:
        """A ticket for maintenance that was killed from outside, when no code of ours could report it.

        The silver job's runs are the pipeline's, which reports them: one failure, one message.
        """
        rule = events.CfnRule(
            self,
            "JobsEnded",
            name="todo-jobs-ended",
            description="Maintenance of silver failed, ran out of time or was stopped",
            event_pattern={
                "source": ["aws.glue"],
                "detail-type": ["Glue Job State Change"],
                "detail": {
                    "jobName": [names.SILVER_MAINTENANCE_JOB],
                    "state": list(BAD_ENDS),
                },
            },
            targets=[events.CfnRule.TargetProperty(arn=tickets.topic_arn, id="tickets")],
        )
        rule.node.add_dependency(tickets)
