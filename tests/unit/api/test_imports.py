"""A cold start pays for every module that is imported, so what the handler may import is a closed list.

FastAPI imports its classes of OpenAPI by itself; that none of this API's document is made is what can be held.
"""

import json
import subprocess
import sys

import pytest

from infra import ROOT

PROBE = """
import json, sys
before = set(sys.modules)
import api.entrypoint
print(json.dumps(sorted(set(sys.modules) - before)))
"""
ENVIRONMENT = {"TABLE_NAME": "none", "CURSOR_KEY_SECRET_ID": "none", "AWS_DEFAULT_REGION": "us-east-1"}
# third-party packages, by their first name; what is not here needs a reason to be added
ALLOWED = {
    "annotated_doc",
    "annotated_types",
    "anyio",
    "api",
    "aws_lambda_powertools",
    "botocore",
    "dateutil",
    "fastapi",
    "idna",
    "jmespath",
    "mangum",
    "opentelemetry",
    "orjson",
    "pydantic",
    "pydantic_core",
    "six",
    "starlette",
    "typing_extensions",
    "typing_inspection",
    "ulid",
    "urllib3",
}
# libraries look for these and go without; this environment has them, the bundle does not
OPTIONAL = {"certifi", "python_multipart"}
REFUSED = (
    "api.openapi",  # the OpenAPI document is made when the API changes
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.data_classes",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_xray_sdk",
    "boto3",
    "email_validator",
    "httpx",
    "jinja2",
    "jsonschema",
    "numpy",
    "pandas",
    "pyarrow",
    "requests",
    "s3transfer",
    "yaml",
)
MODULES = 720


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules that a fresh process has loaded with the handler, beyond the interpreter's own."""
    program = [sys.executable, "-c", PROBE]
    done = subprocess.run(program, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_only_what_serves_a_request_is_imported(imported: set[str]) -> None:
    packages = {name.partition(".")[0] for name in imported if not name.startswith("_sysconfigdata")}
    assert "api" in packages
    assert packages - set(sys.stdlib_module_names) - ALLOWED - OPTIONAL == set()


@pytest.mark.parametrize("module", REFUSED)
def test_what_a_request_never_needs_stays_out(imported: set[str], module: str) -> None:
    assert [name for name in imported if name == module or name.startswith(f"{module}.")] == []


def test_there_are_not_many_modules(imported: set[str]) -> None:
    assert len(imported) < MODULES


def test_the_reference_is_not_made_at_import() -> None:
    probe = """
import fastapi, fastapi.applications, fastapi.openapi.utils
def refuse(**_):
    raise AssertionError("the OpenAPI document is made at import")
fastapi.applications.get_openapi = fastapi.openapi.utils.get_openapi = refuse
import api.entrypoint
"""
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


PREPARED = """
import json
import api.entrypoint
from api.models.model import Model
from api.models.task import Task
from api.routes.lazy_route import LazyRoute
app = api.entrypoint._app
prepared = ["dependant" in vars(route) for route in app.routes if isinstance(route, LazyRoute)]
client = bool(vars(app.state.dynamodb))
print(json.dumps({"routes": [sum(prepared), len(prepared)], "models": Task.__pydantic_complete__, "client": client}))
"""


@pytest.mark.parametrize("kind", ["on-demand", "snap-start", "provisioned-concurrency"])
def test_where_no_request_waits_everything_is_made_at_import(kind: str) -> None:
    environment = ENVIRONMENT | {"AWS_LAMBDA_INITIALIZATION_TYPE": kind}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREPARED],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    made, routes = found["routes"]
    assert routes > 15
    if kind == "on-demand":
        assert (made, found["models"], found["client"]) == (0, False, False)
    else:
        assert (made, found["models"], found["client"]) == (routes, True, True)
