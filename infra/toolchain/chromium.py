"""Chromium for the dashboard's tests: npm package @sparticuz/chromium, which carries the browser and its libraries.

No download beside the package's own, no installation into the system: what Playwright and apt would fetch from other
places is not needed. The package is made for Lambda on x86-64; on another processor the machine's own Chromium is used.
"""

import contextlib
import dataclasses
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping

from infra.toolchain import node
from infra.toolchain.node import ToolMissingError

FOLDER = pathlib.Path(__file__).parent / "browser"
PACKAGE = "@sparticuz/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# where the package unpacks to is its business; that it shall add its libraries, it learns from Lambda's variable
_UNPACK = f'import chromium from "{PACKAGE}"; console.log(await chromium.executablePath());'
_ON_LAMBDA = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}


@dataclasses.dataclass(frozen=True)
class Chromium:
    """A browser to drive.

    Args:
        executable: the binary.
        environment: variables that it needs beside the usual ones.
    """

    executable: pathlib.Path
    environment: Mapping[str, str]


def install(toolchain: pathlib.Path) -> Chromium:
    """Install the pinned browser once below `toolchain`, unless this machine's processor needs its own.

    Raises:
        ToolMissingError: npm failed, the package did not unpack, or there is no browser for this processor.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return _machines()
    place = toolchain / f"chromium-{node.pinned(PACKAGE, FOLDER)}"
    if not place.exists():
        node.install(PACKAGE, FOLDER)
        toolchain.mkdir(parents=True, exist_ok=True)
        _unpack(place)
    libraries = {"LD_LIBRARY_PATH": str(place / "al2023" / "lib")}
    fonts = {} if pathlib.Path("/etc/fonts").exists() else {"FONTCONFIG_PATH": str(place / "fonts")}
    return Chromium(place / "chromium", libraries | fonts)


def _unpack(place: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=place.parent) as parent:
        scratch = pathlib.Path(parent) / "unpacked"
        scratch.mkdir()
        done = subprocess.run(
            [str(node.find().executable), "--input-type=module", "-e", _UNPACK],
            cwd=FOLDER,
            env=node.environment(os.environ) | _ON_LAMBDA | {"TMPDIR": str(scratch)},
            capture_output=True,
            text=True,
        )
        if done.returncode or not (scratch / "chromium").exists():
            raise ToolMissingError(f"{PACKAGE} did not unpack:\n{done.stdout}{done.stderr}")
        with contextlib.suppress(OSError):  # another process was quicker
            scratch.rename(place)


def _machines() -> Chromium:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Chromium(pathlib.Path(found), {})
    raise ToolMissingError(f"no Chromium for {platform.machine()}: install one, as `chromium` on the PATH")
