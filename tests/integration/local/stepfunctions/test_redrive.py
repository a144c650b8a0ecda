"""RedriveExecution on the local account: the same execution goes on where it ended."""

import json
from typing import Any

import botocore.exceptions
import pytest

from tests.conftest import Account, until
from tests.integration.local.stepfunctions.machines import ENDED, Machine, MachineFactory, State, allow, task

pytestmark = pytest.mark.account

GET_ITEM = "arn:aws:states:::dynamodb:getItem"
READS = allow("dynamodb:GetItem")


def redrive(execution: Machine, arn: str) -> dict[str, Any]:
    """Redrive and wait for the next end."""
    before = len(execution.events(arn))
    execution.client.redrive_execution(executionArn=arn)
    until("the redrive", lambda: len(execution.events(arn)) > before)
    return execution.ended(arn)


def looks_up(table: str, **more: Any) -> State:
    return task(GET_ITEM, {"TableName": table, "Key": {"PK": {"S": "{% $wanted %}"}}}, **more)


@pytest.fixture
def table(unique: str) -> str:
    """A table that does not exist yet: `create` makes it."""
    return f"table-{unique}"


def create(account: Account, table: str) -> None:
    client = account.session.client("dynamodb")
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName=table, Item={"PK": {"S": "milk"}, "litres": {"N": "2"}})


