"""Lints docs/openapi.json and generates a client of it in Python and one in TypeScript, each compiled strictly."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

from infra import ROOT, bundling
from infra.toolchain import node

FOLDER = pathlib.Path(__file__).parent
DOCUMENT = ROOT / "docs" / "openapi.json"
# Python is not written below tests/, where mypy and ruff would take it for this project's; TypeScript has to lie below
# node_modules' folder, where its imports are looked for
PYTHON = bundling.BUILD / "clients"
TYPESCRIPT = FOLDER / "generated"
LOCK = FOLDER / "generator.lock"


def install_tools() -> None:
    """Install the pinned npm packages, unless they are there already.

    Raises:
        infra.toolchain.node.ToolMissingError: npm failed.
    """
    node.install("@redocly/cli", FOLDER)


def lint() -> dict[str, subprocess.CompletedProcess[str]]:
    """What Redocly and Spectral say of the document, by tool; status 0 means no remark at all."""
    return {
        "redocly": _run_node("@redocly/cli/bin/cli.js", "lint", "--config=redocly.yaml", DOCUMENT),
        "spectral": _run_node(
            "@stoplight/spectral-cli/dist/index.js", "lint", "--fail-severity=hint", "--ruleset=spectral.yaml", DOCUMENT
        ),
    }


def generate_python() -> None:
    """Write package `todo_client` with openapi-python-client, and put the scenario that uses it beside it."""
    shutil.rmtree(PYTHON / "todo_client", ignore_errors=True)
    PYTHON.mkdir(parents=True, exist_ok=True)
    shutil.copy(FOLDER / "scenario.py", PYTHON)
    program = [sys.executable, "-m", "openapi_python_client", "generate", f"--path={DOCUMENT}", "--meta=none"]
    options = [f"--config={FOLDER / 'generator.yaml'}", f"--output-path={PYTHON / 'todo_client'}", "--fail-on-warning"]
    _checked([*program, *options], {"PYTHONPATH": str(_generator())})


def compile_python() -> subprocess.CompletedProcess[str]:
    """mypy --strict over the generated package and the scenario that uses it."""
    strict = ["--strict", "--config-file=", f"--cache-dir={PYTHON / 'mypy'}"]
    program = [sys.executable, "-m", "mypy", *strict, "-p", "todo_client", "-m", "scenario"]
    return _run(program, {"MYPYPATH": str(PYTHON)}, PYTHON)


def generate_typescript() -> None:
    """Write the types of the document with openapi-typescript; openapi-fetch is the client that uses them."""
    TYPESCRIPT.mkdir(exist_ok=True)
    # by default it takes fields of a request that have a default for required
    options = ["--default-non-nullable=false", f"--output={TYPESCRIPT / 'schema.ts'}"]
    done = _run_node("openapi-typescript/bin/cli.js", DOCUMENT, *options)
    if done.returncode:
        raise RuntimeError(done.stdout)


def compile_typescript() -> subprocess.CompletedProcess[str]:
    """tsc --strict over the types and the scenario that uses them; JavaScript goes to generated/javascript."""
    return _run_node("typescript/bin/tsc", "--project", "tsconfig.json")


def run_python(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run scenario.py with the generated package."""
    return _run([sys.executable, PYTHON / "scenario.py"], environment)


def run_typescript(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run scenario.ts, compiled."""
    return _run([node.find().executable, TYPESCRIPT / "javascript" / "scenario.js"], environment)


def _generator() -> pathlib.Path:
    """The folder of openapi-python-client, installed once per lock beside the other dependencies that are built."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = bundling.BUILD / "dependencies" / f"client-generator-{digest}"
    if not folder.exists():
        bundling.install(LOCK, folder, "local")
    return folder


def _run_node(script: str, *arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    return _run([node.find().executable, FOLDER / "node_modules" / script, *arguments], {"NO_COLOR": "1"})


def _checked(command: Sequence[str | pathlib.Path], environment: dict[str, str]) -> None:
    done = _run(command, environment)
    if done.returncode:
        raise RuntimeError(f"{command}:\n{done.stdout}")


def _run(
    command: Sequence[str | pathlib.Path], environment: dict[str, str], cwd: pathlib.Path = FOLDER
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
