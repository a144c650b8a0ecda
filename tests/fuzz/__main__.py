"""`python -m tests.fuzz`: Schemathesis against the API that the local account has deployed."""

import argparse
import os
import pathlib
import subprocess
import sys
import uuid

from infra import ROOT
from infra.cli.cognito import sign_in
from infra.cli.stack_outputs import stack_outputs
from infra.local.account import lifecycle
from infra.local.account.settings import Settings

PASSWORD = "Correct-horse-7"
SCHEMATHESIS = pathlib.Path(sys.executable).with_name("schemathesis")


def fuzz(
    outputs: dict[str, str], seconds: int, examples: int, *, seed: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Try the API with a new user's token.

    Args:
        outputs: of the stacks: `ApiEndpoint`, `UserPoolId`, `UserPoolClientId`.
        seconds: to stop after.
        examples: at most, per operation and phase.
        seed: of what is generated; None: another one each time.

    Returns:
        the finished run: its report, and status 0 when every check held.
    """
    email = f"fuzz-{uuid.uuid4().hex}@example.com"
    tokens = sign_in(outputs["UserPoolId"], outputs["UserPoolClientId"], email, PASSWORD, "Fuzz")
    program: list[str | pathlib.Path] = [
        SCHEMATHESIS,
        "--config-file",
        "tests/fuzz/schemathesis.toml",
        "run",
        "docs/openapi.json",
    ]
    # instead of the one left out, hooks.py has one that knows of restoring
    checks = ["--checks", "all", "--exclude-checks", "use_after_free,unsupported_method"]
    what = ["--url", outputs["ApiEndpoint"], *checks, "--continue-on-failure"]
    bounds = ["--max-time", str(seconds), "--max-examples", str(examples)]
    bounds += [] if seed is None else ["--seed", str(seed)]
    environment = os.environ | {"API_TOKEN": tokens.id_token}
    return subprocess.run(
        [*program, *what, *bounds], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, check=False
    )


def main() -> int:
    """Fuzz for as long as asked; the status of Schemathesis, 2 when there is no local account."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the local account's API.")
    parser.add_argument("--seconds", type=int, default=600, help="stop after so many (%(default)s)")
    parser.add_argument("--examples", type=int, default=200, help="per operation and phase (%(default)s)")
    given = parser.parse_args()
    running = lifecycle.find(Settings.from_environment())
    if running is None:
        print("error: the local account is not running; `make deploy` starts it and deploys", file=sys.stderr)
        return 2
    os.environ.update(running.settings.client_environment())
    print(f"fuzzing for at most {given.seconds} s", file=sys.stderr)
    done = fuzz(stack_outputs(), given.seconds, given.examples)
    print(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
