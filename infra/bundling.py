"""Builds what the stacks upload: one folder per Lambda function, and the modules of the Glue job, without Docker.

A function's folder holds the project's own sources for it and its locked dependencies as wheels for the machine that
will run it: Lambda's arm64 on AWS, this machine for the local account. Dependencies are installed once per lock and
platform, next to each other below build/, and never into the environment that builds.

Everything is deterministic, so that an unchanged function keeps its asset hash and is not deployed again.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import uv

from api.contract import API_FUNCTION
from api.webhook_contract import DELIVER_FUNCTION, FAN_OUT_FUNCTION
from infra import ROOT
from ingestion.contract import CDC_FUNCTION, LOGS_FUNCTION
from orchestration.contract import ENDED_FUNCTION, NOTIFY_FUNCTION, PUBLISH_FUNCTION, WINDOW_FUNCTION

BUILD = ROOT / "build"
Target = Literal["local", "aws"]
TARGETS: tuple[Target, ...] = get_args(Target)
PYTHON = "3.11"
# the local account runs functions on the Python that runs it
LOCAL_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# the oldest that SnapStart knows: https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
SNAP_START_PYTHON = "3.12"
# Amazon Linux 2 and 2023, which Lambda's Pythons run on, have the C library that manylinux2014 asks for
PLATFORM: dict[Target, list[str]] = {"aws": ["--python-platform=aarch64-manylinux2014"], "local": []}
IGNORED = ("*.pyc", "requirements.lock", "*.md")
# installers' notes differ from machine to machine; the rest of the metadata is read at run time (entry points)
SOURCE_MAPS = "*.map"  # for debuggers; most of the weight of Swagger UI's package
INSTALLER_NOTES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What goes into one function's folder.

    Args:
        sources: files and folders of this repository, copied to the same place in the folder.
        lock: hashed requirements, relative to the repository.
        python: version of the Lambda runtime. On the local account every function runs on this project's own.
    """

    sources: tuple[str, ...]
    lock: str
    python: str = PYTHON

    def interpreter(self, target: Target) -> str:
        """The version that the bundle is built for."""
        return LOCAL_PYTHON if target == "local" else self.python


# what a folder states about what it produces, for those who read it (ADR 0060)
PIPELINE_CONTRACT = ("orchestration/__init__.py", "orchestration/contract.py")
# how executions and maintenance keep out of each other's way
RUN_LOCK = "orchestration/run_lock.py"
PUBLISH_PROGRESS = "orchestration/publish_progress.py"
TABLE_CONTRACT = ("api/__init__.py", "api/contract.py")
INGESTION_CONTRACT = ("ingestion/__init__.py", "ingestion/contract.py")
BRONZE_CONTRACT = (*INGESTION_CONTRACT, "ingestion/bronze_objects.py", "ingestion/discarded.py")
LAKE_CONTRACT = ("transforms/__init__.py", "transforms/contract.py")
BUNDLES = {
    API_FUNCTION: Bundle(sources=("api", "docs/openapi.json"), lock="api/requirements.lock", python=SNAP_START_PYTHON),
    CDC_FUNCTION: Bundle(
        sources=(*TABLE_CONTRACT, *INGESTION_CONTRACT, "ingestion/cdc"), lock="ingestion/requirements.lock"
    ),
    **{
        name: Bundle(
            sources=(
                *TABLE_CONTRACT,
                "api/webhook_contract.py",
                *INGESTION_CONTRACT,
                "ingestion/cdc/__init__.py",
                "ingestion/cdc/attributes.py",
                "ingestion/webhooks",
            ),
            lock="ingestion/requirements.lock",
        )
        for name in (FAN_OUT_FUNCTION, DELIVER_FUNCTION)
    },
    LOGS_FUNCTION: Bundle(
        sources=(*TABLE_CONTRACT, *INGESTION_CONTRACT, "ingestion/logs"), lock="ingestion/requirements.lock"
    ),
    WINDOW_FUNCTION: Bundle(
        sources=(
            *TABLE_CONTRACT,
            "api/webhook_contract.py",
            *BRONZE_CONTRACT,
            *LAKE_CONTRACT,
            *PIPELINE_CONTRACT,
            RUN_LOCK,
            PUBLISH_PROGRESS,
            "orchestration/window",
        ),
        lock="orchestration/requirements.lock",
    ),
    NOTIFY_FUNCTION: Bundle(
        sources=(*PIPELINE_CONTRACT, "orchestration/notify"), lock="orchestration/requirements.lock"
    ),
    ENDED_FUNCTION: Bundle(
        sources=(
            *TABLE_CONTRACT,
            *PIPELINE_CONTRACT,
            "orchestration/executions/__init__.py",
            "orchestration/executions/events.py",
            "orchestration/executions/history.py",
            "orchestration/notify",
            "orchestration/on_execution_end",
        ),
        lock="orchestration/requirements.lock",
    ),
    PUBLISH_FUNCTION: Bundle(
        sources=(
            *TABLE_CONTRACT,
            *PIPELINE_CONTRACT,
            PUBLISH_PROGRESS,
            "transforms/__init__.py",
            "transforms/alert_contract.py",
            "orchestration/publish",
        ),
        lock="orchestration/requirements.lock",
    ),
}
SILVER_CONTRACT = (*LAKE_CONTRACT, "transforms/silver/__init__.py", "transforms/silver/contract.py")
RECONCILE_LOCK = "transforms/reconcile/requirements.lock"
RECONCILE_MODULES = (*TABLE_CONTRACT, *INGESTION_CONTRACT, *SILVER_CONTRACT, "transforms/reconcile")
GLUE_MODULES = (*TABLE_CONTRACT, *BRONZE_CONTRACT, *LAKE_CONTRACT, *PIPELINE_CONTRACT, RUN_LOCK, "transforms/silver")


