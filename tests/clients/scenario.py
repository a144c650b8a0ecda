"""The API through the package that openapi-python-client makes: CRUD, paging, sync, every refusal.

Prints what it saw as JSON; tests/e2e/test_clients.py asserts on it. Every documented refusal of every operation, those
that a healthy account does not give among them, is also put through the generated parser, answered by a stub transport.
"""

import datetime as dt
import importlib
import json
import os
import pathlib
import re
import sys
import uuid
from typing import Any

import httpx
from todo_client import AuthenticatedClient, Client
from todo_client.api.health import get_health
from todo_client.api.insights import get_insights
from todo_client.api.tasks import (
    batch_tasks,
    count_tasks,
    create_task,
    delete_task,
    get_task,
    list_changes,
    list_tasks,
    patch_task,
    restore_task,
    update_task,
)
from todo_client.api.users import export_data, get_user, import_data, patch_user
from todo_client.api.webhooks import (
    create_webhook,
    delete_webhook,
    list_deliveries,
    patch_webhook,
    test_webhook,
)
from todo_client.models import (
    Batch,
    Create,
    Delete,
    DeletedTask,
    EventType,
    GatewayError,
    IgnoredLine,
    IgnoredLineType,
    ImportLines,
    ImportResult,
    NewTask,
    NewTaskInBatch,
    NewWebhook,
    Problem,
    ProfilePatch,
    Status,
    Task,
    TaskChanges,
    TaskUpdate,
    WebhookChanges,
    WebhookWithSecret,
)
from todo_client.types import UNSET

NO_TASK = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BASE = os.environ["API_BASE"]
API = AuthenticatedClient(base_url=BASE, token=os.environ["API_TOKEN"], raise_on_unexpected_status=True)


def new_key() -> str:
    return str(uuid.uuid4())


def create(title: str) -> Task:
    body = NewTask(title=title, due_date=dt.date(2026, 12, 1))
    task = create_task.sync(client=API, body=body, idempotency_key=new_key())
    assert isinstance(task, Task), task
    return task


def labels() -> list[str]:
    body = NewTask(title="labelled", labels=["errand", "Errand", "home"])
    task = create_task.sync(client=API, body=body, idempotency_key=new_key())
    assert isinstance(task, Task), task
    listed = list_tasks.sync(client=API, label=["HOME", "none"])
    assert isinstance(listed, list)
    assert [one.id for one in listed] == [task.id]
    delete_task.sync_detailed(task.id, client=API)
    return list(map(str, task.labels))


def subtasks() -> dict[str, object]:
    parent = create("parent")
    body = NewTask(title="child", parent_id=parent.id)
    child = create_task.sync(client=API, body=body, idempotency_key=new_key())
    assert isinstance(child, Task), child
    listed = list_tasks.sync(client=API, parent_id=parent.id)
    assert isinstance(listed, list)
    deeper = NewTask(title="grandchild", parent_id=child.id)
    refused = create_task.sync(client=API, body=deeper, idempotency_key=new_key())
    assert isinstance(refused, Problem)
    for task in (parent, child):
        delete_task.sync_detailed(task.id, client=API)
    return {"listed": [one.title for one in listed], "too_deep": refused.status}


def recurrence() -> dict[str, object]:
    body = NewTask(title="recurring", due_date=dt.date(2027, 1, 31), recurrence="FREQ=MONTHLY;BYMONTHDAY=-1")
    task = create_task.sync(client=API, body=body, idempotency_key=new_key())
    assert isinstance(task, Task), task
    done = patch_task.sync(task.id, client=API, body=TaskChanges(status=Status.COMPLETED))
    assert isinstance(done, Task)
    assert isinstance(done.next_id, str)
    successor = get_task.sync(done.next_id, client=API)
    assert isinstance(successor, Task)
    for one in (done, successor):
        delete_task.sync_detailed(one.id, client=API)
    return {"due": str(successor.due_date), "linked": successor.previous_id == task.id}