def test_a_redrive_runs_the_failed_state_again_and_nothing_before_it(
    account: Account, machine: MachineFactory, table: str
) -> None:
    states: dict[str, State] = {
        "Begin": {"Type": "Pass", "Assign": {"wanted": "{% $states.input.what %}"}, "Output": {}, "Next": "Look"},
        "Look": {**looks_up(table), "Next": "Tell"},
        "Tell": {
            "Type": "Pass",
            "Output": {
                "litres": "{% $states.input.Item.litres.N %}",
                "n": "{% $states.context.Execution.RedriveCount %}",
            },
            "End": True,
        },
    }
    del states["Look"]["End"]
    execution = machine(states, READS)
    begun = execution.start({"what": "milk"})
    failed = execution.ended(begun)
    assert (failed["status"], failed["redriveCount"], failed["redriveStatus"]) == ("FAILED", 0, "REDRIVABLE")

    create(account, table)
    ended = redrive(execution, begun)

    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1), ended
    assert json.loads(ended["output"]) == {"litres": "2", "n": 1}
    assert ended["redriveDate"] > ended["startDate"]
    assert (ended["redriveStatus"], ended["redriveStatusReason"]) == (
        "NOT_REDRIVABLE",
        "Execution is SUCCEEDED and cannot be redriven",
    )
    events = execution.events(begun)
    kinds = [event["type"] for event in events]
    redriven = kinds.index("ExecutionRedriven")
    assert kinds[redriven - 1] == "ExecutionFailed"
    assert events[redriven]["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert kinds[redriven + 1 :] == [
        "TaskScheduled",
        "TaskSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    (listed,) = execution.client.list_executions(stateMachineArn=execution.arn)["executions"]
    assert (listed["status"], listed["redriveCount"]) == ("SUCCEEDED", 1)


def test_what_cannot_be_redriven_says_why(machine: MachineFactory) -> None:
    execution = machine({"Fine": {"Type": "Succeed"}})
    begun = execution.start()
    execution.ended(begun)
    for arn, code, message in (
        (begun, "ExecutionNotRedrivable", "Execution is SUCCEEDED and cannot be redriven"),
        (f"{begun}-not", "ExecutionDoesNotExist", "Execution Does Not Exist"),
    ):
        with pytest.raises(botocore.exceptions.ClientError, match=message) as raised:
            execution.client.redrive_execution(executionArn=arn)
        assert raised.value.response["Error"]["Code"] == code


def test_a_fail_state_fails_again(machine: MachineFactory) -> None:
    execution = machine({"No": {"Type": "Fail", "Error": "Wanted"}})
    begun = execution.start()
    execution.ended(begun)
    assert redrive(execution, begun)["error"] == "Wanted"
    assert execution.describe(begun)["redriveCount"] == 1


def test_a_stopped_execution_goes_on_with_the_state_it_was_stopped_in(machine: MachineFactory) -> None:
    wait = {"Type": "Wait", "Seconds": "{% $exists($states.context.Execution.RedriveCount) ? 0 : 3 %}", "Next": "End"}
    execution = machine({"Sleep": wait, "End": {"Type": "Succeed"}})
    begun = execution.start()
    until("the wait", lambda: "WaitStateEntered" in [event["type"] for event in execution.events(begun)])
    execution.client.stop_execution(executionArn=begun)
    ended = redrive(execution, begun)
    assert ended["status"] == "SUCCEEDED"
    assert [event["type"] for event in execution.events(begun)].count("ExecutionSucceeded") == 1


def test_a_redriven_task_gets_its_retries_again(machine: MachineFactory, table: str) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    states: dict[str, State] = {
        "Begin": {"Type": "Pass", "Assign": {"wanted": "milk"}, "Next": "Look"},
        "Look": looks_up(table, Retry=retry),
    }
    execution = machine(states, READS)
    begun = execution.start()
    execution.ended(begun)
    assert redrive(execution, begun)["status"] == "FAILED"
    assert [event["type"] for event in execution.events(begun)].count("TaskScheduled") == 4


def test_a_task_may_fail_itself_under_a_name_and_lead_back_after_a_redrive(
    account: Account, machine: MachineFactory, table: str
) -> None:
    """The last state of the pipeline's failure path."""
    count = "($exists($states.context.Execution.RedriveCount) ? $states.context.Execution.RedriveCount : 0)"
    states: dict[str, State] = {
        "Begin": {"Type": "Pass", "Assign": {"wanted": "milk"}, "Next": "Look"},
        "Look": looks_up(
            table,
            Catch=[{"ErrorEquals": ["States.ALL"], "Assign": {"redrives": f"{{% {count} %}}"}, "Next": "Failed"}],
        ),
        "Failed": task(
            "arn:aws:states:::aws-sdk:sfn:sendTaskFailure.waitForTaskToken",
            {
                "TaskToken": "{% $states.context.Task.Token %}",
                "Error": f"{{% {count} > $redrives ? 'Redriven' : 'Look' %}}",
                "Cause": "no such table",
            },
            TimeoutSeconds=20,
            Catch=[{"ErrorEquals": ["Redriven"], "Next": "Look"}],
        ),
    }
    statement = allow("states:SendTaskFailure")
    execution = machine(states, READS, statement)
    begun = execution.start()
    failed = execution.ended(begun)
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Look", "no such table")
    assert redrive(execution, begun)["error"] == "Look"
    create(account, table)
    assert redrive(execution, begun)["status"] == "SUCCEEDED"
    assert execution.describe(begun)["redriveCount"] == 2


def test_only_the_role_of_its_machine_ends_a_task(machine: MachineFactory) -> None:
    ends = task(
        "arn:aws:states:::aws-sdk:sfn:sendTaskFailure.waitForTaskToken",
        {"TaskToken": "{% $states.context.Task.Token %}", "Error": "Mine", "Cause": "none"},
    )
    for resource, error in (("stateMachine:another", "Sfn.SfnException"), ("stateMachine:machine-*", "Mine")):
        arn = f"arn:aws:states:us-east-1:000000000000:{resource}"
        statement = {"Effect": "Allow", "Action": "states:SendTaskFailure", "Resource": arn}
        assert machine({"End": ends}, statement).run()["error"] == error


def test_redrives_are_counted_apart(account: Account, machine: MachineFactory) -> None:
    execution = machine({"No": {"Type": "Fail", "Error": "Wanted"}})
    begun = execution.start()
    assert execution.ended(begun)["status"] in ENDED
    redrive(execution, begun)
    metrics = account.session.client("cloudwatch").list_metrics(
        Namespace="AWS/States", Dimensions=[{"Name": "StateMachineArn", "Value": execution.arn}]
    )["Metrics"]
    assert {"ExecutionsRedriven", "RedrivenExecutionsFailed"} <= {metric["MetricName"] for metric in metrics}
