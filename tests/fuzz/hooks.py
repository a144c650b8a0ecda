"""What Schemathesis has to know of this API beyond its document."""

import json
import pathlib
import re
import urllib.parse
import uuid
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

PATHS = json.loads((pathlib.Path(__file__).parents[2] / "docs" / "openapi.json").read_text())["paths"]
BATCH = "/api/v1/tasks/batch"
KEY = "Idempotency-Key"
VALID_KEY = re.compile(r"[\x20-\x7e]{1,255}")
TASK = re.compile(r"(?P<task>.*/api/v1/tasks/(?!batch$|changes$|counts$)[^/]+)(?P<restored>/restore)?")


@schemathesis.serializer("application/x-ndjson")
def serialize_lines(context: Any, value: Any) -> bytes:
    """Lines of an import as they are sent: the schema says that they are text."""
    del context
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Each request is one of its own: under the key of another it would get that one's answer, or a rightful refusal.

    Schemathesis takes an empty header for a valid one of any pattern; an empty list of entity tags is none (RFC 9110).
    It takes white space around a value for part of it, which it is not (section 5.5): within, it makes these invalid.
    """
    del context, kwargs
    for name, value in (case.path_parameters or {}).items():
        # the emulator's own address ends at a line break, whatever API it leads to
        case.path_parameters[name] = re.sub(r"%0A|%0D|[\r\n]", "_", str(value), flags=re.IGNORECASE)
    headers = case.headers or {}
    for name in (KEY, "If-Match", "If-None-Match"):
        value = headers.get(name)
        if isinstance(value, str) and (bare := value.strip("\t")) != value:
            headers[name] = f"{bare}\t{bare}"
    if isinstance(headers.get(KEY), str) and VALID_KEY.fullmatch(headers[KEY]):
        headers[KEY] = str(uuid.uuid4())
    if case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE:
        for name in ("If-Match", "If-None-Match"):
            if headers.get(name) == "":
                del headers[name]


@schemathesis.check
class DeletedUntilRestored:
    """A task that was deleted is not found by any method, until it is restored.

    It stands in for `use_after_free`, which takes a task that was restored for one that is still deleted.
    """

    def __init__(self) -> None:
        self.deleted: set[str] = set()

    def after_response(self, ctx: Any, response: Any, case: Any) -> None:
        """Note what the request did to a task, or hold its answer against what earlier ones did."""
        del ctx, case
        path = urllib.parse.urlsplit(response.request.url).path
        if not 200 <= response.status_code < 300:
            return
        if path.endswith(BATCH):
            # what a batch did to tasks is not looked at: it may have restored some
            restored = {one["id"] for one in json.loads(response.request.body)["operations"] if one["op"] == "restore"}
            self.deleted = {task for task in self.deleted if task.rpartition("/")[2] not in restored}
        named = TASK.fullmatch(path)
        if named is None:
            return
        task, method = named["task"], response.request.method
        if named["restored"]:
            self.deleted.discard(task)
        elif method == "DELETE":
            self.deleted.add(task)
        elif task in self.deleted:
            raise AssertionError(f"{method} {task} was answered with {response.status_code}, but the task is deleted")


@schemathesis.check
class UndocumentedMethods:
    """A method that a path does not have is 405, or 404 from API Gateway where that has no route for it.

    It stands in for `unsupported_method`, which knows 405 only. API Gateway has routes for the API's methods below
    /api/v1/ and for GET and HEAD of the public paths; everything else it answers itself.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """

    def after_response(self, ctx: Any, response: Any, case: Any) -> None:
        """Hold the answer to a method that the document does not have for the path against the rule."""
        del ctx
        path, method = case.operation.path, response.request.method
        if method in {"HEAD", "OPTIONS", *(name.upper() for name in PATHS[path])} or response.status_code in (401, 405):
            return
        if response.status_code == 404 and "{" in path:
            return  # a made-up id names nothing, whatever the method
        is_routed = path.startswith("/api/v1/") and method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if is_routed or response.status_code != 404 or response.json() != {"message": "Not Found"}:
            raise AssertionError(f"{method} {path} is not documented and was answered with {response.status_code}")
