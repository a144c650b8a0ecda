"""The people of a simulated year: they join, work on their tasks over HTTP, move between time zones and leave."""

import dataclasses
import datetime as dt
import random
import time
import uuid
from typing import Any

import requests

from infra.cli.cognito import sign_in

PASSWORD = "Correct-horse-7"
TIME_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata")
CATEGORIES = ("home", "work", "travel", "garden", None)
PRIORITIES = ("low", "medium", "high", "urgent")
RULES = ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=-1")
JSON = dict[str, Any]


class UnexpectedAnswerError(Exception):
    """The API did not answer as the client expects."""


@dataclasses.dataclass
class Person:
    """A user of the API, and what its answers have said so far.

    Args:
        base: the API's address with its version.
        pool: id of the user pool.
        client: id of the pool's client.
        email: of the account.
        id: as the profile has it.
        tasks: the latest answer for each task that is not purged, by id; a deleted one has `deleted_at`.
        created: how many tasks were created on each day, UTC.
        purged: how many changes the tasks had that are purged by now.
        answered: ids of all requests that were answered, in their order.
    """

    base: str
    pool: str
    client: str
    email: str
    id: str = ""
    token: str = ""
    tasks: dict[str, JSON] = dataclasses.field(default_factory=dict)
    created: dict[dt.date, int] = dataclasses.field(default_factory=dict)
    purged: int = 0
    answered: list[str] = dataclasses.field(default_factory=list)

    @property
    def changes(self) -> int:
        """How many changes of tasks the API has confirmed."""
        return self.purged + sum(int(task["version"]) for task in self.tasks.values())

    def sign_in(self) -> None:
        """Get a token for the next hour; the first time, an account and a profile."""
        self.token = sign_in(self.pool, self.client, self.email, PASSWORD, "Some One").id_token
        self.id = str(self.ask("GET", "/users", 200)["user_id"])

    def send(self, method: str, path: str, expected: int, body: JSON | None = None) -> requests.Response:
        """Send a request, as often as the API asks for it to be sent later.

        Args:
            method: of HTTP.
            path: below the API's version.
            expected: the status that the answer has to have.
            body: JSON.

        Raises:
            UnexpectedAnswerError: another status.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid.uuid4())}
        for _ in range(20):
            answer = requests.request(method, self.base + path, json=body, headers=headers, timeout=60)
            self.answered.append(answer.headers.get("x-request-id", ""))
            if answer.status_code not in (429, 503):
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.status_code != expected:
            raise UnexpectedAnswerError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def ask(self, method: str, path: str, expected: int, body: JSON | None = None) -> Any:
        """The JSON of an answer; see `send`."""
        return self.send(method, path, expected, body).json()

    def create(self, **task: Any) -> JSON:
        """Create a task; the answer."""
        answer: JSON = self.ask("POST", "/tasks", 201, task)
        self._note_creation(answer)
        return answer

    def _note_creation(self, task: JSON) -> None:
        day = dt.datetime.fromisoformat(task["created_at"]).date()
        self.created[day] = self.created.get(day, 0) + 1
        self.tasks[task["id"]] = task

    def work(self, chance: random.Random, today: dt.date, steps: int) -> None:
        """Do `steps` random things, as a person would on the day `today`."""
        for _ in range(steps):
            live = [task for task in self.tasks.values() if "deleted_at" not in task]
            if len(live) < 3 or chance.random() < 0.4:
                self._create_randomly(chance, today)
            else:
                self._change(chance, chance.choice(live))
        if chance.random() < 0.05:
            self.ask("PATCH", "/users", 200, {"time_zone": chance.choice(TIME_ZONES)})

    def _create_randomly(self, chance: random.Random, today: dt.date) -> None:
        due = today + dt.timedelta(days=chance.randrange(-3, 20))
        task: JSON = {
            "title": f"Task {chance.randrange(10_000)}",
            "priority": chance.choice(PRIORITIES),
            "category": chance.choice(CATEGORIES),
            "labels": chance.sample(["a", "b", "c"], chance.randrange(3)),
        }
        if chance.random() < 0.7:
            task["due_date"] = due.isoformat()
            if chance.random() < 0.2:
                task["recurrence"] = chance.choice(RULES)
        self.create(**task)

    def _change(self, chance: random.Random, task: JSON) -> None:
        path = f"/tasks/{task['id']}"
        match chance.randrange(6):
            case 0:
                self.tasks[task["id"]] = self.ask("PUT", path, 200, {"status": "in_progress"})
            case 1 | 2:
                self._complete(path, task)
            case 3:
                category = chance.choice(CATEGORIES)
                self.tasks[task["id"]] = self.ask("PATCH", path, 200, {"category": category})
            case 4:
                self.send("DELETE", path, 204)
                self.look_at_the_trash()
            case _:
                removed = [one for one in self.tasks.values() if "deleted_at" in one]
                if removed:
                    again = chance.choice(removed)["id"]
                    self.tasks[again] = self.ask("POST", f"/tasks/{again}/restore", 200)

    def _complete(self, path: str, task: JSON) -> None:
        done = self.ask("PATCH", path, 200, {"status": "completed"})
        self.tasks[task["id"]] = done
        next_id = done.get("next_id")
        if next_id and next_id not in self.tasks:
            self._note_creation(self.ask("GET", f"/tasks/{next_id}", 200))

    def _list(self, query: str) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        page = f"/tasks?limit=100{query}"
        while page:
            answer = self.send("GET", page, 200)
            found |= {task["id"]: task for task in answer.json()}
            next_page = answer.links.get("next", {}).get("url", "")
            page = f"/tasks{next_page}" if next_page else ""
        return found

    def look_at_the_trash(self) -> None:
        """Read the tasks that are deleted."""
        self.tasks |= self._list("&deleted=true")

    def read_everything(self) -> dict[str, JSON]:
        """Every live and every deleted task, as the API lists them."""
        return self._list("") | self._list("&deleted=true")

    def drop_purged(self, listed: dict[str, JSON]) -> None:
        """Note the tasks that were deleted and are not listed any more: their time to restore has passed."""
        for task_id in [one for one in self.tasks if one not in listed]:
            gone = self.tasks.pop(task_id)
            # the purge is a change of its own
            self.purged += int(gone["version"]) + 1
