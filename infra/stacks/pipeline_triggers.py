"""What starts the pipeline, and what hears how it ended."""

import json

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.environments import Environment
from infra.stacks import functions, names, pipeline_functions, roles
from infra.stacks.queues import failure_queue

NIGHTLY, WEEKLY, OTHER_NIGHTS = "cron(30 3 * * ? *)", "cron(0 5 ? * SUN *)", "cron(0 5 ? * MON-SAT *)"
# the night before is compared again, so that what a failed build left out is not left out for good
RECONCILED_DAYS = 2
TERMINAL_STATUSES = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
# an execution that could not be started for two hours will be by the next schedule
TRIED_FOR = Duration.hours(2)


def dead_letters(scope: Construct) -> tuple[sqs.Queue, sqs.Queue]:
    """`todo-pipeline-failures`, inputs of executions that were not started, which `insights replay` starts; and
    `todo-undelivered`, whatever else a schedule or a rule could not deliver."""
    return (
        failure_queue(scope, "PipelineFailures", names.PIPELINE_FAILURES),
        failure_queue(scope, "Undelivered", names.UNDELIVERED),
    )


def schedules(stack: Stack, failures: sqs.IQueue, undelivered: sqs.IQueue, environment: Environment) -> None:
    """Start the pipeline (hourly in prod), silver's maintenance every night, table against silver every week."""
    machine = names.arn(stack, "states", "stateMachine", names.STATE_MACHINE, ":")
    maintenance = names.arn(stack, "glue", "job", names.SILVER_MAINTENANCE_JOB)
    role = roles.role(
        stack,
        "ScheduleRole",
        "scheduler.amazonaws.com",
        roles.allow(["states:StartExecution"], [machine]),
        roles.allow(["glue:StartJobRun"], [maintenance]),
        roles.allow(["codebuild:StartBuild"], [names.arn(stack, "codebuild", "project", names.RECONCILE_PROJECT)]),
        roles.allow(["sqs:SendMessage"], [failures.queue_arn, undelivered.queue_arn]),
        source=names.arn(stack, "scheduler", "schedule-group", "default"),
    )
    for construct_id, name, expression, description, target, given in (
        (
            "Hourly",
            "todo-pipeline-hourly",
            environment.pipeline_schedule,
            "Everything since the last successful run",
            machine,
            "{}",
        ),
        (
            "Nightly",
            "todo-silver-nightly",
            NIGHTLY,
            "Erasures, compaction, snapshot expiry",
            "arn:aws:scheduler:::aws-sdk:glue:startJobRun",
            f'{{"JobName": "{names.SILVER_MAINTENANCE_JOB}"}}',
        ),
        (
            "Weekly",
            "todo-reconcile-weekly",
            WEEKLY,
            "Table against silver",
            "arn:aws:scheduler:::aws-sdk:codebuild:startBuild",
            f'{{"ProjectName": "{names.RECONCILE_PROJECT}"}}',
        ),
        (
            "OtherNights",
            "todo-reconcile-nightly",
            OTHER_NIGHTS,
            "What silver merged lately against the table",
            "arn:aws:scheduler:::aws-sdk:codebuild:startBuild",
            json.dumps(
                {
                    "ProjectName": names.RECONCILE_PROJECT,
                    "EnvironmentVariablesOverride": [
                        {"Name": "CHANGED_DAYS", "Value": str(RECONCILED_DAYS), "Type": "PLAINTEXT"}
                    ],
                }
            ),
        ),
    ):
        scheduler.CfnSchedule(
            stack,
            construct_id,
            name=name,
            description=description,
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=target,
                role_arn=role.role_arn,
                input=given,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=(failures if target == machine else undelivered).queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=int(TRIED_FOR.to_seconds()), maximum_retry_attempts=20
                ),
            ),
        )


def execution_end(stack: Stack, undelivered: sqs.IQueue, environment: Environment) -> None:
    """`todo-pipeline-ended`, and the rule that calls it for each execution that ends."""
    rule = events.Rule(
        stack,
        "Ended",
        rule_name=names.ENDED_FUNCTION,
        description="An execution of the pipeline has ended",
        event_pattern=events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={
                "stateMachineArn": [names.arn(stack, "states", "stateMachine", names.STATE_MACHINE, ":")],
                "status": list(TERMINAL_STATUSES),
            },
        ),
    )
    rule.add_target(
        targets.LambdaFunction(
            _function(stack, environment), dead_letter_queue=undelivered, retry_attempts=8, max_event_age=TRIED_FOR
        )
    )


def _function(stack: Stack, environment: Environment) -> lambda_.Function:
    executions = names.arn(stack, "states", "execution", f"{names.STATE_MACHINE}:*", ":")
    return functions.function(
        stack,
        "PipelineEnded",
        name=names.ENDED_FUNCTION,
        handler="orchestration.on_execution_end.handler.handler",
        environment=environment,
        description="Measures an execution's states, and reports what the machine could not",
        timeout=Duration.minutes(1),
        memory=512,
        variables=pipeline_functions.message_variables(stack, environment),
        statements=[
            roles.allow(["states:GetExecutionHistory"], [executions]),
            # takes no resource; the namespace is what narrows it
            roles.allow(["cloudwatch:PutMetricData"], ["*"], StringEquals={"cloudwatch:namespace": names.NAMESPACE}),
            *roles.publish_alerts(stack),
        ],
    )
