"""dbt builds of a copy of the project, as the build in CodeBuild runs them."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from infra import ROOT
from tests.conftest import Account

PROJECT = ROOT / "transforms" / "dbt"
DBT = str(pathlib.Path(sys.executable).with_name("dbt"))


@dataclasses.dataclass
class Build:
    """One build.

    Args:
        seconds: from start to end, dbt's own start included.
        nodes: seconds by the id of each node that ran.
        incremental: ids of the incremental models.
        scanned: bytes of all its statements.
        facts: bytes of the incremental models' statements.
    """

    seconds: float
    nodes: dict[str, float]
    incremental: set[str]
    scanned: int = 0
    facts: int = 0

    @property
    def models(self) -> int:
        return sum(node.startswith("model.") for node in self.nodes)

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
        self._project = folder / "dbt"
        shutil.copytree(PROJECT, self._project, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
        self._environment = {
            **os.environ,
            **account.settings.client_environment(),
            "DBT_PROFILES_DIR": ".",
            "GOLD_BUCKET": name,
            "GOLD_SCHEMA": f"{name}_gold",
            "SILVER_SCHEMA": f"{name}_silver",
            "ATHENA_WORKGROUP": name,
            "ATHENA_POLL_SECONDS": "0.1",
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        }

    def pipeline(self) -> Build:
        """What a build of the pipeline does: everything, or nothing when nothing has changed."""
        return self._run([sys.executable, "runner.py"])

    def plain(self) -> Build:
        """What a developer's `dbt build` does, without unit tests."""
        return self._run([DBT, "build", "--no-use-colors"])

    def _run(self, words: list[str]) -> Build:
        began = time.perf_counter()
        done = subprocess.run(
            words, cwd=self._project, env=self._environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - began
        assert done.returncode == 0, done.stdout
        target = self._project / "target"
        manifest = json.loads((target / "manifest.json").read_text())["nodes"]
        return Build(
            seconds,
            {
                result["unique_id"]: result["execution_time"]
                for result in json.loads((target / "run_results.json").read_text())["results"]
            },
            {node for node, said in manifest.items() if said["config"].get("materialized") == "incremental"},
        )
