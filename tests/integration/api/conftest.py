"""The application on a real (emulated) table of its own, driven through its Lambda handler."""

import asyncio
import functools
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from api.repositories.items import unmarshal
from api.settings import Settings
from tests.conftest import Account
from tests.integration.api.captured import Stream
from tests.integration.api.client import Client, Handler
from tests.integration.api.settled import read_erasure, settle
from tests.integration.api.table import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="session")
def dynamodb(account: Account) -> "DynamoDBClient":
    return account.session.client("dynamodb", endpoint_url=account.settings.endpoint)


@pytest.fixture(scope="module")
def table(dynamodb: "DynamoDBClient") -> Iterator[str]:
    """A table like `todo-app-data`, of the module's own: a scan reads what its tests wrote and no more."""
    name = create_table(dynamodb)
    yield name
    # another emulator copies all tables for each transaction
    dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="module")
def settings(account: Account, table: str) -> Settings:
    """Settings of a function of this table, with a key of its own in Secrets Manager."""
    secrets = account.session.client("secretsmanager", endpoint_url=account.settings.endpoint)
    name = f"{table}-cursor-key"
    secrets.create_secret(Name=name, SecretString=uuid.uuid4().hex)
    return Settings(
        table_name=table, cursor_key_secret_id=name, webhook_key_secret_id=name, private_webhook_targets=True
    )


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop that Mangum finds in the main thread."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    asyncio.set_event_loop(None)
    made.close()


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """A fresh process, as far as the application can tell."""
    from api.application import build

    return build(settings)


@pytest.fixture
def handler(app: FastAPI, settings: Settings, loop: asyncio.AbstractEventLoop) -> Handler:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TABLE_NAME", settings.table_name)
        environment.setenv("CURSOR_KEY_SECRET_ID", settings.cursor_key_secret_id)
        from api.entrypoint import adapt
    asyncio.set_event_loop(loop)
    return adapt(app)


@pytest.fixture
def someone(handler: Handler) -> Callable[..., Client]:
    """Makes a client of a new user, signed in with an ID token."""

    def client(**claims: str) -> Client:
        user_id = str(uuid.uuid4())
        return Client(
            handler,
            {"sub": user_id, "token_use": "id", "email": f"{user_id[:8]}@example.com", "name": "Some One", **claims},
        )

    return client


@pytest.fixture
def alice(someone: Callable[..., Client]) -> Client:
    return someone()


@pytest.fixture
def bob(someone: Callable[..., Client]) -> Client:
    return someone()


@pytest.fixture
def items_of(dynamodb: "DynamoDBClient", table: str) -> Callable[[str], list[dict[str, Any]]]:
    """Reads every item in the table that has to do with a user."""

    def read(user_id: str) -> list[dict[str, Any]]:
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        items = [unmarshal(item) for page in pages for item in page["Items"]]
        return [item for item in items if user_id in item["PK"]]

    return read


@pytest.fixture
def stream(account: Account, table: str) -> Stream:
    """What change capture sees of the table."""
    return Stream(account, table)


@pytest.fixture
def erasure_of(dynamodb: "DynamoDBClient", table: str) -> Callable[[str], dict[str, Any] | None]:
    """Reads a user's request to be erased."""
    return functools.partial(read_erasure, dynamodb, table)


@pytest.fixture
def settled(alice: Client, dynamodb: "DynamoDBClient", table: str) -> Client:
    """Alice with everything that a user can have."""
    settle(alice, dynamodb, table)
    return alice


@pytest.fixture
def calls(app: FastAPI) -> list[str]:
    """The DynamoDB operations that the application calls, in order."""
    made: list[str] = []
    client = app.state.dynamodb

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    client.meta.events.register("before-call.dynamodb", note)
    return made


class CurrentOutput:
    """Standard output as it is at each moment; pytest replaces it between a test's phases."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Answers with the log lines and metrics that were printed since it was last asked."""
    from api.observability import logger

    # the logger took hold of standard output when it was imported, before this test's capture
    monkeypatch.setattr(logger.registered_handler, "stream", CurrentOutput())

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines
