"""Export, erase, import: the same answers."""

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.contract import erasure_key
from tests.integration.api.captured import Stream
from tests.integration.api.client import Client
from tests.integration.api.transfer import EXPORT, TASKS, answers, export, import_all, purged, send, tasks
from tests.integration.transforms.dbt.gold_history import comparable
from tests.integration.transforms.dbt.recomputed import marts
from tests.integration.transforms.oracle import silver, with_instants

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["create", "child", "recur", "complete", "reopen", "cancel", "retitle", "delete", "restore", "purge"]
        ),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)


def live_through(client: Client, actions: list[tuple[str, int]], purge: Callable[[str], None]) -> None:
    ids = [client.created("first", due_date="2030-01-01", category="home", labels=["a"])["id"]]
    changes = {
        "complete": {"status": "completed"},
        "reopen": {"status": "pending"},
        "cancel": {"status": "cancelled"},
        "retitle": {"title": "second", "description": "ä ✓ \u2028"},
    }
    for action, which in actions:
        one = ids[which % len(ids)]
        path = f"{TASKS}/{one}"
        if action == "create":
            ids.append(client.created("another", status="completed" if which else "pending")["id"])
        elif action == "child":
            child = client.create("child", parent_id=one)
            ids += [child.json()["id"]] if child.status == 201 else []
        elif action == "recur":
            due = {"due_at": "2027-03-27T02:30:00+01:00", "recurrence": "FREQ=DAILY"}
            ids.append(client.created("again", **due)["id"])
        elif action in changes:
            client.send("PATCH", path, changes[action])
        elif action == "delete":
            client.send("DELETE", path)
        elif action == "purge":
            purge(one)
        else:
            client.send("POST", f"{path}/restore", idempotency_key=uuid.uuid4().hex)


# what gold says of tasks as they are; events tell besides how often a task was edited, which an import does not know
FIGURES = (
    "fct_tasks",
    "user_insights",
    "task_analytics_user_metrics",
    "task_analytics_category_trends",
    "business_metrics_kpis",
    "agg_cycle_time",
)


def figures(lines: list[bytes]) -> dict[str, Counter[Any]]:
    """Gold of these lines of bronze, as of one instant; a test of gold itself compares it with what dbt builds."""
    rows = {name: list(found.values()) for name, found in silver(lines, b"key").items()}
    gold = marts(with_instants({"rejects": [], **rows}), dt.date(2027, 1, 1), dt.time(12))
    return {name: Counter(map(comparable, gold[name])) for name in FIGURES}


def by_creation(document: Any) -> Any:
    """A document with the times of creation of tasks in place of their ids."""
    text = json.dumps(document)
    for one in (*document["live"], *document["trash"]):
        text = text.replace(one["id"], one["created_at"])
    return json.loads(text)


@pytest.mark.parametrize("is_clean", [True, False], ids=["the lake has erased", "the lake has yet to erase"])
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(ACTIONS)
def test_export_erase_import_gives_equal_answers_and_figures(
    someone: Callable[..., Client],
    dynamodb: "DynamoDBClient",
    table: str,
    stream: Stream,
    is_clean: bool,
    actions: list[tuple[str, int]],
) -> None:
    client = someone()
    client.send("PATCH", "/api/v1/users", {"time_zone": "Europe/Berlin"})
    live_through(client, actions, purged(dynamodb, table, client.user_id))
    before, lines = answers(client), export(client)
    captured = stream.lines(client.user_id)
    of_gold = figures(captured)
    assert client.send("DELETE", "/api/v1/users").status == 204
    assert answers(client)["live"] == []
    gone = len(stream.lines(client.user_id))
    if is_clean:
        # what the nightly job does when it has erased the user's rows and objects
        dynamodb.delete_item(TableName=table, Key=erasure_key(client.user_id).typed())
    done = import_all(client, lines)
    assert done["skipped"] == []
    after = answers(client)
    assert by_creation(after) == by_creation(before)
    ids = [{one["id"] for one in (*found["live"], *found["trash"])} for found in (before, after)]
    assert ids[0] == ids[1] if is_clean else not ids[0] & ids[1]
    # rows of erased users are deleted by the same job: what is left is what the import wrote
    written = stream.lines(client.user_id)
    imported = figures(written[gone:] if is_clean else written)
    if is_clean:
        assert (after, tasks(export(client))) == (before, tasks(lines))
        assert imported == of_gold
    else:
        assert {name: renamed(rows) for name, rows in imported.items()} == {
            name: renamed(rows) for name, rows in of_gold.items()
        }
    assert import_all(client, lines)["imported"] == 0
    assert answers(client) == after
    # an entity tag means the same version of the same content
    for one in after["live"]:
        path = f"{TASKS}/{one['id']}"
        assert client.send("GET", path, if_none_match=after["tags"][one["id"]]).status == 304
        assert client.send("PATCH", path, {"title": "x"}, if_match=f'"{one["version"] + 1}"').status == 412
        assert client.send("PATCH", path, {"title": "x"}, if_match=after["tags"][one["id"]]).status == 200


