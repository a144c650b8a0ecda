"""The message that operators get about a failed state, whoever sends it."""

import os

import boto3

from orchestration.contract import STATE_MACHINE

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_SUBJECT_CHARACTERS = 100


def runbook_of(state: str) -> str:
    """The page of the alarm on the failures of a state, without its extension."""
    return f"{STATE_MACHINE}-{state}-failed"


def send_message(subject: str, execution_arn: str, state: str, error: str, reason: str, runbook: str) -> None:
    """Publish to the topic that pages.

    Args:
        subject: one line.
        execution_arn: of the pipeline's execution.
        state: the state that failed.
        error: what kind of failure it is.
        reason: for people.
        runbook: the page to follow, without its extension.

    Raises:
        botocore.exceptions.ClientError: SNS did not take the message.
        KeyError: the function has no `ALERTS_TOPIC` or `RUNBOOKS_URL`.
    """
    boto3.client("sns").publish(
        TopicArn=os.environ["ALERTS_TOPIC"],
        Subject=subject[:MAX_SUBJECT_CHARACTERS],
        Message=compose_message(execution_arn, state, error, reason, f"{os.environ['RUNBOOKS_URL']}{runbook}.md"),
    )


def compose_message(execution_arn: str, state: str, error: str, reason: str, runbook: str) -> str:
    """What failed, why, and where to look: a line each.

    Args:
        execution_arn: as `send_message`, like the rest.
        state: likewise.
        error: likewise.
        reason: likewise.
        runbook: address of the page.
    """
    region = execution_arn.split(":")[3]
    lines = {
        "State": state,
        "Error": error,
        "Reason": reason,
        "Runbook": runbook,
        "Execution": execution_arn,
        "Console": f"https://console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}",
    }
    return "\n".join(f"{name}: {text}" for name, text in lines.items())
