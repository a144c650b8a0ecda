"""What the CPU does for a list of 100 tasks, against a bare Starlette route on Mangum that answers the same bytes.

The bare route asks DynamoDB for the same page, with a client as botocore makes it, and writes its items as JSON, with
nothing else around. DynamoDB's answer is given before the network, to both alike.
"""

import gc
import json
import sys
import time
import uuid
from typing import Any

from botocore.session import get_session
from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.models.task import Task
from api.repositories import task_items
from api.settings import Settings
from tests.bench.api.canned import answer_with
from tests.bench.api.lists import stored_task
from tests.bench.api.observed import handler_of
from tests.integration.api.client import Client

PATH = "/api/v1/tasks"
TASKS = 100
WARM_UP, MEASURED = 20, 200


def ratios(settings: Settings) -> dict[str, float]:
    """CPU of a list of 100 tasks divided by that of the same bytes, made from the same page and already made.

    Returns:
        `list_cpu_ratio`: against a route that makes the same call; `list_cpu_ratio_static`: against one that has the
        bytes already, for information: one call of botocore takes more CPU than that whole answer.
    """
    user_id = str(uuid.uuid4())
    handler, dynamodb = handler_of(settings)
    claims = {"sub": user_id, "token_use": "id", "email": "a@example.com", "name": "A"}
    application = Client(handler, claims)
    assert application.send("GET", PATH, query={"limit": TASKS}).json() == []
    items = [task_items.item(stored_task(user_id, number)) for number in range(TASKS)]
    stock = get_session().create_client("dynamodb")
    for client in (dynamodb, stock):
        client.meta.events.register("before-send.dynamodb.Query", answer_with({"Items": items, "Count": TASKS}))
    expected = application.send("GET", PATH, query={"limit": TASKS})
    clients = {
        "application": application,
        "same_call": Client(_bare(stock, settings.table_name, user_id), claims),
        "static": Client(_static(expected.text), claims),
    }
    taken: dict[str, list[float]] = {name: [] for name in clients}
    gc.collect()
    for _ in range(WARM_UP + MEASURED):
        for name, sender in clients.items():
            began = time.process_time()
            reply = sender.send("GET", PATH, query={"limit": TASKS})
            taken[name].append(time.process_time() - began)
            assert reply.json() == expected.json()
    fastest = {name: min(seconds[WARM_UP:]) * 1000 for name, seconds in taken.items()}
    print(
        f"a list of {TASKS}: {fastest['application']:.2f} ms, bare with the same call {fastest['same_call']:.2f} ms, "
        f"bare with bytes at hand {fastest['static']:.2f} ms ({len(expected.text)} bytes)",
        file=sys.stderr,
    )
    return {
        "list_cpu_ratio": fastest["application"] / fastest["same_call"],
        "list_cpu_ratio_static": fastest["application"] / fastest["static"],
    }


def _bare(dynamodb: Any, table: str, user_id: str) -> Any:
    # a task without labels has no such attribute
    absent: dict[str, Any] = {name: [] if name == "labels" else None for name in Task.model_fields}

    async def read(request: Request) -> Response:
        answer = dynamodb.query(
            TableName=table,
            IndexName="by_creation",
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"TASK#{user_id}"}},
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=int(request.query_params["limit"]) + 1,
        )
        tasks = [
            {name: _plain(item[name]) if name in item else value for name, value in absent.items()}
            for item in answer["Items"]
        ]
        return Response(json.dumps(tasks, separators=(",", ":")), media_type="application/json")

    return _adapt(read)


def _static(text: str) -> Any:
    async def read(_: Request) -> Response:
        return Response(text, media_type="application/json")

    return _adapt(read)


def _adapt(read: Any) -> Any:
    app = Starlette(routes=[Route(PATH, read)])
    return Mangum(app, lifespan="off", text_mime_types=["application/json"])


def _plain(typed: dict[str, str]) -> str | int:
    return int(typed["N"]) if "N" in typed else typed["S"]
