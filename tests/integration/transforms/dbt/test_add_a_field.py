"""docs/add-a-field.md, followed word for word on a copy of the repository."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from infra import ROOT
from tests.dbt_project import PROJECT
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape

pytestmark = [pytest.mark.account, pytest.mark.slow]

GUIDE = (ROOT / "docs" / "add-a-field.md").read_text()
BLOCK = re.compile(r"^`(\S+)`:\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^make (silver-reference|openapi)$", GUIDE, re.MULTILINE)
MODULES = {"silver-reference": "transforms.silver.docs_generator", "openapi": "api.openapi"}
MOST_FILES = 8


def edit(text: str, block: str) -> str:
    """Apply a block of a diff: its lines with a space or a minus stand in the text, once and in this order."""
    lines = [(line[:1] or " ", line[1:]) for line in block.splitlines()]
    before = "\n".join(line for sign, line in lines if sign != "+")
    after = "\n".join(line for sign, line in lines if sign != "-")
    assert text.count(before) == 1, f"the guide names lines that are not there, or not once:\n{before}"
    return text.replace(before, after)


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
    for name, kind, block in BLOCK.findall(GUIDE):
        path = folder / name
        path.write_text(edit(path.read_text(), block) if kind == "diff" else block)
    return folder


def run(copy: pathlib.Path, *arguments: str) -> None:
    """Run Python in the copy, whose modules come before this checkout's."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSPARK", "PYTEST"))}
    variables = {**mine, "PYTHONPATH": str(copy), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_field_costs_few_files() -> None:
    assert 0 < len({name for name, _, _ in BLOCK.findall(GUIDE)}) <= MOST_FILES


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
