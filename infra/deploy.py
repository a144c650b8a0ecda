"""Synthesizes and deploys the stacks with the CDK command line, to AWS or to the local account.

The target is only a matter of the environment: with AWS_ENDPOINT_URL set, the same commands reach the local account.
What is deployed is exactly what `synth` writes.
"""

import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from infra import ROOT
from infra.bundling import Target
from infra.toolchain import node

OUTPUT = ROOT / "cdk.out"
TOOLKIT = "CDKToolkit"
MILESTONE = "✅"
OPTIONS = ("--no-notices", "--no-version-reporting", "--no-color")


class DeployError(RuntimeError):
    """Synthesis or deployment failed; the message carries what the tool printed."""


def synth(target: Target, output: pathlib.Path, context: Mapping[str, str] | None = None) -> None:
    """Write every stack's template, and the assets it uploads, to the folder `output`.

    Args:
        target: which machine the functions' dependencies are built for.
        output: replaced when it exists.
        context: `environment` and other context values of `infra.environments`.

    Raises:
        DeployError: the app failed.
    """
    with _replaced(output) as partial:
        _synth({**(context or {}), "target": target}, {"CDK_OUTDIR": str(partial)})


def synth_examples(output: pathlib.Path) -> None:
    """Write the templates of every environment, with example addresses, to a folder each below `output`.

    Args:
        output: replaced when it exists.

    Raises:
        DeployError: the app failed.
    """
    with _replaced(output) as partial:
        _synth({}, {}, "--examples", str(partial))


@contextmanager
def _replaced(output: pathlib.Path) -> Iterator[pathlib.Path]:
    # beside it first: whoever deploys from the folder meanwhile must not find it half-written
    partial = output.absolute().with_name(f".{output.name}-{os.getpid()}")
    try:
        yield partial
        shutil.rmtree(output, ignore_errors=True)
        partial.rename(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _synth(context: Mapping[str, str], variables: Mapping[str, str], *arguments: str) -> None:
    environment = {
        **node.environment(os.environ),
        # as `cdk synth -c target=…` would pass it, without starting the command line just for that
        "CDK_CONTEXT_JSON": json.dumps({**context, "aws:cdk:enable-path-metadata": True}),
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    _run([sys.executable, "-m", "infra.app", *arguments], environment, "cdk synth", quiet=True)


def deploy(
    environment: Mapping[str, str],
    target: Target = "local",
    quiet: bool = False,
    context: Mapping[str, str] | None = None,
    confirm: Callable[[str], bool] | None = None,
    revert_drift: bool = False,
) -> dict[str, str]:
    """Deploy all stacks to the account that `environment` leads to, and bootstrap it first if it never was.

    Args:
        environment: the variables an AWS command line would need: region, credentials or profile, endpoints.
        target: as in `synth`.
        quiet: say nothing; otherwise each stack gets a line on standard error, and a terminal shows every event.
        context: as in `synth`.
        confirm: gets the difference to what is deployed and says whether to go on; None deploys without asking.
        revert_drift: also bring back what was deleted or changed by hand; without it CloudFormation compares templates
            only, and finds nothing to do.

    Returns:
        the outputs of all stacks, by name.

    Raises:
        DeployError: a step failed, what was deployed before it stays; or `confirm` refused.
    """
    output = OUTPUT / target
    node.install()
    given = {**node.environment({**os.environ, **environment}), "CI": "true", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    bootstrapped = _bootstrapped(given)
    with one_at_a_time(output, quiet), tempfile.TemporaryDirectory() as scratch:
        synth(target, output, context)
        if confirm and not confirm(diff(output, given)):
            raise DeployError("nothing was deployed")
        if not bootstrapped:
            _run([*node.cdk_command(), "bootstrap", "--app", str(output), *OPTIONS], given, "cdk bootstrap", quiet)
        outputs = pathlib.Path(scratch) / "outputs.json"
        options = ["--app", str(output), "--all", "--require-approval=never", "--concurrency=4", *OPTIONS]
        if revert_drift:
            options.append("--revert-drift")
        _run([*node.cdk_command(), "deploy", *options, f"--outputs-file={outputs}"], given, "cdk deploy", quiet)
        stacks = json.loads(outputs.read_text())
    # what the CDK itself exports from one stack to another is not for people
    named = {name: value for stack in stacks.values() for name, value in stack.items()}
    return {name: value for name, value in named.items() if not name.startswith("ExportsOutput")}


@contextmanager
def one_at_a_time(output: pathlib.Path, quiet: bool = False) -> Iterator[None]:
    """Wait, with a line that says so, while another process deploys from the folder `output`.

    Its synthesis would replace the folder from which the first one uploads.

    Args:
        output: the folder.
        quiet: do not say that it waits.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.with_name(f".{output.name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip() or "unknown"
            Console(stderr=True, quiet=quiet, highlight=False).print(
                f"another deployment from this checkout is under way (process {process}); this one waits for its end",
                soft_wrap=True,
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def diff(output: pathlib.Path, environment: Mapping[str, str]) -> str:
    """What deploying the templates in `output` would change, as `cdk diff` words it.

    Args:
        output: a folder that `synth` wrote.
        environment: as in `deploy`.

    Raises:
        DeployError: the CDK command line failed.
    """
    command = [*node.cdk_command(), "diff", "--app", str(output), "--method=template", *OPTIONS]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeployError(f"cdk diff failed with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _bootstrapped(environment: Mapping[str, str]) -> bool:
    try:
        session = boto3.Session(
            profile_name=environment.get("AWS_PROFILE"),
            region_name=environment.get("AWS_REGION"),
            aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        )
        cloudformation = session.client("cloudformation", endpoint_url=environment.get("AWS_ENDPOINT_URL"))
        (stack,) = cloudformation.describe_stacks(StackName=TOOLKIT)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return False
        raise DeployError(f"cannot look at stack {TOOLKIT}: {error}") from error
    except BotoCoreError as error:
        raise DeployError(f"cannot reach the account: {error}") from error
    return stack["StackStatus"].endswith("_COMPLETE")


def _run(command: Sequence[str], environment: Mapping[str, str], what: str, quiet: bool) -> None:
    console = Console(stderr=True, quiet=quiet, highlight=False, emoji=False)
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with (
        console.status(what) as status,
        subprocess.Popen(command, env=environment, cwd=ROOT, **pipes) as process,
    ):
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            # hundreds of resource events pass by on a terminal; what each stack came to stays
            if line.strip():
                status.update(f"{what}: {escape(line.strip()[:100])}")
            if MILESTONE in line:
                console.print(line.strip(), markup=False)
    if process.returncode:
        raise DeployError(f"{what} failed with status {process.returncode}:\n{''.join(lines[-60:])}")
