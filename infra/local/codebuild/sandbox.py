"""The tools of a build: those of this checkout to run, none of them to install with.

On AWS a build has a machine of its own. Here it shares the environment that runs the account, so it gets a virtual
environment layered over that: everything can be imported and run, `pip` refuses, and whatever another installer puts
into "the active environment" is gone with the build.
"""

import os
import pathlib
import site
import sys
import venv

REFUSAL = (
    "a build may not install into the environment that runs the local account: test whether the tool is there first "
    "(command -v …), or make a virtual environment of your own (python -m venv …)"
)


def create(folder: pathlib.Path) -> dict[str, str]:
    """Make the environment in `folder`; returns the variables that put it to use, PATH excepted."""
    venv.EnvBuilder(symlinks=True).create(folder)
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "checkout.pth").write_text("".join(f"{path}\n" for path in site.getsitepackages()))
    (packages / "pip").mkdir()
    (packages / "pip" / "__init__.py").touch()
    (packages / "pip" / "__main__.py").write_text(f"raise SystemExit({'pip: ' + REFUSAL!r})\n")
    for name in ("pip", "pip3", f"pip3.{sys.version_info.minor}"):
        command = tools(folder) / name
        command.write_text('#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n')
        command.chmod(0o755)
    return {"VIRTUAL_ENV": str(folder), "PIP_REQUIRE_VIRTUALENV": "1", "NPM_CONFIG_PREFIX": str(folder)}


def tools(folder: pathlib.Path) -> pathlib.Path:
    """The folder that has to be first in PATH."""
    return folder / "bin"


def path(folder: pathlib.Path, inherited: str) -> str:
    """PATH with the environment's own tools before the `inherited` ones."""
    return os.pathsep.join([str(tools(folder)), inherited])