def crud() -> dict[str, object]:
    task = create("one")
    changed = update_task.sync(task.id, client=API, body=TaskUpdate(status=Status.COMPLETED))
    patched = patch_task.sync(task.id, client=API, body=TaskChanges(due_date=None))
    read = get_task.sync(task.id, client=API)
    removed = delete_task.sync_detailed(task.id, client=API)
    restored = restore_task.sync(task.id, client=API, idempotency_key=new_key())
    assert isinstance(changed, Task)
    assert isinstance(patched, Task)
    assert isinstance(read, Task)
    assert isinstance(restored, Task)
    delete_task.sync_detailed(task.id, client=API)
    return {
        "created": task.version,
        "changed": changed.status.value,
        "patched": patched.due_date,
        "read": read.title,
        "removed": removed.status_code,
        "restored": restored.version,
    }


def paging() -> dict[str, object]:
    made = {create(title).id for title in ("a", "b", "c", "d", "e")}
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = list_tasks.sync_detailed(client=API, limit=2, cursor=cursor or UNSET)
        assert isinstance(answer.parsed, list), answer
        pages.append([task.id for task in answer.parsed])
        link = re.search('<([^>]*)>; rel="next"', answer.headers.get("link", ""))
        cursor = httpx.URL(link[1]).params["cursor"] if link else None
    listed = [task for page in pages for task in page]
    return {"pages": [len(page) for page in pages], "listed_all": set(listed) == made}


def others() -> dict[str, object]:
    health, profile = get_health.sync(client=Client(base_url=BASE)), get_user.sync(client=API)
    body = Batch(operations=[Create(op="create", task=NewTaskInBatch(title="batched"))])
    batch, changes = batch_tasks.sync(client=API, body=body, idempotency_key=new_key()), list_changes.sync(client=API)
    counts, pending = count_tasks.sync(client=API), list_tasks.sync(client=API, status=[Status.PENDING], deleted=False)
    found: list[Any] = [health, profile, batch, changes, counts, pending]
    assert not [one for one in found if one is None or isinstance(one, Problem | GatewayError)], found
    at = dt.datetime(2026, 12, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=14)))
    zoned = patch_user.sync(client=API, body=ProfilePatch(time_zone="Pacific/Kiritimati"))
    timed = create_task.sync(client=API, body=NewTask(title="timed", due_at=at), idempotency_key=new_key())
    assert not isinstance(zoned, Problem | GatewayError | None)
    assert isinstance(timed, Task)
    assert isinstance(timed.due_at, dt.datetime)
    return {
        "zoned": [zoned.time_zone, str(timed.due_date), timed.due_at == at],
        "health": found[0].status,
        "name": found[1].name,
        "batched": [int(result.status) for result in found[2].results],
        "deleted": sum(isinstance(one, DeletedTask) for one in found[3].changes),
        "counted": found[4].by_status.pending == len(found[5]),
    }


def webhooks() -> dict[str, object]:
    body = NewWebhook(url="https://example.com/todo", event_types=[EventType.CREATED])
    made = create_webhook.sync(client=API, body=body, idempotency_key=new_key())
    assert isinstance(made, WebhookWithSecret), made
    changed = patch_webhook.sync(made.id, client=API, body=WebhookChanges(enabled=False))
    sent = test_webhook.sync(made.id, client=API, idempotency_key=new_key())
    listed = list_deliveries.sync(made.id, client=API)
    removed = delete_webhook.sync_detailed(made.id, client=API)
    found: list[Any] = [changed, sent, listed]
    assert not [one for one in found if one is None or isinstance(one, Problem | GatewayError)], found
    return {
        "secret": (made.secret or "")[:6],
        "enabled": found[0].enabled,
        "sent": found[1].event_type,
        "listed": len(found[2]),
        "removed": removed.status_code,
    }


