"""Whatever a user does, in whatever order: the API's answers are those of a model that fits on a page."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.api.client import Client, Reply
from tests.integration.api.test_counts import recount

pytestmark = [pytest.mark.account, pytest.mark.slow]

TASKS = "/api/v1/tasks"
PAST, FUTURE = "2020-02-29", "9999-12-31"
Task = dict[str, Any]

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8).filter(
    str.strip
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "title": text,
    "description": st.none() | text,
    "status": st.sampled_from(["pending", "in_progress", "completed", "cancelled"]),
    "priority": st.sampled_from(["low", "medium", "high", "urgent"]),
    "category": st.sampled_from([None, "home", "ümläut", "🌱"]),
    "labels": st.sampled_from([[], ["home"], ["🌱", "home"]]),
    "due_date": st.sampled_from([None, PAST, "2026-01-31", FUTURE]),
}
optional = {name: values for name, values in FIELDS.items() if name != "title"}
new_tasks = st.fixed_dictionaries({"title": text}, optional=optional)
changes = st.fixed_dictionaries({}, optional=FIELDS)
conditions = st.sampled_from(["absent", "any", "current", "weak", "stale"])
which = st.integers(min_value=0)
filters = st.fixed_dictionaries(
    {"limit": st.integers(1, 3)},
    optional={
        "status": FIELDS["status"],
        "priority": FIELDS["priority"],
        "category": st.sampled_from(["home", "🌱"]),
        "due_after": st.sampled_from([PAST, "2026-01-31"]),
        "due_before": st.sampled_from(["2026-01-31", FUTURE]),
        "overdue": st.booleans(),
        "sort": st.sampled_from(["created_at", "-created_at", "due_date", "-due_date"]),
    },
)


class LifeCycle(RuleBasedStateMachine):
    """One user's tasks, in the table and in a dictionary.

    Args:
        owner: a new user's client.
        stranger: another user's.
    """

    def __init__(self, owner: Client, stranger: Client) -> None:
        super().__init__()
        self.owner, self.stranger = owner, stranger
        self.tasks: dict[str, Task] = {}
        self.deleted: set[str] = set()
        self.answered: list[tuple[tuple[Any, ...], str, Reply]] = []
        self.replica: dict[str, Task] = {}
        self.token: str | None = None

    # what the model knows

    def pick(self, number: int) -> str:
        return sorted(self.tasks)[number % len(self.tasks)]

    def next_version(self, task_id: str, answer: Task | None, **changed: Any) -> Task:
        """The task after a write; its time is the server's, and later than that of the version before."""
        before = self.tasks[task_id]
        after = {**before, **changed, "version": before["version"] + 1}
        if answer is not None:
            assert answer["updated_at"] > before["updated_at"]
            after["updated_at"] = answer["updated_at"]
            if changed.get("status") == "completed":
                after["completed_at"] = answer["updated_at"]
        return after

    def condition(self, kind: str, task_id: str) -> tuple[dict[str, str], bool]:
        """An If-Match header, and whether it holds."""
        version = self.tasks[task_id]["version"]
        sent = {"any": "*", "current": f'"0", "{version}"', "weak": f'W/"{version}"', "stale": f'"{version + 1}"'}
        return ({"if-match": sent[kind]} if kind in sent else {}), kind in {"absent", "any", "current"}

    def changed(self, task_id: str, named: Task) -> Task:
        """Those of the named fields that change, with what follows from them."""
        before = self.tasks[task_id]
        found = {name: value for name, value in named.items() if before[name] != value}
        return found | ({"completed_at": None} if "status" in found else {})

    # what a user does

    @initialize(new=new_tasks)
    def begin(self, new: Task) -> None:
        self.create(new)

    @rule(new=new_tasks)
    def create(self, new: Task) -> None:
        reply = self.write("POST", TASKS, new)
        assert reply.status == 201, reply.text
        task = reply.json()
        absent = dict.fromkeys(("due_at", "parent_id", "recurrence", "previous_id", "next_id", *optional))
        unnamed = absent | {"status": "pending", "priority": "medium", "labels": []}
        completed_at = task["created_at"] if new.get("status") == "completed" else None
        server = {"id": task["id"], "created_at": task["created_at"], "updated_at": task["created_at"]}
        assert task == {**unnamed, **new, **server, "completed_at": completed_at, "version": 1}
        assert reply.headers["location"] == f"tasks/{task['id']}"
        assert task["id"] not in self.tasks
        self.tasks[task["id"]] = task

    @rule(number=which, named=changes, kind=conditions, method=st.sampled_from(["PUT", "PATCH"]))
    def change(self, number: int, named: Task, kind: str, method: str) -> None:
        task_id = self.pick(number)
        header, holds = self.condition(kind, task_id)
        reply = self.write(method, f"{TASKS}/{task_id}", named, **header)
        if self.refused(reply, task_id, holds):
            return
        assert reply.status == 200, reply.text
        if method == "PUT":  # leaves what is null; PATCH clears it
            named = {name: value for name, value in named.items() if value is not None}
        if found := self.changed(task_id, named):
            self.tasks[task_id] = self.next_version(task_id, reply.json(), **found)
        assert reply.json() == self.tasks[task_id]
        assert reply.headers["etag"] == f'"{self.tasks[task_id]["version"]}"'

    @rule(number=which, kind=conditions)
    def delete(self, number: int, kind: str) -> None:
        task_id = self.pick(number)
        header, holds = self.condition(kind, task_id)
        reply = self.write("DELETE", f"{TASKS}/{task_id}", None, **header)
        if self.refused(reply, task_id, holds):
            return
        assert (reply.status, reply.text) == (204, "")
        self.tasks[task_id] = self.next_version(task_id, None)
        self.deleted.add(task_id)

    @rule(number=which, kind=conditions)
    def restore(self, number: int, kind: str) -> None:
        task_id = self.pick(number)
        header, holds = self.condition(kind, task_id)
        reply = self.write("POST", f"{TASKS}/{task_id}/restore", None, **header)
        if not holds:
            assert reply.problem_type == "precondition-failed"
            return
        assert reply.status == 200, reply.text
        if task_id in self.deleted:
            self.tasks[task_id] = self.next_version(task_id, reply.json())
            self.deleted.remove(task_id)
        assert reply.json() == self.tasks[task_id]

    @rule(new=new_tasks, numbers=st.lists(which, max_size=3), named=changes, kind=conditions, erase=st.booleans())
    def batch(self, new: Task, numbers: list[int], named: Task, kind: str, erase: bool) -> None:
        operations: list[Task] = [{"op": "create", "task": new}]
        failing = set()
        for index, task_id in enumerate(sorted({self.pick(number) for number in numbers}), start=1):
            header, holds = self.condition(kind, task_id)
            operation: Task = {"op": "delete"} if erase else {"op": "update", "task": named}
            operations.append({**operation, "id": task_id, **({"if_match": header["if-match"]} if header else {})})
            if task_id in self.deleted or not holds:
                failing.add(str(index))
        reply = self.write("POST", f"{TASKS}/batch", {"operations": operations})
        if failing:
            assert reply.status in {412, 422}, reply.text
            assert {field.split(".")[1] for field in reply.fields} == failing
            return
        assert reply.status == 200, reply.text
        first, *others = reply.json()["results"]
        assert first["status"] == 201
        self.tasks[first["task"]["id"]] = first["task"]
        for operation, result in zip(operations[1:], others, strict=True):
            task_id = operation["id"]
            if erase:
                assert result["status"] == 204
                self.tasks[task_id] = self.next_version(task_id, None)
                self.deleted.add(task_id)
            else:
                if found := self.changed(task_id, named):
                    self.tasks[task_id] = self.next_version(task_id, result["task"], **found)
                assert result == {"status": 200, "task": self.tasks[task_id]}

    @precondition(lambda self: self.answered)
    @rule(number=which)
    def repeat(self, number: int) -> None:
        """The same request under its key gives the first answer again, whatever has happened since."""
        request, key, first = self.answered[number % len(self.answered)]
        method, path, body, header = request
        again = self.owner.send(method, path, body, also={"idempotency-key": key, **header})
        assert (again.status, again.text) == (first.status, first.text)
        assert again.headers["idempotency-replayed"] == "true"
        other = self.owner.send("POST", TASKS, {"title": "another request"}, idempotency_key=key)
        assert other.problem_type == "idempotency-key-reused"

    @rule(number=which)
    def read(self, number: int) -> None:
        task_id = self.pick(number)
        path, version = f"{TASKS}/{task_id}", self.tasks[task_id]["version"]
        reply = self.owner.send("GET", path)
        if task_id in self.deleted:
            assert reply.problem_type == "task-not-found"
            return
        assert reply.json() == self.tasks[task_id]
        assert self.owner.send("GET", path, if_none_match=f'W/"{version}"').status == 304
        assert self.owner.send("GET", path, if_none_match=f'"{version - 1}"').status == 200

    @rule(query=filters)
    def search(self, query: Task) -> None:
        assert self.listed(query) == self.expected(query)

    @rule(limit=st.integers(1, 50))
    def synchronize(self, limit: int) -> None:
        """A client that takes the changes in has what there is, deletions included."""
        more = True
        while more:
            query = {"limit": limit, **({"since": self.token} if self.token else {})}
            answer = self.owner.send("GET", f"{TASKS}/changes", query=query).json()
            for change in answer["changes"]:
                if change["version"] >= self.replica.get(change["id"], {"version": 0})["version"]:
                    self.replica[change["id"]] = change
            self.token, more = answer["next"], answer["has_more"]
        latest: dict[str, Task] = {
            task_id: {"id": task_id, "deleted": True, "version": task["version"]} if task_id in self.deleted else task
            for task_id, task in self.tasks.items()
        }
        assert {task_id: self.replica.get(task_id) for task_id in latest} == latest

    @rule(number=which, method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST"]))
    def intrude(self, number: int, method: str) -> None:
        path = f"{TASKS}/{self.pick(number)}" + ("/restore" if method == "POST" else "")
        body = {"title": "mine now"} if method in {"PUT", "PATCH"} else None
        reply = self.stranger.send(method, path, body, idempotency_key=uuid.uuid4().hex)
        assert reply.problem_type == "task-not-found"

    @invariant()
    def the_list_is_the_models(self) -> None:
        assert self.listed({"limit": 200}) == self.expected({})

    @rule()
    def count(self) -> None:
        live = [task for task_id, task in self.tasks.items() if task_id not in self.deleted]
        assert self.owner.send("GET", f"{TASKS}/counts").json() == recount(live)

    # how

    def write(self, method: str, path: str, body: Any, **header: str) -> Reply:
        key = uuid.uuid4().hex
        reply = self.owner.send(method, path, body, also={"idempotency-key": key, **header})
        if reply.status < 400:
            assert "idempotency-replayed" not in reply.headers
            self.answered.append(((method, path, body, header), key, reply))
        return reply

    def refused(self, reply: Reply, task_id: str, holds: bool) -> bool:
        if task_id in self.deleted:
            assert reply.problem_type == "task-not-found"
        elif not holds:
            assert reply.problem_type == "precondition-failed"
        return task_id in self.deleted or not holds

    def listed(self, query: Task) -> list[Task]:
        """The whole list, page by page."""
        parameters = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        found: list[Task] = []
        target: Any = parameters
        while True:
            reply = self.owner.send("GET", TASKS, query=target)
            assert reply.status == 200, reply.text
            found += reply.json()
            assert len(reply.json()) <= query["limit"]
            if "link" not in reply.headers:
                return found
            target = next_page_query(reply)

    def expected(self, query: Task) -> list[Task]:
        live = [task for task_id, task in self.tasks.items() if task_id not in self.deleted]
        order = query.get("sort", "-created_at")
        by_due_date = order.endswith("due_date")
        found = [task for task in live if matches(task, query) and (task["due_date"] or not by_due_date)]
        key = (
            (lambda task: (task["due_date"], task["id"]))
            if by_due_date
            else (lambda task: (task["created_at"], task["id"]))
        )
        return sorted(found, key=key, reverse=order.startswith("-"))


def matches(task: Task, query: Task) -> bool:
    """Whether a live task satisfies every filter."""
    due = task["due_date"]
    open_and_past = due is not None and due < "2026-02-01" and task["status"] in {"pending", "in_progress"}
    return (
        all(task[name] == query[name] for name in ("status", "priority", "category") if name in query)
        and ("due_after" not in query or (due is not None and due > query["due_after"]))
        and ("due_before" not in query or (due is not None and due < query["due_before"]))
        and ("overdue" not in query or query["overdue"] == open_and_past)
    )


def next_page_query(reply: Reply) -> list[tuple[str, str]]:
    """The query of the next page."""
    reference, _, relation = reply.headers["link"].partition("; ")
    assert relation == 'rel="next"'
    return parse_qsl(reference.strip("<>").removeprefix("?"))


def test_the_answers_are_the_models(someone: Callable[..., Client], printed: Callable[[], Any]) -> None:
    run_state_machine_as_test(
        lambda: LifeCycle(someone(), someone()),  # type: ignore[arg-type]  # it takes factories as well
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    printed()
