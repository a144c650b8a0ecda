"""The pipeline: a state machine that crawls bronze, builds silver, builds gold."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.environments import Environment
from infra.stacks import names, pipeline, pipeline_functions, pipeline_triggers, reconcile, roles
from infra.stacks.log_groups import log_group

LOG_GROUP = f"/aws/vendedlogs/states/{names.STATE_MACHINE}"
# how Step Functions learns that a `.sync` build has ended:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
BUILD_EVENTS_RULE = "StepFunctionsGetEventForCodeBuildStartBuildRule"
# log delivery is set up per account, not per log group; none of these takes a resource:
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


class OrchestrationStack(Stack):
    """Runs the transforms in order and notifies operators when one fails."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, description="Todo API with Insights: the pipeline's state machine")
        pipeline_functions.window_function(self, environment)
        pipeline_functions.publish_function(self, environment)
        pipeline_functions.notify_function(self, environment)
        pipeline_functions.runs_table(self)
        reconcile.project(self, environment)
        failures, undelivered = pipeline_triggers.dead_letters(self)
        pipeline_triggers.schedules(self, failures, undelivered, environment)
        pipeline_triggers.execution_end(self, undelivered, environment)
        machine = stepfunctions.StateMachine(
            self,
            "Pipeline",
            state_machine_name=names.STATE_MACHINE,
            definition_body=stepfunctions.DefinitionBody.from_file(str(pipeline.DEFINITION)),
            definition_substitutions=pipeline.SUBSTITUTIONS,
            role=self._role(environment),
            tracing_enabled=environment.tracing,
            logs=stepfunctions.LogOptions(
                destination=log_group(self, "Logs", LOG_GROUP, environment),
                level=stepfunctions.LogLevel.ALL,
                include_execution_data=True,
            ),
        )
        CfnOutput(self, "StateMachineArn", value=machine.state_machine_arn, description="The pipeline")

    def _role(self, environment: Environment) -> iam.IRole:
        return roles.role(
            self,
            "Role",
            "states.amazonaws.com",
            roles.allow(["glue:StartCrawler", "glue:GetCrawler"], [names.arn(self, "glue", "crawler", names.CRAWLER)]),
            roles.allow(
                ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
                [names.arn(self, "glue", "job", names.SILVER_JOB)],
            ),
            roles.allow(
                ["codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"],
                [names.arn(self, "codebuild", "project", names.DBT_PROJECT)],
            ),
            roles.allow(
                ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                [names.arn(self, "events", "rule", BUILD_EVENTS_RULE)],
            ),
            roles.allow(
                ["lambda:InvokeFunction"],
                [
                    names.arn(self, "lambda", "function", name, ":")
                    for name in (names.WINDOW_FUNCTION, names.PUBLISH_FUNCTION, names.NOTIFY_FUNCTION)
                ],
            ),
            # the last state of the failure path ends its own task
            roles.allow(
                ["states:SendTaskFailure"], [names.arn(self, "states", "stateMachine", names.STATE_MACHINE, ":")]
            ),
            # PutMetricData takes no resource; the namespace is what narrows it
            roles.allow(["cloudwatch:PutMetricData"], ["*"], StringEquals={"cloudwatch:namespace": names.NAMESPACE}),
            roles.allow(DELIVER_LOGS, ["*"]),
            *([roles.write_traces()] if environment.tracing else []),
            source=names.arn(self, "states", "stateMachine", names.STATE_MACHINE, ":"),
        )
