"""`insights serve`: the API of this checkout on this machine, over the local account's table and user pool."""

import os
import re
from typing import Annotated

import typer

from infra import ROOT
from infra.cli.errors import explain_errors, fail
from infra.cli.ports import is_port_taken
from infra.cli.stack_outputs import stack_outputs
from orchestration.executions.errors import NotDeployedError

PORT = 8000
APP = "infra.local.apigateway.dev_server:create_app"


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on 127.0.0.1.")] = PORT,
) -> None:
    """Serve the API of this checkout on 127.0.0.1, and reload it when a file below api/ changes.

    It works on the local account's table and takes tokens of its user pool, as the deployed API does.
    """
    if is_port_taken(port):
        fail(f"port {port} is taken", "the API may be served already; `--port` takes another port")
    import uvicorn

    from infra.local.apigateway.dev_server import API_ID, find_function_variables

    with explain_errors():
        api_id = find_api_id(stack_outputs())
        os.environ.update({**find_function_variables(api_id), API_ID: api_id})
    typer.echo(f"API at http://127.0.0.1:{port}/api/v1, reference at http://127.0.0.1:{port}/docs   (Ctrl-C stops it)")
    uvicorn.run(
        APP,
        factory=True,
        port=port,
        reload=True,
        reload_dirs=[str(ROOT / "api")],
        lifespan="off",
        ws="none",
        # the API writes its own log line per request
        access_log=False,
        server_header=False,
        log_level="warning",
    )


def find_api_id(outputs: dict[str, str]) -> str:
    """The id of the HTTP API, from the address that it has on the local account.

    Raises:
        NotDeployedError: the outputs have no such address.
    """
    found = re.search(r"/execute-api/([^/]+)/", outputs.get("ApiEndpoint", ""))
    if not found:
        raise NotDeployedError("the API is not deployed in the local account")
    return found[1]
