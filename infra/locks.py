"""Regenerates every lock file from pyproject.toml: `python -m infra.locks` (`make lock`).

The root lock pins what the whole environment needs. Each deployable's own lock is a part of it, held to the very same
versions, so that what is tested is what is shipped. Locks carry hashes and no index address: they install from whatever
index the machine is set up for.
"""

import dataclasses
import subprocess
import sys

import uv

from infra import ROOT
from infra.bundling import PYTHON

# the Lambda runtime brings these; a second copy would only make cold starts longer
PROVIDED_BY_LAMBDA = ("boto3", "botocore")


@dataclasses.dataclass(frozen=True)
class Lock:
    """One lock file.

    Args:
        path: relative to the repository.
        extras: optional dependency groups of pyproject.toml that it pins; none means all of them.
        provided: packages that are already where this is installed, so left out.
    """

    path: str
    extras: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """What `uv pip compile` is called with."""
        chosen = [f"--extra={extra}" for extra in self.extras] or ["--all-extras"]
        held = ["--constraint=requirements.lock"] if self.extras else []
        left_out = [f"--no-emit-package={package}" for package in self.provided]
        form = ["--universal", f"--python-version={PYTHON}", "--generate-hashes", "--no-emit-index-url", "--no-header"]
        return ["pyproject.toml", *chosen, *held, *left_out, *form, "--quiet", f"--output-file={self.path}"]


LOCKS = (
    Lock("requirements.lock"),
    Lock("api/requirements.lock", ("api",), PROVIDED_BY_LAMBDA),
    Lock("ingestion/requirements.lock", ("ingestion",), PROVIDED_BY_LAMBDA),
    Lock("orchestration/requirements.lock", ("orchestration",), PROVIDED_BY_LAMBDA),
    Lock("transforms/dbt/requirements.lock", ("dbt",)),
    Lock("transforms/reconcile/requirements.lock", ("reconcile",)),
)


def regenerate(locks: tuple[Lock, ...] = LOCKS) -> None:
    """Write `locks` anew, the root lock first because the others are constrained by it.

    Raises:
        subprocess.CalledProcessError: the requirements contradict each other; uv has printed how.
    """
    for lock in locks:
        print(f"{lock.path}", file=sys.stderr)
        (ROOT / lock.path).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([uv.find_uv_bin(), "pip", "compile", *lock.arguments()], cwd=ROOT, check=True)


if __name__ == "__main__":
    regenerate()