def build(name: str, target: Target) -> pathlib.Path:
    """Build the folder of one function and return it; it is current afterwards, rebuilt or not.

    Args:
        name: a key of `BUNDLES`.
        target: where it will run.

    Raises:
        subprocess.CalledProcessError: a dependency has no wheel for the platform, or its hash is not the locked one.
    """
    bundle = BUNDLES[name]
    folder = BUILD / "lambda" / f"{name}-{target}"
    with _exclusive():
        python = bundle.interpreter(target)
        dependencies = _dependencies(bundle.lock, target, python)
        digest = _digest(dependencies.name, *_contents(bundle.sources))
        # beside the folder, not in it: the stamp must not become part of the asset
        stamp = folder.with_suffix(".sha256")
        if folder.exists() and stamp.exists() and stamp.read_text() == digest:
            return folder
        with _replacing(folder) as partial:
            shutil.copytree(dependencies, partial)
            _copy_sources(bundle.sources, partial)
            _compile([partial / source for source in bundle.sources], partial, python)
        stamp.write_text(digest)
    return folder


def reconcile_source() -> pathlib.Path:
    """The folder that CodeBuild compares table and silver from: the modules and the contracts they import.

    Returns:
        the folder; `reconcile/requirements.lock` is in it as `transforms/reconcile/requirements.lock`.
    """
    folder = BUILD / "codebuild" / "reconcile"
    with _exclusive(), _replacing(folder) as partial:
        _copy_sources(RECONCILE_MODULES, partial)
        # functions' bundles leave locks out; the build installs from this one
        shutil.copyfile(ROOT / RECONCILE_LOCK, partial / RECONCILE_LOCK)
    return folder


def glue_modules() -> pathlib.Path:
    """The zip that a Glue job gets as `--extra-py-files`: the silver job's modules and the contracts they import."""
    archive = BUILD / "glue" / "transforms.zip"
    with _exclusive(), _replacing(archive) as partial, zipfile.ZipFile(partial, "w") as modules:
        for path in _files(GLUE_MODULES):
            # ZipInfo's fixed date keeps the zip, and so its asset hash, the same
            modules.writestr(zipfile.ZipInfo(path.relative_to(ROOT).as_posix()), path.read_bytes())
    return archive


