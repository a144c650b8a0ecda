"""Mermaid for the diagrams of the site: npm package @mermaid-js/tiny, one file, so that no page fetches it."""

import pathlib

from infra.toolchain import node

FOLDER = pathlib.Path(__file__).parent
PACKAGE = "@mermaid-js/tiny"


def script() -> pathlib.Path:
    """The pinned script, installed once.

    Raises:
        ToolMissingError: npm failed.
    """
    node.install(PACKAGE, FOLDER)
    return FOLDER / "node_modules" / PACKAGE / "dist" / "mermaid.tiny.js"
