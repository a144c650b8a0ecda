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
# swagger-ui-bundle-v2 names it for a template that is not used here; only its static files are
FOR_TEMPLATES = ("jinja2", "markupsafe")


@dataclasses.dataclass(frozen=True)
class Lock:
    """One lock file.

    Args:
        path: relative to the repository.
        extras: optional dependency groups of pyproject.toml that it pins; none means all of them.
        group: a dependency group of pyproject.toml that it pins instead, on its own.
        left_out: packages that are already where this is installed, or not needed there.
    """

    path: str
    extras: tuple[str, ...] = ()
    group: str | None = None
    left_out: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """What `uv pip compile` is called with."""
        chosen = [f"--extra={extra}" for extra in self.extras] or ["--all-extras"]
        held = ["--constraint=requirements.lock"] if self.extras else []
        left_out = [f"--no-emit-package={package}" for package in self.left_out]
        form = ["--universal", f"--python-version={PYTHON}", "--generate-hashes", "--no-emit-index-url", "--no-header"]
        source = [f"--group={self.group}"] if self.group else ["pyproject.toml", *chosen]
        return [*source, *held, *left_out, *form, "--quiet", f"--output-file={self.path}"]


LOCKS = (
    Lock("requirements.lock"),
    Lock("api/requirements.lock", ("api",), left_out=(*PROVIDED_BY_LAMBDA, *FOR_TEMPLATES)),
    Lock("ingestion/requirements.lock", ("ingestion",), left_out=PROVIDED_BY_LAMBDA),
    Lock("orchestration/requirements.lock", ("orchestration",), left_out=PROVIDED_BY_LAMBDA),
    Lock("transforms/dbt/requirements.lock", ("dbt",)),
    Lock("transforms/reconcile/requirements.lock", ("reconcile",)),
    Lock("tests/clients/generator.lock", group="client-generator"),
    Lock("tests/second_opinion/requirements.lock", group="second-opinion"),
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
