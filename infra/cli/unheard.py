"""What would fail without a word: schedules that are switched off, and topics of alarms that nobody is subscribed to.

The local account has no schedules by design (ADR 0046) and nobody to notify, so this is asked of AWS only.
"""

from collections.abc import Iterator, Sequence

import boto3

from infra.resource_names import ALERTS, TICKETS

TOPICS = (ALERTS, TICKETS)
SCHEDULES = "todo-"
# of a subscription that its address has not confirmed: https://docs.aws.amazon.com/sns/latest/api/API_Subscription.html
UNCONFIRMED = ("PendingConfirmation", "Deleted")


def find_unheard(topics: Sequence[str] = TOPICS, schedules: str = SCHEDULES) -> list[str]:
    """One sentence for each schedule that is off and each topic without a confirmed subscriber.

    Args:
        topics: names of the topics that notify.
        schedules: what the names of the schedules begin with.

    Raises:
        botocore.exceptions.ClientError: a service refused.
    """
    return [*_schedules_off(schedules), *_topics_without_subscriber(topics)]


def _schedules_off(prefix: str) -> Iterator[str]:
    for page in boto3.client("scheduler").get_paginator("list_schedules").paginate(NamePrefix=prefix):
        for found in page["Schedules"]:
            if found.get("State") != "ENABLED":
                yield f"the schedule {found['Name']} is switched off"


def _topics_without_subscriber(topics: Sequence[str]) -> Iterator[str]:
    sns = boto3.client("sns")
    arns = [topic["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for topic in page["Topics"]]
    for name in topics:
        for arn in (one for one in arns if one.rpartition(":")[2] == name):
            pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
            subscribed = [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
            if not [one for one in subscribed if one not in UNCONFIRMED]:
                yield f"nobody is subscribed to {name}: alarms notify nobody"
