"""An import that is wrong, repeated, too large, or older than what is there."""

from typing import Any

import pytest

from api.models.transfer import MAX_LINES
from tests.integration.api.client import Client
from tests.integration.api.transfer import IMPORT, TASKS, export, import_all, send

pytestmark = pytest.mark.account


def test_what_is_newer_stays(alice: Client) -> None:
    task = alice.created("old")
    lines = export(alice)
    newer = alice.send("PATCH", f"{TASKS}/{task['id']}", {"title": "new"}).json()
    done = import_all(alice, lines)
    assert done["imported"] == 0
    assert [one["reason"] for one in done["skipped"]] == ["the task has version 2 here"]
    assert alice.send("GET", f"{TASKS}/{task['id']}").json() == newer
    later = {**newer, "title": "later", "version": 5, "updated_at": newer["updated_at"]}
    assert import_all(alice, [{"type": "task", "task": later}])["imported"] == 1
    assert alice.send("GET", f"{TASKS}/{task['id']}").json() == later
    other = {**later, "version": 9, "created_at": "2020-01-01T00:00:00.000000Z"}
    assert (
        import_all(alice, [{"type": "task", "task": other}])["skipped"][0]["reason"] == "another task has this id here"
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "lines.1.task.title"),
        ({"id": "x"}, "lines.1.task.id"),
        ({"version": 0}, "lines.1.task.version"),
        ({"created_at": "yesterday"}, "lines.1.task.created_at"),
        ({"updated_at": "2199-01-01T00:00:00.000000Z"}, "lines.1.task"),
        ({"created_at": "2026-02-31T00:00:00.000000Z"}, "lines.1.task"),
        ({"status": "completed"}, "lines.1.task"),
        ({"deleted_at": "2020-01-01T00:00:00.000000Z"}, "lines.1.task"),
        ({"recurrence": "FREQ=DAILY"}, "lines.1.task"),
        ({"recurrence": "FREQ=DAILY;BYHOUR=9", "due_date": "2027-01-01"}, "lines.1.task.recurrence"),
        ({"parent_id": "x"}, "lines.1.task.parent_id"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(alice: Client, change: dict[str, Any], field: str) -> None:
    task = alice.created()
    alice.send("DELETE", "/api/v1/users")
    good, bad = {"type": "task", "task": task}, {"type": "task", "task": {**task, **change}}
    reply = send(alice, [good, bad])
    assert (reply.problem_type, reply.fields) == ("validation-failed", {field})
    assert "line 2" in reply.json()["detail"]
    assert alice.send("GET", TASKS).json() == []


def test_lines_that_are_none_are_refused(alice: Client) -> None:
    for lines, kind in (
        (["{"], "malformed-json"),
        (["{}", "nonsense"], "malformed-json"),
        (["[]"], "validation-failed"),
        (['{"type": "password"}'], "validation-failed"),
        (["{}"] * (MAX_LINES + 1), "validation-failed"),
    ):
        assert send(alice, lines).problem_type == kind
    assert "line 2" in send(alice, ["{}", "nonsense"]).json()["detail"]
    assert send(alice, []).problem_type == "validation-failed"
    assert alice.send("POST", IMPORT, {"lines": [{"type": "insights"}]}).json()["unchanged"] == 1


def test_imported_tasks_are_changes_for_whoever_synchronizes(alice: Client, bob: Client) -> None:
    alice.created("one")
    done = alice.created("two", status="completed")
    lines = [line for line in export(alice) if line["type"] == "task"]
    token = bob.send("GET", f"{TASKS}/changes").json()["next"]
    import_all(bob, lines)
    page = bob.send("GET", f"{TASKS}/changes", query={"since": token}).json()
    assert {one["title"] for one in page["changes"]} == {line["task"]["title"] for line in lines}
    (copied,) = [one for one in page["changes"] if one["title"] == done["title"]]
    again = bob.send("GET", f"{TASKS}/changes", query={"since": page["next"]}).json()
    assert again["changes"] == []
    bob.send("PATCH", f"{TASKS}/{copied['id']}", {"title": "three"})
    (change,) = bob.send("GET", f"{TASKS}/changes", query={"since": again["next"]}).json()["changes"]
    assert (change["title"], change["version"]) == ("three", 2)


def test_counts_know_of_tasks_that_were_imported_since_they_were_kept(alice: Client, bob: Client) -> None:
    alice.created("alice's", priority="urgent")
    lines = [line for line in export(alice) if line["type"] == "task"]
    bob.created("bob's")
    totals = [bob.send("GET", f"{TASKS}/counts").json()["total"] for _ in range(2)]
    import_all(bob, lines)
    totals += [bob.send("GET", f"{TASKS}/counts").json()["total"] for _ in range(2)]
    assert totals == [1, 1, 2, 2]


def test_quotas_hold(alice: Client, settings: Any, loop: object) -> None:
    import dataclasses

    from api.application import build
    from api.entrypoint import adapt

    del loop
    lines = [{"type": "task", "task": alice.created(f"task {number}")} for number in range(4)]
    alice.send("DELETE", "/api/v1/users")
    small = dataclasses.replace(alice, handler=adapt(build(settings.model_copy(update={"max_tasks": 3}))))
    assert send(small, lines).problem_type == "quota-exceeded"
    assert small.send("GET", TASKS).json() == []
    assert send(small, lines[:3]).json()["imported"] == 3
    assert send(small, lines[:3]).json()["unchanged"] == 3
    assert small.create().problem_type == "quota-exceeded"