def renamed(rows: Counter[Any]) -> Counter[Any]:
    """Rows without the ids of tasks."""
    names = ("task_id", "parent_id", "previous_id")
    return Counter({tuple(one for one in row if one[0] not in names): count for row, count in rows.items()})


def test_another_user_s_copy_is_the_other_user_s_and_shares_no_id(alice: Client, bob: Client) -> None:
    """Silver and gold know a task by its id alone: two users with the same one would take it from each other."""
    parent = alice.created("parent", due_date="2027-01-31", recurrence="FREQ=DAILY")
    child = alice.created("child", parent_id=parent["id"])
    alice.send("PATCH", f"{TASKS}/{parent['id']}", {"status": "completed"})
    lines, before = export(alice), answers(alice)
    assert import_all(bob, lines)["imported"] == 4
    copy = answers(bob)
    assert by_creation(copy) == by_creation(before)
    assert not {one["id"] for one in copy["live"]} & {one["id"] for one in before["live"]}
    (copied,) = [one for one in copy["live"] if one["title"] == "child"]
    assert bob.send("GET", f"{TASKS}/{copied['parent_id']}").json()["title"] == "parent"
    assert copied["id"][:10] == child["id"][:10]
    done = import_all(bob, lines)
    assert (done["imported"], answers(bob), answers(alice)) == (0, copy, before)


def test_a_task_that_was_purged_comes_back_with_another_id(
    alice: Client, dynamodb: "DynamoDBClient", table: str
) -> None:
    """In silver its old id is that of a purged task, whose version is higher."""
    task = alice.created("old")
    lines = export(alice)
    purged(dynamodb, table, alice.user_id)(task["id"])
    assert import_all(alice, lines)["imported"] == 1
    (back,) = alice.send("GET", TASKS).json()
    assert back["id"] != task["id"]
    assert {**back, "id": task["id"]} == task
    assert import_all(alice, lines)["imported"] == 0


def test_a_subtask_needs_a_parent_as_when_it_is_created(alice: Client) -> None:
    top, other = alice.created("top"), alice.created("other")
    child = alice.created("child", parent_id=top["id"])
    made = {**child, "id": "01ARZ3NDEKTSV4RRFFQ69G5FA0", "title": "made"}
    unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    wrong = [
        ({**made, "parent_id": unknown}, "there is no such task"),
        ({**made, "parent_id": child["id"]}, "it is a subtask, which has none of its own"),
        ({**made, "parent_id": made["id"]}, "it is a subtask, which has none of its own"),
        (
            {**other, "parent_id": top["id"], "version": 9},
            "a task that was not created as a subtask cannot become one",
        ),
    ]
    for task, reason in wrong:
        done = import_all(alice, [{"type": "task", "task": task}])
        assert done["skipped"] == [{"line": 1, "reason": f"parent_id: {reason}"}]
    # in any order within a request, and with a parent that is deleted
    parent = {**top, "id": unknown, "parent_id": None, "title": "later"}
    orphan = {**made, "parent_id": unknown}
    assert import_all(alice, [{"type": "task", "task": one} for one in (orphan, parent)])["imported"] == 2
    listed = {one["title"]: one for one in alice.send("GET", TASKS).json()}
    assert listed["made"]["parent_id"] == listed["later"]["id"]
    grandchild = {**made, "id": "01ARZ3NDEKTSV4RRFFQ69G5FA1", "parent_id": orphan["id"]}
    assert import_all(alice, [{"type": "task", "task": grandchild}])["skipped"][0]["reason"].startswith("parent_id: it")


