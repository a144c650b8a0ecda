"""The function's role needs these actions and no more."""

from collections.abc import Callable
from typing import Any

import pytest

from api.settings import Settings
from tests.integration.api.client import Client, Handler, Reply
from tests.integration.conftest import RoleFactory, role_keys

pytestmark = pytest.mark.account

REQUIRED_ACTIONS = tuple(
    f"dynamodb:{action}"
    for action in ("BatchWriteItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query")
)
SECRET = "secretsmanager:GetSecretValue"


@pytest.fixture
def as_role(settings: Settings, role: RoleFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Handler]:
    """Makes a handler of a process that may do the given actions only."""

    def make(*actions: str) -> Handler:
        tables = f"arn:aws:dynamodb:us-east-1:000000000000:table/{settings.table_name}"
        # an index is a resource of its own, and only Query has to do with it
        indexes = f"{tables}/index/by_*"
        secret = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{settings.cursor_key_secret_id}-*"
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": secret if action == SECRET else [tables, indexes]}
            for action in actions
        ]
        for name, value in role_keys(role("lambda", *statements)).items():
            monkeypatch.setenv(name, value)
        from api.application import build
        from api.entrypoint import adapt

        return adapt(build(settings))

    return make


def every_route(client: Client) -> dict[str, int]:
    """Status by what was tried."""
    # before any write, because it is a read that looks for an erasure
    profile = client.send("GET", "/api/v1/users")
    task = client.create("one")
    client.create("two")
    path = f"/api/v1/tasks/{task.json().get('id', '01ARZ3NDEKTSV4RRFFQ69G5FAV')}"
    listed = client.send("GET", "/api/v1/tasks", query={"limit": 1})
    return {
        "create": task.status,
        "list with a next page": listed.status if "link" in listed.headers else 500,
        "get": client.send("GET", path).status,
        "update": client.send("PUT", path, {"title": "x"}).status,
        "update with key": client.send("PUT", path, {"title": "y"}, idempotency_key="u").status,
        "update without effect": client.send("PUT", path, {"title": "y"}, idempotency_key="v").status,
        "delete": client.send("DELETE", path, idempotency_key="d").status,
        "restore": client.send("POST", f"{path}/restore", idempotency_key="r").status,
        "batch": client.send("POST", "/api/v1/tasks/batch", operations(task), idempotency_key="b").status,
        "list by due date": client.send("GET", "/api/v1/tasks", query={"sort": "due_date"}).status,
        "changes": client.send("GET", "/api/v1/tasks/changes").status,
        "counts": client.send("GET", "/api/v1/tasks/counts").status,
        "insights": client.send("GET", "/api/v1/insights").status,
        "profile": profile.status,
        "changed profile": client.send("PUT", "/api/v1/users", {"name": "x"}).status,
        "erased": client.send("DELETE", "/api/v1/users").status,
    }


def operations(task: Reply) -> dict[str, Any]:
    """A batch that creates a task and deletes `task`, if there is one."""
    creation = {"op": "create", "task": {"title": "z"}}
    return {"operations": [creation, *({"op": "delete", "id": one} for one in [task.json().get("id")] if one)]}


def test_these_actions_are_enough(as_role: Callable[..., Handler], alice: Client) -> None:
    done = every_route(Client(as_role(*REQUIRED_ACTIONS, SECRET), alice.claims))
    assert done.pop("insights") == 404  # none are published
    assert all(status < 300 for status in done.values()), done


@pytest.mark.parametrize("missing", [*REQUIRED_ACTIONS, SECRET])
def test_each_of_them_is_needed_and_its_lack_shows_no_internals(
    as_role: Callable[..., Handler], alice: Client, missing: str
) -> None:
    done = every_route(
        Client(as_role(*(action for action in (*REQUIRED_ACTIONS, SECRET) if action != missing)), alice.claims)
    )
    assert 500 in done.values(), done
    assert not set(done.values()) - {200, 201, 204, 404, 500}
