"""Whom alarms notify: one topic that pages, one for tickets, and who is subscribed to them."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.environments import Environment
from infra.stacks import names, roles

PUBLISH = ("kms:Decrypt", "kms:GenerateDataKey")
# what a notification's graph in the channel is drawn from; none of them takes a resource that is known here
READ_ALARMS = ("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage")


def topics(scope: Construct, environment: Environment) -> dict[str, sns.Topic]:
    """`todo-alerts`, which pages, and `todo-tickets`, by severity; beside them `todo-figure-alerts`, for analysts.

    Args:
        scope: the stack.
        environment: has the address and the chat channel to subscribe.
    """
    key = _key(scope)
    made = {
        severity: _topic(scope, construct_id, name, key)
        for severity, construct_id, name in (("page", "Alerts", names.ALERTS), ("ticket", "Tickets", names.TICKETS))
    }
    _topic(scope, "FigureAlerts", names.FIGURE_ALERTS, key)
    if environment.alert_email:
        for construct_id, topic in zip(("AlertsMail", "TicketsMail"), made.values(), strict=True):
            # AWS sends a mail with a link first; nothing is delivered until somebody has followed it
            sns.CfnSubscription(
                scope, construct_id, topic_arn=topic.topic_arn, protocol="email", endpoint=environment.alert_email
            )
    if environment.chat_workspace:
        _chat(scope, environment, [topic.topic_arn for topic in made.values()])
    return made


def _key(scope: Construct) -> kms.Key:
    # the key that AWS manages for SNS does not let CloudWatch alarms publish:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    key = kms.Key(
        scope,
        "AlertsKey",
        alias=names.ALERTS_KEY_ALIAS,
        description="Encrypts the topics of alarms",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.DESTROY,
    )
    for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com"):
        key.add_to_resource_policy(
            iam.PolicyStatement(principals=[_of_this_account(service)], actions=list(PUBLISH), resources=["*"])
        )
    return key


def _topic(scope: Construct, construct_id: str, name: str, key: kms.Key) -> sns.Topic:
    topic = sns.Topic(
        scope,
        construct_id,
        topic_name=name,
        display_name="Todo API with Insights",
        master_key=key,
        enforce_ssl=True,
    )
    for sid, service in (("AlarmsPublish", "cloudwatch.amazonaws.com"), ("RulesPublish", "events.amazonaws.com")):
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[_of_this_account(service)],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
            )
        )
    return topic


def _of_this_account(service: str) -> iam.ServicePrincipal:
    return iam.ServicePrincipal(service, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})


def _chat(scope: Construct, environment: Environment, topic_arns: list[str]) -> None:
    # https://docs.aws.amazon.com/chatbot/latest/adminguide/slack-setup.html
    role = roles.role(scope, "ChatRole", "chatbot.amazonaws.com", roles.allow(READ_ALARMS, ["*"]))
    chatbot.CfnSlackChannelConfiguration(
        scope,
        "Chat",
        configuration_name=f"todo-{environment.name}",
        iam_role_arn=role.role_arn,
        slack_workspace_id=environment.chat_workspace,
        slack_channel_id=environment.chat_channel,
        sns_topic_arns=topic_arns,
        logging_level="ERROR",
    )
