"""How each client's suite is installed and run; its files stay as they are."""

import dataclasses
import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

PLUGINS = pathlib.Path(__file__).parent / "plugins"
EXPECTED = pathlib.Path(__file__).parent / "expected"
WORKERS = "4"
"""Each suite spends most of its time between two polls of a query."""


@dataclasses.dataclass(frozen=True)
class Place:
    """What a suite finds in the account.

    Args:
        bucket: for its data and results.
        workgroup: whose results go to the bucket.
    """

    bucket: str
    workgroup: str


@dataclasses.dataclass(frozen=True)
class Suite:
    """A client's test suite.

    Args:
        source: the repository to clone.
        folder: of the checkout, where the suite runs.
        install: makes the suite's own environment in that folder and returns its Python.
        variables: the environment variables that the suite reads.
        pytest: arguments.
    """

    name: str
    source: str
    folder: str
    install: Callable[[pathlib.Path], pathlib.Path]
    variables: Callable[[Place], Mapping[str, str]]
    pytest: Sequence[str]

    @property
    def expected(self) -> pathlib.Path:
        """The list of tests that fail, with the reasons."""
        return EXPECTED / f"{self.name}.toml"


def _uv(folder: pathlib.Path, *arguments: str) -> None:
    uv = shutil.which("uv", path=str(pathlib.Path(sys.executable).parent)) or "uv"
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    # a clone without tags does not know its version
    environment["SETUPTOOLS_SCM_PRETEND_VERSION"] = "3.35.4"
    subprocess.run([uv, *arguments], cwd=folder, env=environment, check=True)


def _install_pyathena(folder: pathlib.Path) -> pathlib.Path:
    """The versions of the suite's own lock file."""
    python = folder / ".venv" / "bin" / "python"
    _uv(folder, "sync", "-q", "--frozen", "--group", "dev", "--no-install-project", "--python", sys.executable)
    _uv(folder, "pip", "install", "-q", "--python", str(python), "--no-deps", "-e", ".")
    return python


def _pyathena(place: Place) -> Mapping[str, str]:
    return {
        "AWS_ATHENA_S3_STAGING_DIR": f"s3://{place.bucket}/pyathena/",
        "AWS_ATHENA_WORKGROUP": place.workgroup,
        "AWS_ATHENA_SPARK_WORKGROUP": "none",
    }


def _install_dbt_athena(folder: pathlib.Path) -> pathlib.Path:
    """The adapter of the checkout, this project's dbt, and dbt's tests for adapters."""
    python = folder / ".venv" / "bin" / "python"
    if not python.exists():
        _uv(folder, "venv", "-q", "--python", sys.executable, ".venv")
    core = f"dbt-core=={importlib.metadata.version('dbt-core')}"
    packages = (core, "dbt-tests-adapter", "pytest<8", "pytest-dotenv", "pytest-xdist", "pyparsing~=3.1.4")
    _uv(folder, "pip", "install", "-q", "--python", str(python), *packages, "-e", ".")
    return python


def _dbt_athena(place: Place) -> Mapping[str, str]:
    return {
        "DBT_TEST_ATHENA_S3_STAGING_DIR": f"s3://{place.bucket}/dbt/",
        "DBT_TEST_ATHENA_S3_TMP_TABLE_DIR": f"s3://{place.bucket}/dbt-tmp/",
        "DBT_TEST_ATHENA_REGION_NAME": "us-east-1",
        "DBT_TEST_ATHENA_DATABASE": "awsdatacatalog",
        "DBT_TEST_ATHENA_SCHEMA": "dbt_peers",
        "DBT_TEST_ATHENA_WORK_GROUP": place.workgroup,
        "DBT_TEST_ATHENA_THREADS": "2",
        "DBT_TEST_ATHENA_POLL_INTERVAL": "0.1",
        "DBT_TEST_ATHENA_NUM_RETRIES": "0",
        "DBT_TEST_ATHENA_AWS_PROFILE_NAME": "",
    }


def _install_ibis(folder: pathlib.Path) -> pathlib.Path:
    """The versions of the suite's own lock file, with what the backend for Athena needs."""
    extras = ("--no-dev", "--group", "tests", "--extra", "athena")
    _uv(folder, "sync", "-q", "--frozen", *extras, "--python", sys.executable)
    return folder / ".venv" / "bin" / "python"


def _ibis(place: Place) -> Mapping[str, str]:
    return {"IBIS_ATHENA_S3_STAGING_DIR": f"s3://{place.bucket}/ibis", "AWS_REGION": "us-east-1"}


_WITHOUT_SPARK = ("--ignore=tests/pyathena/spark", "--ignore=tests/pyathena/aio/spark")
SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            "pyathena",
            "https://github.com/pyathena-dev/PyAthena",
            ".",
            _install_pyathena,
            _pyathena,
            ["tests/pyathena", *_WITHOUT_SPARK, "-p", "arrow_endpoint", "-p", "fast_polls"],
        ),
        Suite(
            "pyathena-sqlalchemy",
            "https://github.com/pyathena-dev/PyAthena",
            ".",
            _install_pyathena,
            _pyathena,
            ["tests/sqlalchemy", "-p", "fast_polls"],
        ),
        Suite(
            "dbt-athena",
            "https://github.com/dbt-labs/dbt-adapters",
            "dbt-athena",
            _install_dbt_athena,
            _dbt_athena,
            ["tests/functional"],
        ),
        Suite(
            "ibis",
            # its data is a repository of its own: clone https://github.com/ibis-project/testing-data
            # as ci/ibis-testing-data into the checkout
            "https://github.com/ibis-project/ibis",
            ".",
            _install_ibis,
            _ibis,
            ["ibis/backends", "-m", "athena", "-p", "no:randomly", "-p", "arrow_endpoint", "-p", "fast_polls"],
        ),
    )
}
