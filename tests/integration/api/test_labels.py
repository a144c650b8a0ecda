"""Labels of a task, from the request to the list that is filtered by them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]


def test_labels_are_kept_in_order_changed_and_cleared(alice: Client) -> None:
    task = alice.created("x", labels=[" errand ", "Home", "home", "Größe"])
    path = f"/api/v1/tasks/{task['id']}"
    assert task["labels"] == ["errand", "Home", "Größe"]
    assert alice.send("GET", path).json() == task
    same = alice.send("PATCH", path, {"labels": ["errand", "Home ", "Größe"]}).json()
    assert same["version"] == 1
    assert alice.send("PATCH", path, {"labels": ["Größe", "errand"]}).json()["labels"] == ["Größe", "errand"]
    assert alice.send("PUT", path, {"labels": None}).json()["labels"] == ["Größe", "errand"]
    assert alice.send("PATCH", path, {"labels": None}).json()["labels"] == []
    assert alice.send("PUT", path, {"labels": ["a"]}).json()["labels"] == ["a"]
    assert alice.send("PUT", path, {"labels": []}).json()["labels"] == []
    assert alice.send("GET", "/api/v1/tasks/changes").json()["changes"][0]["labels"] == []


def test_a_task_without_labels_has_no_such_attribute(alice: Client, items_of: Items) -> None:
    task = alice.created("x")
    alice.created("y", labels=[])
    assert [item for item in items_of(alice.user_id) if item["entity_type"] == "TASK" and "labels" in item] == []
    assert task["labels"] == []
    assert [one["labels"] for one in alice.send("GET", "/api/v1/tasks").json()] == [[], []]


def test_a_list_has_the_tasks_with_any_of_the_labels_whatever_their_case(alice: Client, bob: Client) -> None:
    alice.created("errand at home", labels=["errand", "home"])
    alice.created("errand", labels=["Errand"])
    alice.created("straße", labels=["Straße"])
    alice.created("none")
    bob.created("bob's", labels=["errand"])

    def titles(*labels: str, **more: str) -> list[str]:
        query = [*(("label", label) for label in labels), ("sort", "created_at"), *more.items()]
        return [task["title"] for task in alice.send("GET", "/api/v1/tasks", query=query).json()]

    assert titles("ERRAND") == ["errand at home", "errand"]
    assert titles("home,STRASSE") == titles("home", "strasse") == ["errand at home", "straße"]
    assert titles("errand", q="home") == ["errand at home"]
    assert titles("erran") == []
    first = alice.send("GET", "/api/v1/tasks", query={"label": "errand", "limit": "1"})
    assert [task["title"] for task in first.json()] == ["errand"]
    assert "label=errand" in first.headers["link"]


def test_a_batch_takes_labels(alice: Client) -> None:
    task = alice.created("x", labels=["a"])
    operations = [
        {"op": "create", "task": {"title": "y", "labels": ["b", "B"]}},
        {"op": "update", "id": task["id"], "task": {"labels": ["c"]}},
    ]
    done = alice.send("POST", "/api/v1/tasks/batch", {"operations": operations}, idempotency_key="k")
    assert [one["task"]["labels"] for one in done.json()["results"]] == [["b"], ["c"]]


@pytest.mark.parametrize("labels", [["a,b"], [" "], ["x" * 51], [str(n) for n in range(21)], "a", [None]])
def test_a_refusal_names_the_label(alice: Client, labels: Any) -> None:
    refused = alice.create("x", labels=labels)
    assert (refused.status, refused.problem_type) == (422, "validation-failed")
    (field,) = refused.fields
    assert field.partition(".")[0] == "labels"
