"""The document itself: what FastAPI reads off the routes, completed by what it cannot know."""

from typing import Any

from fastapi import FastAPI

from api.application import prepare
from api.openapi import generators, problems
from api.openapi.examples import ANSWERS, LINES, REQUESTS
from api.routes.json_route import NDJSON

DESCRIPTION = """\
Tasks of the signed-in user, and the figures that analytics make of them.

Send a Cognito ID or access token as `Authorization: Bearer …`. Every write takes an `Idempotency-Key`: the same key and
request give the first answer again, with `Idempotency-Replayed: true`, for 24 hours. A task's `ETag` is its version;
`If-Match` keeps an update from undoing another's. Refusals are problems (RFC 9457); those of API Gateway itself, which
never reach the API, are `{"message": …}`. `HEAD` answers as `GET` does, without the body.

Each user may send so many requests a minute. Every answer says how many (`RateLimit-Policy`) and how many are left
(`RateLimit`); beyond them it is 429 with `Retry-After`, and nothing was changed.
"""
CONTACT = {"name": "todo-team"}
TAGS = [
    {"name": "health", "description": "Whether the API runs."},
    {"name": "tasks", "description": "The caller's tasks: one by one, in lists, in batches, and as a feed of changes."},
    {"name": "users", "description": "The caller's profile, and the erasure of all that is known of the caller."},
    {"name": "webhooks", "description": "Where events of the caller's tasks are sent, and what became of them."},
    {"name": "insights", "description": "The caller's figures, as the analytics pipeline last published them."},
]
SERVERS = [
    {
        "url": ".",
        "description": "The deployment that served this document; its address is the stack output ApiEndpoint. "
        "A client made from a file has to be given that address.",
    }
]
_SECURITY_SCHEMES = {
    "CognitoToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An ID or access token of the user pool, verified by API Gateway.",
    }
}
_TEXT = {"type": "string"}
_HEADERS = {
    "x-request-id": {"description": "Names the request in logs; taken from the request's own, if that is harmless."},
    "ETag": {"description": "The version, for `If-Match` and `If-None-Match`."},
    "Location": {"description": "Where what was created is, relative to this address."},
    "Link": {"description": 'The next page, relative to this one: `<?…>; rel="next"`. Absent on the last.'},
    "Idempotency-Replayed": {"description": "`true` when this answer was given before."},
    "RateLimit": {"description": "How many requests are left (`r`), and for how many seconds (`t`)."},
    "RateLimit-Policy": {"description": "How many requests (`q`) a user may send in how many seconds (`w`)."},
}
_UNCHANGED = {"description": "The client has this version."}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the application, complete."""
    prepare(app)
    made: dict[str, Any] = app.openapi()
    schemas = made["components"]["schemas"]
    generators.complete(made)
    for theirs in ("HTTPValidationError", "ValidationError"):
        schemas.pop(theirs, None)
    schemas.update(problems.SCHEMAS)
    made["info"] |= {
        "description": DESCRIPTION,
        "contact": CONTACT,
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    made |= {"servers": SERVERS, "tags": TAGS}
    made["components"]["securitySchemes"] = _SECURITY_SCHEMES
    operations = []
    for path, methods in made["paths"].items():
        for operation in methods.values():
            # API Gateway has verified the token before the function runs, so no route asks for it
            operation["security"] = [{name: [] for name in _SECURITY_SCHEMES}] if path.startswith("/api/") else []
            _complete(operation)
            operations.append(operation)
    made["components"]["examples"] = problems.examples(operations)
    return made


def _complete(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        content["example"] = LINES if media_type == NDJSON else REQUESTS[name]
    answers = operation["responses"]
    answers.pop("422", None)
    for answer in answers.values():
        if "content" in answer:
            for content in answer["content"].values():
                content["example"] = ANSWERS[name]
        answer["headers"] = _headers(operation, answer)
    headers = {one["name"] for one in operation.get("parameters", ())}
    # a write takes an idempotency key, and its precondition that fails is 412 (RFC 9110, section 13.2.2)
    if "If-None-Match" in headers and "Idempotency-Key" not in headers:
        answers["304"] = _UNCHANGED | {"headers": {"ETag": _header("ETag")}}
    operation["responses"] = dict(sorted((answers | problems.responses(operation)).items()))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter may be when it is sent; null is how a JSON document would say that it is not."""
    alternatives = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(alternatives) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **alternatives[0]}


def _headers(operation: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    names = ["x-request-id"]
    if schema.get("$ref", "").rpartition("/")[2] in {"Task", "User", "Webhook", "WebhookWithSecret"}:
        names.append("ETag")
    if operation["operationId"] in {"createTask", "createWebhook"}:
        names.append("Location")
    if operation["operationId"] in {"listTasks", "listDeliveries", "exportData"}:
        names.append("Link")
    if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ())):
        names.append("Idempotency-Replayed")
    if operation["security"]:
        names += ["RateLimit", "RateLimit-Policy"]
    return {name: _header(name) for name in names}


def _header(name: str) -> dict[str, Any]:
    return {**_HEADERS[name], "schema": _TEXT}
