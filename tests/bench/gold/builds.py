"""dbt builds of a copy of the project, as the build in CodeBuild runs them."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from tests.conftest import Account
from tests.dbt_project import copy_project, dbt_variables

KINDS = ("model", "snapshot", "test")
MARTS = ("agg_", "business_", "dim_", "fct_", "task_", "user_")
DBT = str(pathlib.Path(sys.executable).with_name("dbt"))


@dataclasses.dataclass
class Build:
    """One build.

    Args:
        seconds: from start to end, dbt's own start included.
        nodes: seconds by the id of each node that ran.
        kinds: what each node of the project is, for the bench's sums.
        compared: messages about models that were compared as a whole, because rows were missing.
        scanned: bytes of its statements by kind.
    """

    seconds: float
    nodes: dict[str, float]
    kinds: dict[str, str]
    compared: list[str]
    scanned: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def models(self) -> int:
        return sum(node.startswith("model.") for node in self.nodes)

    @property
    def bytes(self) -> int:
        return self.scanned.total()

    @property
    def tests(self) -> int:
        return sum(node.startswith("test.") for node in self.nodes)


class Builds:
    """A copy of the project, and builds of it.

    Args:
        account: that holds silver.
        name: of the bucket, the workgroup and, with a suffix, of the databases.
        folder: for the copy.
    """

    def __init__(self, account: Account, name: str, folder: pathlib.Path) -> None:
        self._project = copy_project(folder)
        self._environment = {
            **os.environ,
            **account.settings.client_environment(),
            **dbt_variables(name),
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        }

    def pipeline(self) -> Build:
        """What a build of the pipeline does; the first one of a day tests every row."""
        return self._run([sys.executable, "runner.py"])

    def plain(self, *words: str) -> Build:
        """What a developer's `dbt build` does, without unit tests."""
        return self._run([DBT, "build", *words, "--no-use-colors"])

    def _run(self, words: list[str]) -> Build:
        began = time.perf_counter()
        done = subprocess.run(
            words, cwd=self._project, env=self._environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - began
        assert done.returncode == 0, done.stdout
        target = self._project / "target"
        nodes = json.loads((target / "manifest.json").read_text())["nodes"]
        results = json.loads((target / "run_results.json").read_text())["results"]
        return Build(
            seconds,
            {result["unique_id"]: result["execution_time"] for result in results},
            {name: _kind(node) for name, node in nodes.items() if node["resource_type"] in KINDS},
            [line for line in done.stdout.splitlines() if "compared as a whole" in line],
        )


def _kind(node: dict[str, Any]) -> str:
    """A model by how it is built, a test by the layer that it reads most of."""
    if node["resource_type"] == "snapshot":
        return "snapshots"
    if node["resource_type"] == "model":
        return {"incremental": "incremental models", "table": "tables"}.get(node["config"]["materialized"], "views")
    read = [name.rpartition(".")[2] for name in node["depends_on"]["nodes"] if name.startswith("model.")]
    marts = [name for name in read if name.startswith(MARTS)]
    return "tests of gold" if marts else "tests of silver and its views"
