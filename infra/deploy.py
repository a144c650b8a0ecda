"""Synthesizes and deploys the stacks with the CDK command line, to AWS or to the local account.

The target is only a matter of the environment: with AWS_ENDPOINT_URL set, the same commands reach the local account.
What is deployed is exactly what `synth` writes.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
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


def synth(target: Target, output: pathlib.Path) -> None:
    """Write every stack's template, and the assets it uploads, to the folder `output`.

    Args:
        target: which machine the functions' dependencies are built for.
        output: replaced when it exists.

    Raises:
        DeployError: the app failed.
    """
    # beside it first: whoever deploys from the folder meanwhile must not find it half-written
    partial = output.with_name(f".{output.name}-{os.getpid()}")
    environment = {
        **node.environment(os.environ),
        "CDK_OUTDIR": str(partial.absolute()),
        # as `cdk synth -c target=…` would pass it, without starting the command line just for that
        "CDK_CONTEXT_JSON": json.dumps({"target": target, "aws:cdk:enable-path-metadata": True}),
        "PYTHONPATH": str(ROOT),
    }
    try:
        _run([sys.executable, "-m", "infra.app"], environment, "cdk synth", quiet=True)
        shutil.rmtree(output, ignore_errors=True)
        partial.rename(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def deploy(environment: Mapping[str, str], target: Target = "local", quiet: bool = False) -> dict[str, str]:
    """Deploy all stacks to the account that `environment` leads to, and bootstrap it first if it never was.

    Args:
        environment: the variables an AWS command line would need: region, credentials or profile, endpoints.
        target: as in `synth`.
        quiet: say nothing; otherwise each stack gets a line on standard error, and a terminal shows every event.

    Returns:
        the outputs of all stacks, by name.

    Raises:
        DeployError: a step failed; what was deployed before it stays.
    """
    output = OUTPUT / target
    node.install()
    given = {**node.environment({**os.environ, **environment}), "CI": "true", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    bootstrapped = _bootstrapped(given)
    synth(target, output)
    if not bootstrapped:
        _run([*node.cdk_command(), "bootstrap", "--app", str(output), *OPTIONS], given, "cdk bootstrap", quiet)
    with tempfile.TemporaryDirectory() as scratch:
        outputs = pathlib.Path(scratch) / "outputs.json"
        options = ["--app", str(output), "--all", "--require-approval=never", "--concurrency=4", *OPTIONS]
        _run([*node.cdk_command(), "deploy", *options, f"--outputs-file={outputs}"], given, "cdk deploy", quiet)
        stacks = json.loads(outputs.read_text())
    # what the CDK itself exports from one stack to another is not for people
    named = {name: value for stack in stacks.values() for name, value in stack.items()}
    return {name: value for name, value in named.items() if not name.startswith("ExportsOutput")}


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
