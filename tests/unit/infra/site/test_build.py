"""`make docs` fails for stale pages, broken links and pages without navigation; what it builds loads nothing."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from infra import ROOT
from infra.site import build

PAGES = {
    "index.md": "# Start\n\n[deploy](deploy.md#a-heading)\n\n```mermaid\nflowchart LR\n    a --> b\n```\n",
    "deploy.md": "# Second\n\n## A heading\n\nText.\n",
}
FAULTS = {
    "deploy.md": "# Second\n\n[gone](gone.md), [no heading](index.md#nowhere), [above](#nowhere), [root](/index.md)\n",
    "unlisted.md": "# In no navigation\n",
}
LOADS = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=["']?(?:https?:)?//[^"'> ]+""")
LINKS = ('rel="canonical"', "rel=canonical")  # an address, which no browser loads


def run_mkdocs(folder: pathlib.Path, texts: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Build a site of these pages with the theme, plugins, hooks and validation of the project."""
    (folder / "docs").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "docs" / name).write_text(text)
    configuration = (ROOT / "mkdocs.yml").read_text()
    configuration = re.sub(
        r"^nav:\n.*", "nav: [Start: index.md, Deploy: deploy.md]\n", configuration, flags=re.MULTILINE | re.DOTALL
    )
    configuration = configuration.replace("infra/site/hooks.py", str(ROOT / "infra" / "site" / "hooks.py"))
    (folder / "mkdocs.yml").write_text(configuration)
    words = [
        str(pathlib.Path(sys.executable).parent / "mkdocs"),
        "build",
        "--strict",
        "--site-dir",
        str(folder / "site"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_pages_without_a_fault_are_built_and_fetch_nothing(tmp_path: pathlib.Path) -> None:
    done = run_mkdocs(tmp_path, PAGES)
    assert done.returncode == 0, done.stderr
    built = sorted((tmp_path / "site").glob("*.html"))
    assert {page.name for page in built} >= {"index.html", "deploy.html"}
    fetched = [load for page in built for load in LOADS.findall(page.read_text()) if not any(x in load for x in LINKS)]
    assert fetched == []


def test_each_fault_fails_the_build(tmp_path: pathlib.Path) -> None:
    done = run_mkdocs(tmp_path, {**PAGES, **FAULTS})
    assert done.returncode != 0
    for fault in ("gone.md", "index.md#nowhere", "'#nowhere'", "'/index.md'", "unlisted.md"):
        assert fault in done.stderr, fault


def test_the_configuration_is_the_one_that_make_docs_reads() -> None:
    """What the tests above replace is there; the rest is the project's own."""
    text = (ROOT / "mkdocs.yml").read_text()
    assert text.count("infra/site/hooks.py") >= 1
    loaded = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (tags of the theme stay text)
    assert (loaded["strict"], loaded["docs_dir"]) == ("true", "docs")
    assert set(loaded["validation"]["links"].values()) == {"warn"}


def test_a_stale_page_stops_the_build(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(build, "check", lambda _words: 1)
    assert build.build(tmp_path / "site") == 1
    assert not (tmp_path / "site").exists()
