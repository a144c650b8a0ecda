"""A burst of REST traffic: three users work on their tasks over HTTP with real tokens, and delete a few."""

import base64
import concurrent.futures
import json
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

    def __init__(self, base: str, token: str, email: str) -> None:
        self.email = email
        self.user_id = _subject(token)
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


def _subject(token: str) -> str:
    """The `sub` claim of a token, which is the user's id; API Gateway verifies the token, nobody here has to."""
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


def sign_in_users(base: str, pool_id: str, client_id: str, users: int) -> list[Client]:
    """Sign `users` users in, and up first when the pool does not know them.

    Args:
        base: the API's address, without `/api/v1`.
        pool_id: Cognito user pool.
        client_id: the pool's client.
        users: how many users.

    Returns:
        the users' clients.
    """
    clients = []
    for number in range(1, users + 1):
        email = f"demo-{number}@example.com"
        tokens = sign_in(pool_id, client_id, email, PASSWORD, f"Demo user {number}")
        clients.append(Client(base, tokens.id_token, email))
    return clients


def drive(clients: list[Client], tasks: int, progress: Callable[[], None], seed: int) -> None:
    """Let each user create `tasks` tasks and work on them.

    Args:
        clients: of the users.
        tasks: tasks per user.
        progress: called once per task, when its user is done with it.
        seed: decides what happens to which task.

    Raises:
        UnexpectedAnswerError: the API answered with a status that it should not have.
    """
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        work = [
            pool.submit(_work, client, tasks, random.Random(seed * 100 + number), progress)  # noqa: S311 - not a secret
            for number, client in enumerate(clients)
        ]
        for finished in concurrent.futures.as_completed(work):
            finished.result()


def _work(client: Client, tasks: int, chance: random.Random, progress: Callable[[], None]) -> None:
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
        progress()
    client.call("GET", "/tasks", 200)
