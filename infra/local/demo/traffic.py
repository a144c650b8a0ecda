"""A burst of REST traffic: three users sign up, work on their tasks over HTTP with real tokens, and delete a few."""

import concurrent.futures
import random
import uuid
from collections.abc import Callable
from typing import Any

import requests

from api.contract import PRIORITIES
from infra.cli.cognito import sign_in

PASSWORD = "Demo-password-1"
TITLES = (
    "Write the report",
    "Water the plants",
    "Book the train",
    "Review the change",
    "Call the plumber",
    "Pay the rent",
)
CATEGORIES = ("home", "work", "travel", None)
DUE_DATES = ("2026-11-01", "2026-12-24", "2027-03-31", None)


class UnexpectedAnswerError(Exception):
    """The API answered with another status than the contract says."""


class Client:
    """A REST client of one user."""

    def __init__(self, base: str, token: str) -> None:
        self._base = f"{base}/api/v1"
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, expected: int, body: dict[str, Any] | None = None) -> Any:
        """Send one request with an idempotency key of its own; the answer's JSON, or None.

        Raises:
            UnexpectedAnswerError: the status is not `expected`.
        """
        answer = self._http.request(
            method, self._base + path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=30
        )
        if answer.status_code != expected:
            raise UnexpectedAnswerError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None


def drive(
    base: str, pool_id: str, client_id: str, users: int, tasks: int, tell: Callable[[], None], seed: int
) -> list[Client]:
    """Sign `users` users in and let each create `tasks` tasks and live with them.

    Args:
        base: the API's address, without `/api/v1`.
        pool_id: Cognito user pool.
        client_id: the pool's client.
        users: how many users.
        tasks: tasks per user.
        tell: called once per task, when its user is done with it.
        seed: decides what happens to which task.

    Returns:
        the users' clients.

    Raises:
        UnexpectedAnswerError: the API answered with a status that it should not have.
    """
    clients = []
    for number in range(1, users + 1):
        tokens = sign_in(pool_id, client_id, f"demo-{number}@example.com", PASSWORD, f"Demo user {number}")
        clients.append(Client(base, tokens.id_token))
    with concurrent.futures.ThreadPoolExecutor(users) as pool:
        work = [
            pool.submit(_live, client, tasks, random.Random(seed * 100 + number), tell)  # noqa: S311 - not a secret
            for number, client in enumerate(clients)
        ]
        for finished in concurrent.futures.as_completed(work):
            finished.result()
    return clients


def _live(client: Client, tasks: int, chance: random.Random, tell: Callable[[], None]) -> None:
    client.call("GET", "/users", 200)
    for _ in range(tasks):
        body = {
            "title": chance.choice(TITLES),
            "description": "from the demo",
            "priority": chance.choice(PRIORITIES),
            "category": chance.choice(CATEGORIES),
            "due_date": chance.choice(DUE_DATES),
        }
        task = client.call("POST", "/tasks", 201, {name: value for name, value in body.items() if value is not None})
        path = f"/tasks/{task['id']}"
        if chance.random() < 0.7:
            client.call("PUT", path, 200, {"status": "in_progress"})
        if chance.random() < 0.5:
            client.call("PATCH", path, 200, {"status": "completed"})
        if chance.random() < 0.2:
            client.call("DELETE", path, 204)
            if chance.random() < 0.25:
                client.call("POST", f"{path}/restore", 200)
        tell()
    client.call("GET", "/tasks", 200)
