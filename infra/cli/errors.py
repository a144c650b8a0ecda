"""Errors of commands: what went wrong, and what to do about it, on standard error."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from rich.text import Text

from infra.cli.athena import QueryError
from infra.cli.console import terminal
from infra.cli.exit_codes import ExitCode
from ingestion.errors import RefusedError
from orchestration.executions.errors import NotDeployedError, NotRedrivableError, NotRunError

DEPLOY = "deploy first (`make deploy`), or check that profile and region are the right ones"
EXPIRED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "UnrecognizedClientException",
)
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
# as IAM words it: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
MISSING = re.compile(r"not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on resource:? (?P<resource>\S+))?")


def fail(message: str, hint: str | None = None, code: ExitCode = ExitCode.FAILED) -> NoReturn:
    """Print `message`, and what to do about it, to standard error; exit with `code`."""
    console = terminal(stderr=True)
    console.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    if hint:
        console.print(Text(hint), soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def explain_errors() -> Iterator[None]:
    """Turn what AWS clients raise into one message and exit status 1."""
    try:
        yield
    except (RefusedError, QueryError) as error:
        fail(str(error))
    except NotDeployedError as error:
        fail(str(error), DEPLOY)
    except NotRunError as error:
        fail(str(error), "`insights pipeline start` runs it")
    except NotRedrivableError as error:
        fail(str(error), "`insights pipeline start` begins a new execution; `insights pipeline history` lists them")
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError):
        fail("no AWS credentials were found", "sign in, or name a profile in AWS_PROFILE")
    except (SSOTokenLoadError, UnauthorizedSSOTokenError, TokenRetrievalError) as error:
        fail(f"the AWS sign-in has ended: {error}", "`aws sso login` signs in again")
    except ProfileNotFound as error:
        fail(str(error), "AWS_PROFILE has to name a profile of your AWS configuration")
    except NoRegionError:
        fail("no AWS region is set", "set AWS_REGION, or a region in your AWS profile")
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        fail(str(error), "the account does not answer: check that it runs, and the network")
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        fail(f"{code}: {message}", _hint(code, message))
    except BotoCoreError as error:
        fail(str(error))


def _hint(code: str, message: str) -> str | None:
    if code in EXPIRED:
        return "sign in again: these credentials are no longer valid"
    if code in DENIED:
        missing = MISSING.search(message)
        permission = (
            f"{missing['action']} on {(missing['resource'] or '*').rstrip('.,')}" if missing else "what was refused"
        )
        return f"your AWS identity lacks a permission; ask for {permission}, or use another AWS_PROFILE"
    if code in ("ThrottlingException", "TooManyRequestsException"):
        return "AWS asks to slow down; try again in a moment"
    if code == "ExecutionDoesNotExist":
        return "`insights pipeline history` lists the executions there are"
    # Athena has one error for everything wrong with a request
    return DEPLOY if message.startswith("WorkGroup ") and message.endswith(" is not found.") else None
