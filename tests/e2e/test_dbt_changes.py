"""`.ci/dbt-changes`, run as a pull request runs it: in a checkout of its own, on an account whose gold is built."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import boto3
import pytest

from infra import ROOT
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

CHANGED = "task_analytics_category_trends"
BESIDE = "todo_analytics_ci"
GIT = str(shutil.which("git"))


class Checkout:
    """A repository with this working tree as its first commit.

    Args:
        folder: an empty one.
        platform: whose account the script works on.
    """

    def __init__(self, folder: pathlib.Path, platform: Platform) -> None:
        self.folder = folder
        listed = subprocess.check_output([GIT, "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
        for name in (name for name in listed.splitlines() if (ROOT / name).is_file()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        self.git("init", "--quiet")
        self.commit("as it is")
        # the environment's own install is of the working tree; this one is to run its own code
        self.environment = os.environ | platform.account.settings.environment() | {"PYTHONPATH": str(folder)}
        self.environment.pop("DBT_TARGET", None)

    def git(self, *words: str) -> str:
        author = ["-c", "user.name=A developer", "-c", "user.email=developer@example.com"]
        return subprocess.check_output([GIT, *author, *words], cwd=self.folder, text=True).strip()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def replace(self, old: str, new: str) -> None:
        """Change the model, and what its unit test expects."""
        for path in (self.folder / "transforms" / "dbt" / "models" / "marts").glob(f"{CHANGED}.*"):
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))

    def dbt_changes(self, base: str) -> list[dict[str, Any]]:
        """Run the script, which has to succeed; dbt's results, the hook's left out."""
        done = subprocess.run(
            [self.folder / ".ci" / "dbt-changes", base],
            cwd=self.folder.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results = json.loads((self.folder / "transforms" / "dbt" / "target" / "run_results.json").read_text())
        return [one for one in results["results"] if not one["unique_id"].startswith("operation.")]


def test_a_changed_model_is_built_beside_gold_from_the_rest_of_gold(built: Platform, tmp_path: pathlib.Path) -> None:
    checkout = Checkout(tmp_path / "checkout", built)
    base = checkout.git("rev-parse", "HEAD")
    glue = boto3.client("glue")
    kept = glue.get_table(DatabaseName="todo_analytics", Name=CHANGED)["Table"]["StorageDescriptor"]["Location"]
    # what an earlier change has left behind: tasks that are not in gold
    glue.create_database(DatabaseInput={"Name": BESIDE})
    built.gold(f"create table {BESIDE}.fct_tasks as select 'stale' as category, 'completed' as status")

    checkout.replace("uncategorized", "none_given")
    checkout.commit("another name for tasks without a category")
    results = checkout.dbt_changes(base)
    report = (checkout.folder / "build" / "dbt-diff.md").read_text()

    assert [one["unique_id"] for one in results if one["unique_id"].startswith("model.")] == [
        f"model.todo_insights.{CHANGED}"
    ]
    assert {one["unique_id"].split(".")[0] for one in results} == {"exposure", "model", "test", "unit_test"}
    rows = f"select category, total_tasks, completed_tasks from {{}}.{CHANGED}"
    beside, before = built.gold(rows.format(BESIDE)), built.gold(rows.format("todo_analytics"))
    assert "uncategorized" in {row["category"] for row in before}
    renamed = [
        row | {"category": "none_given" if row["category"] == "uncategorized" else row["category"]} for row in before
    ]
    assert sorted(beside, key=str) == sorted(renamed, key=str)
    assert f"| `{CHANGED}` | {len(before)} | {len(beside)} | 1 | 1 | 0 |" in report
    assert f"**Models** (1): `{CHANGED}` (rows)" in report
    assert "**Saved queries** (0): none" in report
    assert "assert_totals_agree_across_marts" in report
    assert f"primary_key_{CHANGED}_category" in report
    assert [table["Name"] for table in glue.get_tables(DatabaseName=BESIDE)["TableList"]] == [CHANGED]
    now = glue.get_table(DatabaseName="todo_analytics", Name=CHANGED)["Table"]["StorageDescriptor"]["Location"]
    assert now == kept

    assert checkout.dbt_changes("HEAD") == []
    assert "No model changes." in (checkout.folder / "build" / "dbt-diff.md").read_text()
    assert BESIDE not in [database["Name"] for database in glue.get_databases()["DatabaseList"]]
