"""EventBridge Scheduler: schedules rest unless the account is asked to keep them, and reach every target that AWS does.

AWS: a schedule starts its target at its times, with the permissions of its role. A target of the form
`arn:aws:scheduler:::aws-sdk:<service>:<action>` is that API call with the schedule's input; what cannot be delivered
ends in the dead-letter queue. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html

MiniStack 1.5.33 fires schedules by itself, ten seconds late at most: an account on a laptop would run Spark every hour,
in the middle of whatever else goes on. It knows neither universal targets nor dead letters, and asks no permission.

Here a schedule fires only in an account with `INSIGHTS_LOCAL_SCHEDULES=on`; it is stored and can be read in any. Its
target is called with its role's session.

Hooks: `scheduler._tick_schedules`; `eventbridge._invoke_target`, for schedules only.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.exceptions

from infra.local.account.credentials import role_session, settings
from infra.local.account.hooks import in_background, replace

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
logger = logging.getLogger(__name__)


def call(session: boto3.Session, target: Mapping[str, Any]) -> None:
    """Make the call that a schedule's target stands for.

    Raises:
        botocore.exceptions.ClientError: the service refused.
        NotImplementedError: the completion has no such target.
    """
    arn, given = str(target["Arn"]), str(target.get("Input") or "{}")
    if arn.startswith(UNIVERSAL):
        service, action = arn.removeprefix(UNIVERSAL).split(":")
        client = session.client(service)  # type: ignore[call-overload]
        operation = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action)
        getattr(client, operation)(**json.loads(given))
    elif ":states:" in arn:
        session.client("stepfunctions").start_execution(stateMachineArn=arn, input=given)
    elif ":lambda:" in arn:
        session.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=given.encode())
    elif ":sqs:" in arn:
        _send(session, arn, given)
    else:
        raise NotImplementedError(f"the local account has no schedules for {arn}")


def deliver(target: Mapping[str, Any]) -> None:
    """Call the target as its role; what fails goes to the dead-letter queue, as its input."""
    session = role_session(str(target["RoleArn"]), "schedule")
    try:
        call(session, target)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, NotImplementedError):
        logger.exception("a schedule could not reach %s", target["Arn"])
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            _send(session, queue, str(target.get("Input") or "{}"))


def _send(session: boto3.Session, queue_arn: str, body: str) -> None:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[-1])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)


def apply() -> None:
    """Put the completion in place."""
    from ministack.services import eventbridge, scheduler

    def tick() -> None:
        if settings().schedules:
            original_tick()

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> Any:
        if event.get("Source") == "aws.scheduler":
            return in_background(deliver, target)
        return original_target(target, event, rule, view)

    original_tick = replace(scheduler, "_tick_schedules", "", tick)
    original_target = replace(eventbridge, "_invoke_target", "target event rule view", invoke_target)
