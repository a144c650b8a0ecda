"""Somebody else's dbt project on a local Athena, with nothing but a profile of its own.

The project is copied, seeded and built. `macros/` holds what such a project needs on Athena in AWS, too: a macro of the
project's own that writes what Athena's grammar does not have.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections import Counter
from typing import Any

import yaml

MACROS = pathlib.Path(__file__).parent / "macros"


def profile(name: str, bucket: str, workgroup: str) -> dict[str, Any]:
    """A dbt profile: https://docs.getdbt.com/docs/core/connect-data-platform/athena-setup"""
    output = {
        "type": "athena",
        "region_name": "us-east-1",
        "database": "awsdatacatalog",
        "schema": "peers",
        "work_group": workgroup,
        "s3_staging_dir": f"s3://{bucket}/staging/",
        "s3_data_dir": f"s3://{bucket}/tables/",
        "threads": 4,
        "poll_interval": 0.1,
    }
    return {name: {"target": "dev", "outputs": {"dev": output}}}


def build(project: pathlib.Path, home: pathlib.Path, bucket: str, workgroup: str, arguments: list[str]) -> Counter[str]:
    """Seed and build a project; how often each status came, the names of what did not succeed printed.

    Args:
        project: a clone, after `dbt deps`.
        home: for the copy and the profile.
        arguments: of dbt, for both commands.
    """
    copy = home / "project"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".git", ".venv", "target"))
    settings = yaml.safe_load((copy / "dbt_project.yml").read_text())
    (home / "profiles.yml").write_text(yaml.safe_dump(profile(settings["profile"], bucket, workgroup)))
    for macro in MACROS.glob("*.sql"):
        shutil.copy(macro, copy / settings.get("macro-paths", ["macros"])[0])
    dbt = pathlib.Path(sys.executable).with_name("dbt")
    counts: Counter[str] = Counter()
    for command in ("seed", "build"):
        words = [dbt, command, "--project-dir", copy, "--profiles-dir", home, *arguments]
        subprocess.run(list(map(str, words)), env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "0"}, check=False)
        results = json.loads((copy / "target" / "run_results.json").read_text())["results"]
        counts += Counter(f"{command} {result['status']}" for result in results)
        for result in results:
            if result["status"] not in ("success", "pass", "no-op"):
                print(f"{result['status']}: {result['unique_id']}: {(result['message'] or '').strip()[:300]}")
    return counts