def transfer() -> dict[str, object]:
    exported = export_data.sync_detailed(client=API)
    lines = ImportLines(lines=[IgnoredLine(type_=IgnoredLineType.EXPORT)])
    done = import_data.sync(client=API, body=lines)
    assert isinstance(done, ImportResult), done
    return {"exported": json.loads(exported.content.splitlines()[0])["type"], "unchanged": done.unchanged}


def raw(content: str, media_type: str = "application/json") -> Problem | GatewayError:
    """What no typed client sends, parsed as the generated client parses it."""
    headers = {"Idempotency-Key": new_key(), "Content-Type": media_type}
    response = API.get_httpx_client().post("/api/v1/tasks", content=content, headers=headers)
    parsed = create_task._parse_response(client=API, response=response)
    assert isinstance(parsed, Problem | GatewayError), parsed
    return parsed


def refusals() -> dict[str, int]:
    task, key = create("refused"), new_key()
    create_task.sync(client=API, body=NewTask(title="x"), idempotency_key=key)
    title = TaskUpdate(title="z")
    batch = Batch(operations=[Delete(op="delete", id=NO_TASK)])
    nobody = AuthenticatedClient(base_url=BASE, token="none")
    found: list[tuple[object, int]] = [
        (answer.parsed, int(answer.status_code))
        for answer in (
            list_tasks.sync_detailed(client=API, cursor="forged"),
            list_tasks.sync_detailed(client=API, limit=1000),
            get_task.sync_detailed(NO_TASK, client=API),
            get_insights.sync_detailed(client=API),
            create_task.sync_detailed(client=API, body=NewTask(title="y"), idempotency_key=key),
            create_task.sync_detailed(client=API, body=NewTask(title="y"), idempotency_key=""),
            update_task.sync_detailed(task.id, client=API, body=title, if_match='"99"'),
            update_task.sync_detailed(task.id, client=API, body=title, if_match="99"),
            batch_tasks.sync_detailed(client=API, body=batch, idempotency_key=new_key()),
            list_tasks.sync_detailed(client=nobody),
        )
    ]
    found += [(one, 0) for one in (raw("{"), raw("x", "text/plain"), raw(" " * 300_000))]
    named = {}
    for parsed, status in found:
        if isinstance(parsed, GatewayError):
            named[f"gateway: {parsed.message}"] = status
        else:
            assert isinstance(parsed, Problem), parsed
            assert status in {parsed.status, 0}
            named[parsed.type_.rpartition(":")[2]] = parsed.status
    return named


def parse_documented_refusals(document: dict[str, Any]) -> dict[str, int]:
    """How many documented refusals the generated parser of each operation took for what they are."""
    examples = document["components"]["examples"]
    parsed: dict[str, int] = {}
    for operation in (one for methods in document["paths"].values() for one in methods.values()):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation["operationId"]).lower()
        module = importlib.import_module(f"todo_client.api.{operation['tags'][0]}.{name}")
        for status, answer in operation["responses"].items():
            for media in answer.get("content", {}).values() if status >= "400" else ():
                bodies = [examples[slug]["value"] for slug in media.get("examples", ())] or [media["example"]]
                for body in bodies:
                    found = module._parse_response(client=API, response=httpx.Response(int(status), json=body))
                    expected = GatewayError if "message" in body else Problem
                    assert type(found) is expected, (name, status, found)
                    parsed[name] = parsed.get(name, 0) + 1
    return parsed


def main() -> None:
    document = json.loads(pathlib.Path(os.environ["API_DOCUMENT"]).read_text())
    seen = {"crud": crud(), **paging(), "labels": labels(), "subtasks": subtasks(), "recurrence": recurrence()}
    seen |= {**others(), "webhook": webhooks(), "transfer": transfer(), "refusals": refusals()}
    json.dump({**seen, "parsed": parse_documented_refusals(document)}, sys.stdout)


if __name__ == "__main__":
    main()
