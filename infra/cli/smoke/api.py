"""`insights smoke api`: the life cycle of one user and one task, over HTTP with a real token."""

import json
import secrets
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import boto3
import typer
import urllib3

from infra.cli.cognito import authenticate, sign_up, user_name
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.smoke.steps import StepFailedError, Steps, UnexpectedError
from infra.cli.stack_outputs import stack_outputs
from infra.cli.target import writes

SECONDS = 30
SHOWN_CHARACTERS = 500
TASKS = "/api/v1/tasks"
USERS = "/api/v1/users"


class Api:
    """The deployed API as a client sees it.

    Args:
        endpoint: its address, without `/api/v1`.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._http = urllib3.PoolManager(timeout=SECONDS, retries=False)
        self._authorization: dict[str, str] = {}

    def use(self, token: str) -> None:
        """Send `token` with every request from now on."""
        self._authorization = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, expected: int, body: dict[str, Any] | None = None) -> Any:
        """Send one request, under an idempotency key of its own; the answer's JSON, None when it has no body.

        Raises:
            UnexpectedError: the status is not `expected`, or the body is not JSON.
            urllib3.exceptions.HTTPError: there was no answer.
        """
        request = f"{method} {self._endpoint}{path}"
        headers = dict(self._authorization)
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        answer = self._http.request(method, self._endpoint + path, json=body, headers=headers)
        text = answer.data.decode(errors="replace")
        if answer.status != expected:
            raise UnexpectedError(f"{request}: expected {expected}, got {answer.status} {text[:SHOWN_CHARACTERS]}")
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise UnexpectedError(f"{request}: expected JSON, got {text[:SHOWN_CHARACTERS]}") from None


def check(outputs: dict[str, str], steps: Steps) -> None:
    """Go through the API's life cycle with a user of its own, who is gone afterwards whatever happens.

    Args:
        outputs: of the stacks: `ApiEndpoint`, `UserPoolId`, `UserPoolClientId`.
        steps: run and report each step; the first that fails is the last, but for the clean-up.
    """
    # AWS's mailbox simulator takes the confirmation mail, which nobody at an invented address would
    # https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
    email = f"success+smoke-{uuid.uuid4().hex}@simulator.amazonses.com"
    cleanups: list[Callable[[], None]] = []
    try:
        with suppress(StepFailedError):
            _live(Api(outputs["ApiEndpoint"]), outputs, email, steps, cleanups)
    finally:
        if cleanups:
            with suppress(StepFailedError):
                _clean_up(cleanups, steps)


def _live(api: Api, outputs: dict[str, str], email: str, steps: Steps, cleanups: list[Callable[[], None]]) -> None:
    pool_id, client_id = outputs["UserPoolId"], outputs["UserPoolClientId"]
    password = f"Aa1-{secrets.token_urlsafe(24)}"
    title = f"smoke {uuid.uuid4().hex[:8]}"
    with steps.step("health"):
        expect("health", members(api.call("GET", "/health", 200), "status"), {"status": "ok"})
    with steps.step("sign-up"):
        cleanups.append(lambda: delete_sign_in(pool_id, email))
        sign_up(pool_id, client_id, email, password, "Smoke test")
    with steps.step("token"):
        api.use(authenticate(client_id, email, password).id_token)
        cleanups.append(lambda: api.call("DELETE", USERS, 204))
        expect("the profile", members(api.call("GET", USERS, 200), "email"), {"email": email})
    with steps.step("create"):
        task = api.call("POST", TASKS, 201, {"title": title, "priority": "high"})
        known = {"title": title, "status": "pending", "priority": "high", "version": 1}
        expect("the new task", members(task, *known), known)
        path = f"{TASKS}/{members(task, 'id')['id']}"
    with steps.step("list"):
        expect("the list", api.call("GET", TASKS, 200), [task])
    with steps.step("update"):
        changed = api.call("PUT", path, 200, {"status": "completed"})
        expect("the changed task", members(changed, "status", "version"), {"status": "completed", "version": 2})
        expect("the task read again", api.call("GET", path, 200), changed)
    with steps.step("delete"):
        api.call("DELETE", path, 204)
        api.call("GET", path, 404)
        expect("the list", api.call("GET", TASKS, 200), [])


def _clean_up(cleanups: list[Callable[[], None]], steps: Steps) -> None:
    with steps.step("clean-up"), ExitStack() as stack:
        # one that fails keeps none of the others from being done
        for remove in cleanups:
            stack.callback(remove)


def delete_sign_in(pool_id: str, email: str) -> None:
    """Delete a user from the pool; one who is not there is fine."""
    cognito = boto3.client("cognito-idp")
    with suppress(cognito.exceptions.UserNotFoundException):
        cognito.admin_delete_user(UserPoolId=pool_id, Username=user_name(email))


def members(document: Any, *names: str) -> dict[str, Any]:
    """Some members of an answer.

    Raises:
        UnexpectedError: it is no object that has them all.
    """
    if not isinstance(document, dict) or not set(names) <= set(document):
        raise UnexpectedError(f"expected an object with {', '.join(names)}, got {str(document)[:SHOWN_CHARACTERS]}")
    return {name: document[name] for name in names}


def expect(what: str, found: object, expected: object) -> None:
    """Nothing, when `found` is what is expected.

    Raises:
        UnexpectedError: it is something else; the message says what was found and what was expected.
    """
    if found != expected:
        raise UnexpectedError(f"{what}: expected {expected}, got {str(found)[:SHOWN_CHARACTERS]}")


@writes()
def api(
    as_json: AsJson = False,
) -> None:
    """Call the deployed API as a client would and clean up afterwards.

    Health, sign-up, token, create, list, update, delete; it exits with 1 at the first step that fails.
    """
    steps = Steps(terminal(stderr=as_json, quiet=as_json))
    with explain_errors():
        outputs = stack_outputs()
    try:
        check(outputs, steps)
    except KeyboardInterrupt:
        typer.echo("interrupted; what the command had made is removed", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        print_json({"endpoint": outputs["ApiEndpoint"], "ok": steps.ok, "steps": steps.as_json()})
    raise typer.Exit(ExitCode.OK if steps.ok else ExitCode.FAILED)
