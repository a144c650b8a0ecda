"""What the application adds to a warm request, above a bare Starlette route on Mangum that makes the same call.

DynamoDB's answer is given before the network, to both alike, so what remains is the code in between: access log,
routing, validation, identity, services, items, JSON. The bare route has a DynamoDB client as botocore makes it.
"""

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

from api.settings import Settings
from tests.bench.api.canned import answer_with
from tests.bench.api.observed import handler_of
from tests.integration.api.client import Client

TASK_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PATH = f"/api/v1/tasks/{TASK_ID}"
WARM_UP, MEASURED = 200, 2000


def milliseconds(settings: Settings) -> float:
    """The difference of the two routes' CPU time for a read, requests interleaved, milliseconds.

    Of each route the fastest request counts: what else runs on the machine makes requests slower, never faster.
    """
    user_id = str(uuid.uuid4())
    handler, dynamodb = handler_of(settings)
    claims = {"sub": user_id, "token_use": "id", "email": "a@example.com", "name": "A"}
    stock = get_session().create_client("dynamodb")
    application, bare = Client(handler, claims), Client(_bare(stock, settings.table_name, user_id), claims)
    # the first request makes sure of the profile, on the real table
    assert application.send("GET", PATH).status == 404
    for client in (dynamodb, stock):
        client.meta.events.register("before-send.dynamodb.GetItem", _canned(user_id))
    assert application.send("GET", PATH).json()["title"] == "Water the plants"
    assert "Water the plants" in bare.send("GET", PATH).text
    taken: dict[str, list[float]] = {"application": [], "bare": []}
    for _ in range(WARM_UP + MEASURED):
        for name, sender in (("application", application), ("bare", bare)):
            began = time.process_time()
            sender.send("GET", PATH)
            taken[name].append(time.process_time() - began)
    fastest = {name: min(seconds[WARM_UP:]) * 1000 for name, seconds in taken.items()}
    print(
        f"a warm read: {fastest['application']:.2f} ms, bare Starlette and Mangum {fastest['bare']:.2f} ms",
        file=sys.stderr,
    )
    return fastest["application"] - fastest["bare"]


def _bare(dynamodb: Any, table: str, user_id: str) -> Any:
    async def read(request: Request) -> Response:
        key = {"PK": {"S": f"TASK#{user_id}"}, "SK": {"S": f"TASK#{request.path_params['task_id']}"}}
        answer = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
        return Response(json.dumps(answer["Item"]), media_type="application/json")

    app = Starlette(routes=[Route("/api/v1/tasks/{task_id}", read)])
    return Mangum(app, lifespan="off", text_mime_types=["application/json"])


def _canned(user_id: str) -> Any:
    moment = "2026-11-24T10:00:00.000000Z"
    strings = {
        "PK": f"TASK#{user_id}",
        "SK": f"TASK#{TASK_ID}",
        "entity_type": "TASK",
        "id": TASK_ID,
        "user_id": user_id,
        "title": "Water the plants",
        "status": "pending",
        "priority": "high",
        "category": "home",
        "due_date": "2026-12-01",
        "created_at": moment,
        "updated_at": moment,
        "last_request_id": "bench",
        "due_sort": f"2026-12-01#{TASK_ID}",
        "change_sort": f"{moment}#{TASK_ID}",
    }
    return answer_with({"Item": {**{name: {"S": text} for name, text in strings.items()}, "version": {"N": "1"}}})
