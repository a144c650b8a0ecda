"""Which licences are shipped: `python -m infra.supply_chain.licences` writes docs/licences.md.

A licence that is not in `ACCEPTED` has to be looked at by a person before anything with it is deployed; the tests fail
until then.
"""

import re
import sys

from infra import ROOT
from infra.supply_chain.packages import DEPLOYABLES, packages, write_text

PAGE = ROOT / "docs" / "licences.md"
# permissive, or copyleft by file (MPL) of files that are not changed here; of alternatives (`OR`) one is enough
ACCEPTED = frozenset(
    {
        "Apache-2.0",
        "Artistic-1.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    }
)
INTRODUCTION = """# Licences

Every package that is installed where this project runs in AWS, with its licence (SPDX). `python -m
infra.supply_chain.licences` writes this page from the locks; a test holds it to them, and to the licences that
`ACCEPTED` in [infra/supply_chain/licences.py](../infra/supply_chain/licences.py) lists. What only a laptop or CI
installs is not shipped: see [dependencies.md](dependencies.md). `make sbom` writes bills of materials in CycloneDX.

| package | version | licence | shipped with |
|---|---|---|---|
"""


def accepted(expression: str) -> bool:
    """Whether a licence may be shipped.

    Args:
        expression: SPDX, with `AND`, `OR` and brackets; empty for an unknown licence.
    """
    if not expression:
        return False
    words = re.sub(r"[\w.+-]+", lambda word: _verdict(word[0]), expression).split()
    text = " ".join(words)
    while (simpler := _simplify(text)) != text:
        text = simpler
    return text == "yes"


def _verdict(word: str) -> str:
    return word if word in ("AND", "OR") else "yes" if word in ACCEPTED else "no"


def _simplify(text: str) -> str:
    text = re.sub(r"\((yes|no)\)", r"\1", text)
    text = re.sub(r"\b(yes|no) AND (yes|no)\b", lambda both: "yes" if both[1] == both[2] == "yes" else "no", text)
    return re.sub(
        r"(?<!AND )\b(yes|no) OR (yes|no)\b(?! AND)", lambda both: "yes" if "yes" in both.groups() else "no", text
    )


def page() -> str:
    """The text of docs/licences.md."""
    shipped: dict[tuple[str, str, str], list[str]] = {}
    for deployable, lock in DEPLOYABLES.items():
        for package in packages(lock):
            shipped.setdefault((package.name, package.version, package.licence), []).append(deployable)
    rows = [
        f"| {name} | {version} | {licence} | {', '.join(deployables)} |"
        for (name, version, licence), deployables in sorted(shipped.items())
    ]
    return INTRODUCTION + "\n".join(rows) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page())
    print(PAGE.relative_to(ROOT), file=sys.stderr)
