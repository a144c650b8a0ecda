"""EventBridge Scheduler on the local account: schedules fire when the account is asked to, as their role."""

import json
import pathlib
from collections.abc import Iterator

import pytest

from infra.local.account.settings import Settings
from tests.conftest import Account, free_port, until

pytestmark = pytest.mark.account

ROLE = "arn:aws:iam::000000000000:role/schedules"


@pytest.fixture(params=[True, False], ids=["asked to", "not asked to"])
def own(tmp_path: pathlib.Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    settings = Settings(home=tmp_path / "account", port=free_port(), schedules=request.param)
    for name, value in settings.client_environment().items():
        monkeypatch.setenv(name, value)
    account = Account.at(settings)
    account.start()
    yield account
    account.stop()


def queue(account: Account, name: str) -> tuple[str, str]:
    sqs = account.session.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_a_due_schedule_makes_its_call_and_what_fails_goes_to_the_dead_letters(own: Account) -> None:
    session = own.session
    (heard, heard_arn), (dead, dead_arn) = queue(own, "heard"), queue(own, "dead")
    iam = session.client("iam")
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    iam.create_role(RoleName="schedules", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", **trust}))
    may = {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": [heard_arn, dead_arn]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName="schedules", PolicyName="exact", PolicyDocument=policy)
    client = session.client("scheduler")
    sends = json.dumps({"QueueUrl": heard, "MessageBody": "now"})
    for name, arn, given in (
        ("sends", "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", sends),
        ("may-not", "arn:aws:scheduler:::aws-sdk:glue:startJobRun", '{"JobName": "todo-silver-maintenance"}'),
    ):
        client.create_schedule(
            Name=name,
            ScheduleExpression="at(2026-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": ROLE, "Input": given, "DeadLetterConfig": {"Arn": dead_arn}},
        )

    def received(url: str) -> list[str]:
        return [message["Body"] for message in session.client("sqs").receive_message(QueueUrl=url).get("Messages", [])]

    if not own.settings.schedules:
        with pytest.raises(AssertionError, match="gave up"):
            until("a message", lambda: received(heard) or received(dead), 12)
        assert client.get_schedule(Name="sends")["State"] == "ENABLED"
        return
    assert until("the call", lambda: received(heard)) == ["now"]
    assert until("the dead letter", lambda: received(dead)) == ['{"JobName": "todo-silver-maintenance"}']
