"""What MkDocs calls while it builds the site: https://www.mkdocs.org/dev-guide/plugins/#events

Entries of the navigation that name a folder get its pages. Links that leave docs/ lead to the repository when
REPOSITORY_URL names it, as the workflow does; otherwise their text stays, because the site has no such page.
"""

import os
import pathlib
import re
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from infra import ROOT
from infra.site import mermaid

DOCS = ROOT / "docs"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(((?!\w+:|#)[^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of whole folders into the navigation."""
    config.nav = [_with_pages(entry) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add Mermaid, which draws the diagrams in the reader's browser."""
    files.append(File.generated(config, "assets/mermaid.js", abs_src_path=str(mermaid.script())))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lead links that leave docs/ to the repository, code blocks aside."""
    parts = FENCE.split(markdown)
    folder = (DOCS / page.file.src_uri).parent
    return "".join(part if part.startswith("```") else link_outside(part, folder) for part in parts)


def link_outside(text: str, folder: pathlib.Path, repository: str | None = None) -> str:
    """The text with links to files outside of docs/ replaced.

    Args:
        text: Markdown.
        folder: of the page.
        repository: the URL of its main branch; None: that of the environment variable REPOSITORY_URL, if there is one.
    """
    base = repository or os.environ.get("REPOSITORY_URL", "")

    def replace(found: re.Match[str]) -> str:
        target = (folder / found[2].partition("#")[0]).resolve()
        if target.is_relative_to(DOCS):
            return found[0] if target.is_file() else f"[{found[1]}]({found[2].rstrip('/')}/README.md)"
        if not target.is_relative_to(ROOT):  # MkDocs says what is wrong with it
            return found[0]
        path = target.relative_to(ROOT).as_posix()
        return f"[{found[1]}]({base}/{path})" if base else found[1]

    return LINK.sub(replace, text)


def _with_pages(entry: dict[str, Any]) -> dict[str, Any]:
    (title, value), *_ = entry.items()
    if not isinstance(value, str) or value.endswith(".md"):
        return entry
    folder = DOCS / value
    pages = sorted(path for path in folder.glob("*.md") if path.name not in ("README.md", "index.md"))
    index = next(name for name in ("README.md", "index.md") if (folder / name).exists())
    return {title: [f"{value}/{index}", *({_title(path): f"{value}/{path.name}"} for path in pages)]}


def _title(path: pathlib.Path) -> str:
    return path.read_text().partition("\n")[0].lstrip("# ").replace("`", "")
