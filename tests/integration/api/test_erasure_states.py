"""What each request does in each state of an erasure: the table of ADR 0063, cell by cell.

The requests come from a second device, served by a process that knew the user before the erasure.
"""

import dataclasses
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api import contract
from api.settings import Settings
from tests.integration.api.client import Client, Reply

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
USERS, TASKS = "/api/v1/users", "/api/v1/tasks"
CHANGES = f"{TASKS}/changes"


@dataclasses.dataclass
class Erased:
    """A user who was erased.

    Args:
        device: of the user, who does not know of it.
        token: of a synchronization from before.
        task_id: of a task from before.
    """

    device: Client
    token: str
    task_id: str

    def sync(self) -> Reply:
        return self.device.send("GET", CHANGES, query={"since": self.token})


@pytest.fixture
def second_device(alice: Client, settings: Settings) -> Client:
    from api.application import build
    from api.entrypoint import adapt

    return dataclasses.replace(alice, handler=adapt(build(settings)))


@pytest.fixture(params=["still deleting", "done with the table", "done with the lake"])
def erased(
    request: pytest.FixtureRequest,
    alice: Client,
    second_device: Client,
    app: "FastAPI",
    dynamodb: "DynamoDBClient",
    table: str,
) -> Erased:
    """In each state that an erasure can be in."""
    task = alice.created("to be erased")
    token = second_device.send("GET", CHANGES).json()["next"]
    if request.param == "still deleting":
        with pytest.MonkeyPatch.context() as busy:
            client = app.state.dynamodb
            busy.setattr(client, "batch_write_item", lambda **_: {"UnprocessedItems": {"t": []}})
            assert alice.send("DELETE", USERS).status == 503
    else:
        assert alice.send("DELETE", USERS).status == 204
    if request.param == "done with the lake":
        dynamodb.delete_item(TableName=table, Key=contract.erasure_key(alice.user_id).typed())
        key = contract.erased_key(hashlib.sha256(alice.user_id.encode()).hexdigest()).typed()
        dynamodb.put_item(TableName=table, Item={**key, "entity_type": {"S": "ERASED"}})
    return Erased(second_device, token, task["id"])


def profiles(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["PK"].startswith("USER#")]


def test_a_token_from_before_is_expired(erased: Erased) -> None:
    for _ in range(2):
        reply = erased.sync()
        assert (reply.status, reply.problem_type, reply.fields) == (410, "sync-token-expired", {"since"})


def test_a_device_that_only_reads_does_not_bring_the_profile_back(erased: Erased, items_of: Items) -> None:
    fresh = dataclasses.replace(erased.device)
    for path in (TASKS, CHANGES, f"{TASKS}/{'0' * 26}", "/api/v1/insights"):
        assert fresh.send("GET", path).status in (200, 404)
    reply = fresh.send("GET", USERS)
    assert (reply.status, reply.problem_type) == (404, "user-not-found")
    assert profiles(items_of(fresh.user_id)) == []


def test_starting_afresh_ends_with_nothing_of_the_erased_data(erased: Erased, alice: Client) -> None:
    page = erased.device.send("GET", CHANGES).json()
    # what is still being deleted is told of once more, but its token ends with the deleting
    assert alice.send("DELETE", USERS).status == 204
    reply = erased.device.send("GET", CHANGES, query={"since": page["next"]})
    assert reply.status == 410 if page["changes"] else reply.json()["changes"] == []
    assert erased.device.send("GET", CHANGES).json()["changes"] == []


def test_a_repeated_erasure_succeeds(erased: Erased, items_of: Items) -> None:
    assert erased.device.send("DELETE", USERS).status == 204
    assert items_of(erased.device.user_id) == []


def test_a_user_who_comes_back_by_writing_has_a_profile_of_a_new_generation(
    erased: Erased, alice: Client, items_of: Items
) -> None:
    alice.send("DELETE", USERS)
    before = alice.send("GET", CHANGES).json()["next"]
    task = alice.created("back")
    assert len(profiles(items_of(alice.user_id))) == 1
    assert erased.device.send("GET", USERS).json()["version"] == 1
    # tokens of the erased generation, and of the time without a profile, start afresh
    assert erased.sync().status == 410
    assert erased.device.send("GET", CHANGES, query={"since": before}).status == 410
    page = erased.device.send("GET", CHANGES).json()
    assert page["changes"] == [task]
    assert erased.device.send("GET", CHANGES, query={"since": page["next"]}).json()["changes"] == []


@pytest.mark.parametrize("first", [TASKS, USERS, CHANGES])
def test_a_user_who_comes_back_through_a_process_that_knew_the_profile_has_one_too(
    erased: Erased, alice: Client, items_of: Items, first: str
) -> None:
    alice.send("DELETE", USERS)
    task = erased.device.created("back")
    # any process that looks at the profile now, even for a safe method, sees that the user has come back
    reader = erased.device if first == USERS else alice
    assert reader.send("GET", first).status == 200
    (profile,) = profiles(items_of(alice.user_id))
    assert (profile["version"], profile["email"]) == (1, alice.claims["email"] if alice.claims else None)
    for device in (alice, erased.device):
        assert device.send("GET", USERS).json()["version"] == 1
        assert device.send("GET", TASKS).json() == [task]
        page = device.send("GET", CHANGES).json()
        assert page["changes"] == [task]
        assert device.send("GET", CHANGES, query={"since": page["next"]}).json()["changes"] == []
    assert erased.sync().status == 410


def test_a_process_that_knew_the_profile_changes_nothing_that_was_erased(erased: Erased, alice: Client) -> None:
    alice.send("DELETE", USERS)
    path = f"{TASKS}/{erased.task_id}"
    for method, body in (("GET", None), ("PUT", {"title": "x"}), ("PATCH", {"title": "x"}), ("DELETE", None)):
        assert erased.device.send(method, path, body).status == 404
    assert erased.device.send("POST", f"{path}/restore", idempotency_key="r").status == 404
    operations = [{"op": "create", "task": {"title": "x"}}, {"op": "update", "id": erased.task_id, "task": {}}]
    batch = erased.device.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key="b")
    assert (batch.status, batch.problem_type) == (422, "batch-refused")
    assert erased.device.send("GET", TASKS).json() == []
    assert erased.device.send("GET", "/api/v1/insights").status == 404


def test_a_user_who_was_never_erased_gets_a_profile_by_reading(alice: Client, items_of: Items) -> None:
    assert alice.send("GET", TASKS).status == 200
    assert len(profiles(items_of(alice.user_id))) == 1