def test_the_clock_of_a_recurring_task_comes_back(alice: Client, dynamodb: "DynamoDBClient", table: str) -> None:
    """02:30 is not on the clocks of 28 March 2027: that day's task knows that it would be due then."""
    alice.send("PATCH", "/api/v1/users", {"time_zone": "Europe/Berlin"})
    task = alice.created(due_at="2027-03-27T02:30:00+01:00", recurrence="FREQ=DAILY")
    alice.send("PATCH", f"{TASKS}/{task['id']}", {"status": "completed"})
    lines = export(alice)
    assert [line.get("due_local") for line in lines if line["type"] == "task"] == [None, "2027-03-28T02:30:00"]
    alice.send("DELETE", "/api/v1/users")
    dynamodb.delete_item(TableName=table, Key=erasure_key(alice.user_id).typed())
    import_all(alice, lines)
    (open_task,) = alice.send("GET", TASKS, query={"status": "pending"}).json()
    assert open_task["due_at"] == "2027-03-28T01:30:00.000000Z"
    alice.send("PATCH", f"{TASKS}/{open_task['id']}", {"status": "completed"})
    (open_task,) = alice.send("GET", TASKS, query={"status": "pending"}).json()
    assert open_task["due_at"] == "2027-03-29T00:30:00.000000Z"
    odd = {**lines[-1], "due_local": "2027-02-31T02:30:00"}
    assert send(alice, [odd]).fields == {"lines.0.due_local"}


def test_an_export_has_everything_but_secrets(alice: Client, bob: Client) -> None:
    webhook = alice.send("POST", "/api/v1/webhooks", {"url": "https://example.com/"}, idempotency_key="w").json()
    alice.send("POST", f"/api/v1/webhooks/{webhook['id']}/test", idempotency_key="t")
    task = alice.created()
    bob.created("bob's")
    lines = export(alice)
    assert [line["type"] for line in lines] == ["export", "profile", "delivery", "webhook", "task"]
    assert (lines[0]["format"], lines[0]["user_id"]) == (1, alice.user_id)
    assert lines[1]["profile"]["email"] == alice.claims["email"]  # type: ignore[index]
    assert lines[3]["webhook"] == {name: value for name, value in webhook.items() if name != "secret"}
    assert lines[4]["task"] == task
    assert set(lines[4]) == {"type", "task", "signature"}
    assert webhook["secret"] not in json.dumps(lines)
    assert "bob" not in json.dumps(lines)
    assert alice.send("GET", EXPORT, query={"cursor": "x"}).problem_type == "cursor-invalid"


def test_a_large_export_comes_in_pages_below_what_lambda_returns(alice: Client) -> None:
    operation = {"op": "create", "task": {"title": "x" * 200, "description": "\U0001f33f" * 1000}}
    for number in range(15):
        batch = {"operations": [operation] * 20}
        assert alice.send("POST", f"{TASKS}/batch", batch, idempotency_key=f"b{number}").status == 200
    page = alice.send("GET", EXPORT)
    assert "link" in page.headers
    assert len(page.text.encode()) < 2_000_000
    assert len(tasks(export(alice))) == 300


def test_a_webhook_comes_back_disabled_with_a_new_secret(alice: Client) -> None:
    webhook = alice.send("POST", "/api/v1/webhooks", {"url": "https://example.com/"}, idempotency_key="w").json()
    lines = export(alice)
    alice.send("DELETE", "/api/v1/users")
    assert import_all(alice, lines)["skipped"] == []
    (back,) = alice.send("GET", "/api/v1/webhooks").json()
    assert (back["id"], back["url"], back["enabled"]) == (webhook["id"], webhook["url"], False)
    assert back["disabled_reason"] == "imported: rotate its secret, then enable it"
    path = f"/api/v1/webhooks/{webhook['id']}"
    assert alice.send("POST", f"{path}/rotate-secret", idempotency_key="r").json()["secret"] != webhook["secret"]
