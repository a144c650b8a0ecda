"""Cold start of the handler as it is shipped, against its three largest libraries alone, in fresh processes.

Both read the bundle that the local account deploys, with its byte code; boto3 comes from this environment, as it comes
from the runtime on Lambda, with byte code of its own. What is measured is the CPU time of each process, which other
processes on the machine do not lengthen by making it wait.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import sysconfig
import tempfile

from infra import bundling
from tests.bench.api.overhead import PATH
from tests.integration.api.client import event

HANDLER = "import api.entrypoint"
LIBRARIES = "import fastapi, mangum, boto3"
HANDLER_ANSWERS = """
import api.entrypoint
client = api.entrypoint._app.state.dynamodb
handler = api.entrypoint.handler
"""
LIBRARIES_ANSWER = """
import asyncio, boto3, fastapi, mangum
client = boto3.client("dynamodb")
application = fastapi.FastAPI(openapi_url=None)
@application.get("/api/v1/tasks/{task_id}")
async def read(task_id: str):
    return client.get_item(TableName="none", Key={"PK": {"S": "none"}, "SK": {"S": task_id}})["Item"]
handler = mangum.Mangum(application, lifespan="off")
"""
FIRST_ANSWER = """
import asyncio, io
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse
asyncio.set_event_loop(asyncio.new_event_loop())
user = {"PK": {"S": "USER#u"}, "SK": {"S": "METADATA"}, "user_id": {"S": "u"}, "email": {"S": "a@example.com"},
    "created_at": {"S": "2026-11-24T10:00:00.000000Z"}, "updated_at": {"S": "2026-11-24T10:00:00.000000Z"},
    "version": {"N": "1"}}
task = {"id": {"S": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "title": {"S": "Water the plants"}, "status": {"S": "pending"},
    "priority": {"S": "high"}, "last_request_id": {"S": "bench"},
    **{name: user[name] for name in user if name != "email"}}
def answer(request, **_):
    body = json.dumps({"Item": user if b"USER#" in request.body else task}).encode()
    return AWSResponse(request.url, 200, HTTPHeaders(), HTTPResponse(io.BytesIO(body), preload_content=False))
client.meta.events.register("before-send.dynamodb", answer)
answered = handler(json.loads(sys.argv[2]), object())
assert answered["statusCode"] == 200 and "Water the plants" in answered["body"], answered
"""
ROUNDS = 11
PROBE = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
began = time.process_time()
{program}
sys.stderr.write(str(time.process_time() - began))
"""


def import_ratio() -> float:
    """The handler's import time divided by the libraries', medians of `ROUNDS` interleaved processes each."""
    return _ratio("cold import", HANDLER, LIBRARIES)


def first_answer_ratio() -> float:
    """The time to a first answer, imports included, divided by that of FastAPI's smallest application on Mangum.

    Both read a task with one call of a DynamoDB client that they have to make; the answer to it is given before the
    network. So what is put off at import counts here.
    """
    return _ratio("first answer", HANDLER_ANSWERS + FIRST_ANSWER, LIBRARIES_ANSWER + FIRST_ANSWER)


def _ratio(what: str, handler: str, libraries: str) -> float:
    folders = [str(bundling.build("todo-api", "local")), sysconfig.get_path("purelib")]
    with tempfile.TemporaryDirectory() as byte_code:
        for program in (handler, libraries):
            _seconds(program, folders, pathlib.Path(byte_code))
        pairs = [
            (_seconds(handler, folders, pathlib.Path(byte_code)), _seconds(libraries, folders, pathlib.Path(byte_code)))
            for _ in range(ROUNDS)
        ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{what}: {ours * 1000:.0f} ms, libraries alone {theirs * 1000:.0f} ms", file=sys.stderr)
    ratio: float = ours / theirs
    return ratio


def _seconds(program: str, folders: list[str], byte_code: pathlib.Path) -> float:
    environment = {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "none",
        "CURSOR_KEY_SECRET_ID": "none",
        "HOME": os.environ["HOME"],
        "PYTHONPYCACHEPREFIX": str(byte_code),
        "TABLE_NAME": "none",
    }
    claims = {"sub": "u", "token_use": "id", "email": "a@example.com"}
    request = json.dumps(event("GET", PATH, "", {}, None, claims))
    command = [sys.executable, "-S", "-c", PROBE.replace("{program}", program), json.dumps(folders), request]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=True)
    return float(done.stderr)
