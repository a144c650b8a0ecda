"""`python -m api.openapi`: write `docs/openapi.json` anew.

Exit status: 0 written, or nothing to write; 1 the change would break clients, and nothing was written; with
`--accept-breaking` it is written all the same.
"""

import argparse
import json
import pathlib
import sys

from api.application import build
from api.openapi.compatibility import Document, breaking_changes
from api.openapi.document import document
from api.settings import Settings

FILE = pathlib.Path(__file__).parents[2] / "docs" / "openapi.json"


def build_document() -> Document:
    """The document of the code as it is; no table or secret is touched."""
    return document(build(Settings(table_name="none", cursor_key_secret_id="none")))  # noqa: S106


def format_document(of: Document) -> str:
    """A document as it is kept: readable, and the same bytes for the same document."""
    return json.dumps(of, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file, unless that would break clients."""
    parser = argparse.ArgumentParser(prog="python -m api.openapi", description="Write docs/openapi.json anew.")
    parser.add_argument("--accept-breaking", action="store_true", help="write it even if clients would break")
    accept = parser.parse_args().accept_breaking
    made = build_document()
    broken = breaking_changes(json.loads(FILE.read_text()), made) if FILE.exists() else []
    for change in broken:
        print(f"breaking: {change}", file=sys.stderr)
    if broken and not accept:
        print("nothing was written; --accept-breaking (make openapi BREAKING=1) accepts it", file=sys.stderr)
        return 1
    FILE.write_text(format_document(made))
    print(f"{FILE.name}: {len(made['paths'])} paths")
    return 0


if __name__ == "__main__":
    sys.exit(main())
