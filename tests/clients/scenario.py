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
    create_task,
    delete_task,
    get_task,
    list_changes,
    list_tasks,
    patch_task,
    restore_task,
    update_task,
)
from todo_client.api.users import get_user
from todo_client.models import (
    Batch,
    Create,
    Delete,
    DeletedTask,
    GatewayError,
    NewTask,
    NewTaskInBatch,
    Problem,
    Status,
    Task,
    TaskChanges,
    TaskUpdate,
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
    found: list[Any] = [health, profile, batch, changes]
    assert not [one for one in found if one is None or isinstance(one, Problem | GatewayError)], found
    return {
        "health": found[0].status,
        "name": found[1].name,
        "batched": [int(result.status) for result in found[2].results],
        "deleted": sum(isinstance(one, DeletedTask) for one in found[3].changes),
    }


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
    seen = {"crud": crud(), **paging(), **others(), "refusals": refusals()}
    json.dump({**seen, "parsed": parse_documented_refusals(document)}, sys.stdout)


if __name__ == "__main__":
    main()
