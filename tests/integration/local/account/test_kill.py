"""What a kill of the account costs: seconds, the same ones in all services, and it says so."""

import concurrent.futures
import dataclasses
import datetime as dt
import json
import random
import signal
import time
from typing import Any

import boto3
import psutil

from infra.local.account import persistence
from infra.local.account.settings import OWNER_KEYS, REGION
from tests.conftest import until
from tests.integration.local.account.terminal import Terminal

NAME = "kept"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


class Services:
    """A table with its stream, a queue, a state machine and a user pool, which each step writes to in this order."""

    def __init__(self, endpoint: str) -> None:
        session = boto3.Session(region_name=REGION, **OWNER_KEYS)
        self.table, self.streams, self.queues, self.machines, self.pools = (
            session.client(name, endpoint_url=endpoint)  # type: ignore[call-overload]
            for name in ("dynamodb", "dynamodbstreams", "sqs", "stepfunctions", "cognito-idp")
        )
        self.roles = session.client("iam", endpoint_url=endpoint)

    def create(self) -> None:
        stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        self.table.create_table(
            TableName=NAME,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=stream,
        )
        self.queue = self.queues.create_queue(QueueName=NAME)["QueueUrl"]
        definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
        role = self.roles.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        created = self.machines.create_state_machine(name=NAME, definition=definition, roleArn=role)
        self.machine = created["stateMachineArn"]
        self.pool = self.pools.create_user_pool(PoolName=NAME)["UserPool"]["Id"]

    def write(self, step: int) -> None:
        self.table.put_item(TableName=NAME, Item={"PK": {"S": str(step)}})
        self.queues.send_message(QueueUrl=self.queue, MessageBody=str(step))
        self.machines.start_execution(stateMachineArn=self.machine, name=f"step-{step}")
        self.pools.admin_create_user(UserPoolId=self.pool, Username=f"step-{step}", MessageAction="SUPPRESS")

    def read(self) -> list[set[int]]:
        """The steps that each has, in the order in which they are written; first the table, then its stream."""
        rows = self.table.get_paginator("scan").paginate(TableName=NAME, ConsistentRead=True)
        executions = self.machines.get_paginator("list_executions").paginate(stateMachineArn=self.machine)
        users = self.pools.get_paginator("list_users").paginate(UserPoolId=self.pool)
        return [
            {int(item["PK"]["S"]) for page in rows for item in page["Items"]},
            self._in_stream(),
            self._in_queue(),
            {int(one["name"].removeprefix("step-")) for page in executions for one in page["executions"]},
            {int(one["Username"].removeprefix("step-")) for page in users for one in page["Users"]},
        ]

    def _in_stream(self) -> set[int]:
        arn = self.table.describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
        found = set[int]()
        for shard in self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = self.streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while (page := self.streams.get_records(ShardIterator=iterator))["Records"]:
                found |= {int(record["dynamodb"]["Keys"]["PK"]["S"]) for record in page["Records"]}
                iterator = page["NextShardIterator"]
        return found

    def _in_queue(self) -> set[int]:
        found = set[int]()
        while messages := self.queues.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            found |= {int(message["Body"]) for message in messages}
        return found


def test_a_kill_under_traffic_costs_seconds_in_all_services_alike_and_says_so(terminal: Terminal) -> None:
    terminal.settings = dataclasses.replace(terminal.settings, save_seconds=1.0)
    terminal.insights("up")
    services = Services(terminal.settings.endpoint)
    services.create()
    process = psutil.Process(int(str(terminal.status()["pid"])))
    written: list[float] = []

    def write_for_ever() -> None:
        while True:
            services.write(len(written))
            written.append(time.time())

    with concurrent.futures.ThreadPoolExecutor() as pool:
        writer = pool.submit(write_for_ever)
        # within a step as well as between two of them
        time.sleep(random.uniform(3, 5))
        killed_at = time.time()
        process.send_signal(signal.SIGKILL)
        assert isinstance(writer.exception(), Exception)
    until("the process to be gone", lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)

    restarted = terminal.insights("up").stderr
    saved_at = persistence.saved_at(terminal.settings.state)
    assert f"last saved at {dt.datetime.fromtimestamp(saved_at, dt.UTC):%Y-%m-%d %H:%M:%S} UTC" in restarted
    assert killed_at - saved_at <= 5
    kept = services.read()
    assert kept == [set(range(len(steps))) for steps in kept]
    counts = [len(steps) for steps in kept]
    # one instant: each service has what the one before it has, but for the step that was under way
    assert counts == sorted(counts, reverse=True)
    assert counts[0] - counts[-1] <= 1
    assert counts[0] == counts[1]
    # whatever was written before the instant of the save is there
    assert counts[-1] >= sum(at < saved_at for at in written) > 0
