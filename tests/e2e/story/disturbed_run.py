"""One execution that fails, is redriven, and what an operator sees each time: its error, an alarm, one message."""

from collections.abc import Callable
from typing import Any

import boto3

from tests.conftest import until
from tests.e2e.conftest import PIPELINE_SECONDS, Platform

Alerts = Callable[[], list[str]]


class DisturbedRun:
    """One execution of the pipeline, through all of its failures."""

    def __init__(self, platform: Platform, alerts: Alerts) -> None:
        self.platform, self.alerts = platform, alerts
        self.machines = boto3.client("stepfunctions")
        self.arn = ""
        self.messages_seen = 0

    def start(self) -> None:
        machine = self.platform.outputs["StateMachineArn"]
        self.arn = self.machines.start_execution(stateMachineArn=machine)["executionArn"]

    def redrive(self) -> None:
        self.machines.redrive_execution(executionArn=self.arn)

    def ended(self) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = dict(self.machines.describe_execution(executionArn=self.arn))
            return found if found["status"] not in ("RUNNING", "PENDING_REDRIVE") else None

        return until("the execution to end", look, PIPELINE_SECONDS)

    def expect_failure(self, state: str, cause: str) -> None:
        """Check everything that an operator sees of a failure."""
        ended = self.ended()
        assert (ended["status"], ended["error"]) == ("FAILED", state), ended.get("cause")
        assert cause in ended["cause"]
        self.expect_alarm(state)

    def expect_alarm(self, state: str) -> None:
        """Check the alarm and the one message."""
        alarm = f"todo-insights-pipeline-{state}-failed"

        def alarmed() -> bool:
            found = boto3.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
            return found[0]["StateValue"] == "ALARM"

        until(f"{alarm} to go to ALARM", alarmed)
        until("a message that names the state", lambda: len(self.messages()) > self.messages_seen)
        (message,) = self.messages()[self.messages_seen :]
        self.messages_seen += 1
        lines = dict(line.split(": ", 1) for line in message.splitlines())
        assert (lines["State"], lines["Execution"]) == (state, self.arn)
        assert lines["Runbook"].endswith(f"runbooks/{alarm}.md")

    def messages(self) -> list[str]:
        """What operators were told about this execution, the alarms' own notices aside."""
        return [message for message in self.alerts() if message.startswith("State: ") and self.arn in message]

    def wait_for_build(self) -> None:
        """Wait until BuildGold has begun its build."""

        def begun() -> bool:
            latest = self.machines.get_execution_history(executionArn=self.arn, reverseOrder=True, maxResults=3)[
                "events"
            ]
            kinds = [event["type"] for event in latest]
            entered = [event["stateEnteredEventDetails"]["name"] for event in latest if "StateEntered" in event["type"]]
            return kinds[0] == "TaskSubmitted" and "BuildGold" in entered

        until("BuildGold to begin its build", begun, PIPELINE_SECONDS)
