"""A copy of the dbt project for one test or bench, and the variables that its profile and its runner read."""

import pathlib
import shutil

from infra import ROOT

PROJECT = ROOT / "transforms" / "dbt"


def copy_project(folder: pathlib.Path) -> pathlib.Path:
    """Copy the project, without what a run leaves behind, to `dbt` in `folder`; its path."""
    project = folder / "dbt"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    return project


def dbt_variables(name: str) -> dict[str, str]:
    """The variables of a warehouse.

    Args:
        name: of its bucket and workgroup; its databases are this with `_gold`, `_silver` and `_bronze`.
    """
    return {
        "DBT_PROFILES_DIR": ".",
        "GOLD_BUCKET": name,
        "GOLD_SCHEMA": f"{name}_gold",
        "SILVER_SCHEMA": f"{name}_silver",
        "BRONZE_SCHEMA": f"{name}_bronze",
        "ATHENA_WORKGROUP": name,
        # a query of the local account takes milliseconds
        "ATHENA_POLL_SECONDS": "0.1",
    }
