"""docs/reference/dependencies.md: what is installed, in which version, for whom, from pyproject.toml and the lock."""

import re
import tomllib

from infra import ROOT
from infra.site.markdown import code, codes, page, table

INTRODUCTION = """\
# Dependencies

Written by `make reference` from `pyproject.toml` and `requirements.lock`. [Why each declared package is
there](../dependencies.md) has a page of its own. The lock has a hash for each file; `make lock` writes it anew."""


def text() -> str:
    """The whole page."""
    versions, extras = locked(), declared()
    rows = [(name, versions.get(name, "not on this lock"), codes(sorted(extras[name]))) for name in sorted(extras)]
    brought = sorted(set(versions) - set(extras))
    parts = [INTRODUCTION, "## Declared", table(("package", "version", "extras of pyproject.toml"), rows)]
    parts += [f"## Brought along ({len(brought)})", codes(f"{name} {versions[name]}" for name in brought) + "."]
    return page(*parts, f"Python: {code(_project()['requires-python'])}.")


def declared() -> dict[str, set[str]]:
    """Each declared package, normalized (PEP 503), with the extras that name it."""
    found: dict[str, set[str]] = {}
    for extra, requirements in _project()["optional-dependencies"].items():
        for requirement in requirements:
            name = re.split(r"[\[=;<>! ]", requirement)[0]
            found.setdefault(normalize(name), set()).add(extra)
    return found


def locked() -> dict[str, str]:
    """Each package of the lock with its version; two versions when platforms differ."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        found.setdefault(normalize(name), []).append(version)
    return {name: " or ".join(versions) for name, versions in found.items()}


def normalize(name: str) -> str:
    """A package's name as indexes compare it: https://peps.python.org/pep-0503/#normalized-names"""
    return re.sub(r"[-_.]+", "-", name).lower()


def _project() -> dict[str, dict[str, list[str]]]:
    project: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project