def install(lock: pathlib.Path, folder: pathlib.Path, target: Target, python: str = PYTHON) -> None:
    """Install exactly what `lock` pins into `folder`, as wheels for `target`; nothing else on the machine changes.

    Args:
        lock: hashed requirements.
        folder: is created.
        target: whose machines the wheels have to fit.
        python: the version that they have to fit.

    Raises:
        subprocess.CalledProcessError: as `build`.
    """
    options = ["--only-binary=:all:", "--require-hashes", "--no-deps", "--link-mode=copy", "--quiet", *PLATFORM[target]]
    command = [uv.find_uv_bin(), "pip", "install", f"--python={sys.executable}", f"--python-version={python}"]
    subprocess.run([*command, f"--target={folder}", *options, "--requirement", lock], check=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)
    for path in folder.rglob(SOURCE_MAPS):
        path.unlink()
    for notes in folder.glob("*.dist-info"):
        for name in INSTALLER_NOTES:
            (notes / name).unlink(missing_ok=True)


def _dependencies(lock: str, target: Target, python: str) -> pathlib.Path:
    pinned = ROOT / lock
    recipe = pathlib.Path(__file__).read_bytes()
    compiler = interpreter_of(python) or "none"
    digest = _digest(target, python, compiler, platform.machine(), recipe, pinned.read_bytes())
    folder = BUILD / "dependencies" / f"{pathlib.PurePath(lock).parent.name}-{target}-{digest[:16]}"
    if not folder.exists():
        with _replacing(folder) as partial:
            install(pinned, partial, target, python)
            _compile([partial], partial, python)
    return folder


@functools.cache
def interpreter_of(python: str) -> str | None:
    """An interpreter of that version on this machine, or None; nothing is downloaded for it."""
    if python == LOCAL_PYTHON:
        return sys.executable
    command = [uv.find_uv_bin(), "python", "find", python, "--system", "--no-python-downloads", "--no-project"]
    # pyenv's commands work only for the version that it is set to
    found = subprocess.run(command, env={**os.environ, "PYENV_VERSION": python}, capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def _compile(paths: Iterable[pathlib.Path], asset: pathlib.Path, python: str) -> None:
    """Add byte code, with paths in tracebacks as they are on Lambda.

    Lambda cannot write it beside its read-only sources, so without this every cold start would compile them. It is not
    checked against the sources' dates, which mean nothing once unpacked: PEP 552. A machine without an interpreter of
    that version leaves it out; then it is compiled once, when SnapStart takes its snapshot (ADR 0020).
    """
    interpreter = interpreter_of(python)
    if interpreter is None:
        return
    form = ["--invalidation-mode=unchecked-hash", "-qq", "-s", str(asset), "-p", "/var/task"]
    # an interpreter of its own: what this one has loaded would show in the bytes; wheels may carry templates or tests
    # for other Pythons that do not compile, and those just stay sources
    subprocess.run(
        [interpreter, "-S", "-m", "compileall", *form, *map(str, paths)], env={"PYTHONHASHSEED": "0"}, check=False
    )


def _files(sources: tuple[str, ...]) -> list[pathlib.Path]:
    found = [path for source in sources for path in (ROOT / source, *(ROOT / source).rglob("*")) if path.is_file()]
    return sorted(path for path in found if not any(path.match(pattern) for pattern in IGNORED))


def _contents(sources: tuple[str, ...]) -> list[bytes | str]:
    return [part for path in _files(sources) for part in (str(path.relative_to(ROOT)), path.read_bytes())]


def _copy_sources(sources: tuple[str, ...], folder: pathlib.Path) -> None:
    for path in _files(sources):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@contextlib.contextmanager
def _exclusive() -> Iterator[None]:
    # a deploy and a test session may build at the same time
    BUILD.mkdir(exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A path to write to; it takes the place of `path` only when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        partial = pathlib.Path(scratch) / path.name
        yield partial
        if path.is_dir():
            path.rename(pathlib.Path(scratch) / "previous")
        partial.rename(path)
