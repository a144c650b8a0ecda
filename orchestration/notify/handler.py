"""The function that the state machine invokes when a state has failed."""

from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestration.notify.failure import explain_failure
from orchestration.notify.message import runbook_of, send_message

logger = Logger()


class FailedState(TypedDict):
    """What the state machine knows of a failure.

    Args:
        machine: name of the state machine.
        execution: ARN of the execution.
        state: name of the state that failed.
        error: of the Catch.
        cause: of the Catch, as the service gave it.
    """

    machine: str
    execution: str
    state: str
    error: str
    cause: str


@logger.inject_lambda_context
def handler(event: FailedState, _context: LambdaContext) -> dict[str, str]:
    """Notify the operators of a failed state, and return the failure in words: `error` and `reason`.

    Raises:
        botocore.exceptions.ClientError: SNS did not take the message.
    """
    failure = explain_failure(event["error"], event["cause"])
    logger.info("state failed", state=event["state"], error=failure.error, reason=failure.reason)
    subject = f"{event['machine']}: {event['state']} failed"
    send_message(subject, event["execution"], event["state"], failure.error, failure.reason, runbook_of(event["state"]))
    return {"error": failure.error, "reason": failure.reason}
