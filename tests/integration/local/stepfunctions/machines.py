"""State machines of tests: made of states and of what their role may do."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from tests.conftest import until

SYNC = "arn:aws:states:::codebuild:startBuild.sync"
GLUE_SYNC = "arn:aws:states:::glue:startJobRun.sync"
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
State = dict[str, Any]


def allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def task(resource: str, arguments: Any, **more: Any) -> State:
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}


@dataclasses.dataclass
class Machine:
    """A state machine and the executions that a test starts of it."""

    client: Any
    arn: str

    def start(self, data: Any = None) -> str:
        started = self.client.start_execution(stateMachineArn=self.arn, input=json.dumps(data or {}))
        arn: str = started["executionArn"]
        return arn

    def describe(self, execution: str) -> dict[str, Any]:
        described: dict[str, Any] = self.client.describe_execution(executionArn=execution)
        return described

    def ended(self, execution: str, seconds: float = 60) -> dict[str, Any]:
        until("the execution's end", lambda: self.describe(execution)["status"] in ENDED, seconds)
        return self.describe(execution)

    def run(self, data: Any = None) -> dict[str, Any]:
        return self.ended(self.start(data))

    def events(self, execution: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_execution_history(executionArn=execution)["events"]
        return found


MachineFactory = Callable[..., Machine]
