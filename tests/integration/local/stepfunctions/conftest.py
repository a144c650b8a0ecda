"""A factory of state machines, which are gone after the test."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.local.stepfunctions.machines import Machine, MachineFactory, State


@pytest.fixture
def machine(account: Account, role: RoleFactory, unique: str) -> Iterator[MachineFactory]:
    """`machine(states, statement, …)` makes a JSONata machine that begins at the first state and may do as stated."""
    client = account.session.client("stepfunctions")
    made: list[Machine] = []

    def create(states: dict[str, State], *statements: dict[str, Any], **top: Any) -> Machine:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        arn = client.create_state_machine(
            name=f"machine-{unique}-{len(made)}",
            definition=json.dumps(definition),
            roleArn=role("states", *statements),
        )["stateMachineArn"]
        made.append(Machine(client, arn))
        return made[-1]

    yield create
    for one in made:
        client.delete_state_machine(stateMachineArn=one.arn)
