"""Builds the documentation site into build/site: `make docs`. It fails when a page is out of date or a link is broken.

MkDocs makes the pages; dbt's own documentation, with the lineage of all models, goes into dbt/index.html as one file.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra import ROOT
from infra.site.__main__ import main as check

SITE = ROOT / "build" / "site"
DBT = ROOT / "transforms" / "dbt"
BIN = Path(sys.executable).parent


def build(site: Path = SITE) -> int:
    """Check the generated pages and build the site.

    Args:
        site: the folder that it is written to.

    Returns:
        the exit status.
    """
    if check(["--check"]):
        return 1
    words = [str(BIN / "mkdocs"), "build", "--strict", "--quiet", "--site-dir", str(site)]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}, check=False
    )
    if done.returncode:
        return done.returncode
    write_dbt_docs(site / "dbt")
    print(f"file://{site / 'index.html'}")
    print(f"with search: .venv/bin/python -m http.server --directory {site.relative_to(ROOT)} 8002")
    return 0


def write_dbt_docs(folder: Path) -> None:
    """Write dbt's documentation of the project, without a look into a warehouse: types come from the contracts.

    Raises:
        subprocess.CalledProcessError: dbt failed; its output has been printed.
    """
    variables = {**os.environ, "GOLD_BUCKET": "none", "DBT_USER": "docs"}
    with tempfile.TemporaryDirectory() as target:
        shared = ["--quiet", "--profiles-dir", ".", "--target-path", target, "--log-path", target]
        for words in (["parse"], ["docs", "generate", "--static", "--empty-catalog", "--no-compile"]):
            subprocess.run([str(BIN / "dbt"), *words, *shared], cwd=DBT, env=variables, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(target) / "static_index.html", folder / "index.html")


if __name__ == "__main__":
    sys.exit(build())
