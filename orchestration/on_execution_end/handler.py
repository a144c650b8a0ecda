"""The function that EventBridge invokes when an execution of the pipeline has ended.

It writes the metric `StateDuration{StateMachine, State}` for each task state, in whatever way the execution ended. What
the state machine cannot do itself, because it was stopped or its time was up or its last states failed too, is done
here: the metric of the failed state, and the message to the operators.
"""

from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.contract import METRICS_NAMESPACE
from orchestration.contract import STATE_DURATION, STATE_FAILED, STATE_MACHINE
from orchestration.executions.events import event_reader
from orchestration.notify.failure import TASK_FAILED, explain_failure
from orchestration.notify.message import runbook_of, send_message
from orchestration.on_execution_end.summary import ExecutionSummary, summarize

logger = Logger()
cloudwatch = boto3.client("cloudwatch")
NOTIFYING = "NotifyOperators"


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Write the metrics, and notify the operators of a failure that the execution could not report itself.

    Args:
        event: "Step Functions Execution Status Change", as EventBridge delivers it:
            https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    detail = event["detail"]
    arn, status = detail["executionArn"], detail["status"]
    machine = detail["stateMachineArn"].rsplit(":", 1)[-1]
    # the function may come late: an operator may have redriven the execution meanwhile
    stopped = datetime.fromtimestamp(detail["stopDate"] / 1000, UTC)
    summary = summarize(event_reader(arn)(), NOTIFYING, stopped)
    data = [_datum(machine, STATE_DURATION, name, taken, "Seconds") for name, taken in summary.seconds.items()]
    is_unreported = status != "SUCCEEDED" and not summary.reported
    if is_unreported and summary.last:
        data.append(_datum(machine, STATE_FAILED, summary.last, 1, "Count"))
    if data:
        cloudwatch.put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=data)  # type: ignore[arg-type]
    if is_unreported:
        _notify(machine, arn, status, summary)
    logger.info("ended", status=status, states=len(summary.seconds), reported_here=is_unreported)


def _notify(machine: str, arn: str, status: str, summary: ExecutionSummary) -> None:
    state = summary.last or "no state"
    if summary.cause:
        # the machine could not have it worded: its error is the state's name, its cause what the service said
        reason = explain_failure(TASK_FAILED, summary.cause).reason
    else:
        reason = {"ABORTED": "somebody stopped it", "TIMED_OUT": "its time was up"}.get(status, status)
    subject = f"{machine}: {status} in {state}"
    send_message(subject, arn, state, summary.error or status, reason, _runbook(status, summary))


def _runbook(status: str, summary: ExecutionSummary) -> str:
    """The alarm that the message is about: the state's, or that of how executions end when no state had begun."""
    if summary.last:
        return runbook_of(summary.last)
    return f"{STATE_MACHINE}-executions-{status.lower().replace('_', '')}"


def _datum(machine: str, name: str, state: str, value: float, unit: str) -> dict[str, Any]:
    dimensions = [{"Name": "StateMachine", "Value": machine}, {"Name": "State", "Value": state}]
    return {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
