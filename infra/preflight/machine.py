"""Checks of this machine: system, Python, what is installed and downloaded, Java, Node, disk, memory, port."""

import pathlib
import platform
import shutil
import sys

import psutil

from infra import ROOT
from infra.local.account import lifecycle
from infra.local.account.settings import Settings
from infra.preflight import Finding, Level, failed, passed
from infra.toolchain import java, node, spark

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
"""As in `requires-python` of pyproject.toml."""
SYSTEMS = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")}
"""System and processor for which every pin of the lock has a wheel: tests/infra/test_platforms.py."""
MIN_FREE_GB = 2
"""The demo's jars, bundles and data, beside an environment that is installed already."""
MIN_MEMORY_GB = 3.5
"""A machine that is sold with 4 GB: the emulator (0.4 GB), a Spark job's JVM (1.2 GB), dbt, and the system itself."""


def check_tools() -> list[Finding]:
    """What every command needs, whatever the target."""
    system = check_system(platform.system(), platform.machine(), platform.release())
    return [system, check_python(sys.version_info[:2]), check_environment(ROOT), check_node()]


def check_local_account(settings: Settings) -> list[Finding]:
    """What the local account needs as well."""
    memory = check_memory(psutil.virtual_memory().total)
    downloads = check_downloads(settings.toolchain)
    return [check_java(), downloads, check_disk(settings.home), memory, check_port(settings)]


def check_system(system: str, machine: str, release: str) -> Finding:
    """Whether wheels exist for this system and processor.

    Args:
        system: as `platform.system` names it.
        machine: the processor.
        release: of the kernel; WSL's names Microsoft.
    """
    found = f"{system} {machine}{' (WSL)' if 'microsoft' in release.lower() else ''}"
    if (system, machine) in SYSTEMS:
        return passed("system", found)
    fix = "packages may have to be compiled here; Linux, macOS on Apple silicon and WSL 2 are tested"
    return Finding("system", Level.UNKNOWN, found, fix)


def check_environment(root: pathlib.Path) -> Finding:
    """Whether the environment has the packages of the lock that is checked out.

    Args:
        root: of the checkout.
    """
    lock, installed = root / "requirements.lock", root / ".venv" / "requirements.lock"  # `make setup` leaves a copy
    if not installed.exists():
        return Finding("packages", Level.UNKNOWN, "not known to be those of requirements.lock", "`make setup`")
    if installed.read_bytes() == lock.read_bytes():
        return passed("packages", "those of requirements.lock")
    return failed("packages", "not those of requirements.lock", "`make setup`")


def check_downloads(toolchain: pathlib.Path) -> Finding:
    """Whether a run needs the network for tools: the CDK command line and Spark's jars are downloaded once.

    Args:
        toolchain: folder of the jars.
    """
    if node.is_installed() and spark.is_installed(toolchain):
        return passed("downloads", "all there; `make demo` needs no network")
    return passed("downloads", "not yet; the first `make demo` needs the network for them")


def check_python(version: tuple[int, int]) -> Finding:
    """Whether the project runs on this version of Python."""
    found = ".".join(map(str, version))
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return passed("Python", found)
    return failed("Python", found, "install Python 3.11, 3.12 or 3.13, delete .venv and run `make setup`")


def check_node() -> Finding:
    """Whether there is a Node for the CDK."""
    try:
        return passed("Node", str(node.find().executable))
    except node.ToolMissingError as error:
        return failed("Node", str(error), "delete .venv/installed and run `make setup`, which installs the wheel")


def check_java() -> Finding:
    """Whether there is a Java 17 for Spark."""
    try:
        return passed("Java", f"{java.VERSION}, {java.java_home()}")
    except java.MissingJavaError as error:
        return failed("Java", f"no Java {java.VERSION} for {platform.machine()}", str(error))


def check_disk(home: pathlib.Path) -> Finding:
    """Whether the local account has room for its data.

    Args:
        home: of the account; it need not exist yet.
    """
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free >= MIN_FREE_GB:
        return passed("disk", f"{free:.1f} GB free")
    fix = f"free {MIN_FREE_GB} GB, delete the account's data with `insights reset`, or move INSIGHTS_LOCAL_HOME"
    return failed("disk", f"{free:.1f} GB free at {existing}", fix)


def check_memory(total: int) -> Finding:
    """Whether a Spark job fits beside the emulator.

    Args:
        total: memory of the machine, in bytes.
    """
    found = f"{total / 1e9:.1f} GB"
    if total >= MIN_MEMORY_GB * 1e9:
        return passed("memory", found)
    return failed("memory", found, "use a machine with 4 GB; in WSL 2, raise `memory` in .wslconfig")


def check_port(settings: Settings) -> Finding:
    """Whether the local account has its port, or could have it."""
    running = lifecycle.find(settings)
    if running:
        answers = lifecycle.is_healthy(running.settings)
        found = f"{running.settings.port}, the local account (process {running.pid})"
        if answers:
            return passed("port", found)
        return failed("port", f"{found} does not answer", "`insights down`, then `insights up`")
    try:
        lifecycle.refuse_busy_port(settings.port)
    except lifecycle.AccountError as error:
        found, _, fix = str(error).partition(". ")
        return failed("port", found, fix)
    return passed("port", f"{settings.port} is free")
