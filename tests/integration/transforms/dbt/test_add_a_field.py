"""docs/add-a-field.md, followed word for word on a copy of the repository."""

import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

from infra import ROOT
from tests.dbt_project import PROJECT
from tests.field_guide import COMMANDS, apply_edits
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape

pytestmark = [pytest.mark.account, pytest.mark.slow]

MODULES = {"silver-reference": "transforms.silver.docs_generator", "openapi": "api.openapi"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The repository with the guide's edits."""
    folder = tmp_path_factory.mktemp("repository")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".local").mkdir()
    (folder / ".local" / "toolchain").symlink_to(ROOT / ".local" / "toolchain")
    apply_edits(folder)
    return folder


def run(copy: pathlib.Path, *arguments: str) -> None:
    """Run Python in the copy, whose modules come before this checkout's."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSPARK", "PYTEST"))}
    variables = {**mine, "PYTHONPATH": str(copy), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_field_is_in_every_generated_document_and_in_silver(copy: pathlib.Path) -> None:
    """What holds the field from the request to `tasks` is the guide's own test, run in the copy."""
    assert COMMANDS == ["silver-reference", "openapi"]
    for command in COMMANDS:
        run(copy, "-m", MODULES[command])
    for generated in ("docs/openapi.json", "docs/silver.md", "transforms/dbt/models/staging/__sources.yml"):
        assert "estimate_minutes" in (copy / generated).read_text(), generated
    tests = ["tests/unit/api", "tests/unit/transforms", "tests/integration/transforms/test_estimate_minutes.py"]
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


def test_the_field_is_in_gold(copy: pathlib.Path, warehouse: Warehouse) -> None:
    silver: dict[str, list[dict[str, Any]]] = Population(Shape(users=2, tasks=20, days=10)).rows
    warehouse.fill(silver)
    warehouse.ask("alter table tasks add columns (estimate_minutes bigint)", warehouse.silver)
    estimated = next(task["task_id"] for task in silver["tasks"] if not task["is_deleted"])
    warehouse.ask(f"update tasks set estimate_minutes = 25 where task_id = '{estimated}'", warehouse.silver)
    for path in (copy / "transforms" / "dbt" / "models").rglob("*.*"):
        shutil.copy(path, warehouse.project / path.relative_to(copy / "transforms" / "dbt"))

    built = warehouse.dbt("build", "-s", "+fct_tasks")

    assert built.returncode == 0, built.stdout
    found = warehouse.ask(
        "select task_id, estimate_minutes from fct_tasks where estimate_minutes is not null", warehouse.gold
    )
    assert found == [[estimated, "25"]]
    assert "estimate_minutes" not in (PROJECT / "models" / "marts" / "fct_tasks.sql").read_text()
