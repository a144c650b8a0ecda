"""Selects the tests that a change can break: `python -m tests.changed [REVISION]` prints their paths.

Changed is what differs from the revision (default: where this branch left `main`), committed or not. A test module is
chosen when

* it imports a changed module, directly or through others, or a `conftest.py` above it does;
* it lies in the folder that mirrors the folder of a changed file, as `tests/integration/transforms/dbt` mirrors
  `transforms/dbt`: what is deployed or run by another process is imported by nobody.

End-to-end tests depend on everything and take longer than all the others: they are chosen only when they changed
themselves, and CI runs them always.
"""

import ast
import pathlib
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("api", "ingestion", "transforms", "orchestration", "infra", "tests")
END_TO_END = pathlib.PurePath("tests/e2e")
# where the tests of a folder are, below tests/; the first prefix that fits counts
MIRRORS = (
    (pathlib.PurePath("infra/local"), ("unit/infra", "integration/local")),
    (pathlib.PurePath("infra"), ("infra",)),
    (pathlib.PurePath(), ("unit", "integration")),
)
SKIPPED = {"node_modules", "target", "dbt_packages"}


def find_changed(revision: str | None = None, root: pathlib.Path = ROOT) -> list[pathlib.PurePath]:
    """The files that differ from a revision, those that git does not know yet included.

    Args:
        revision: what to compare with; None: the last commit that this branch and `main` have in common.
        root: of the repository.

    Raises:
        subprocess.CalledProcessError: there is no such revision.
    """
    base = revision or _git(root, "merge-base", "HEAD", "main")[0]
    names = _git(root, "diff", "--name-only", base) + _git(root, "ls-files", "--others", "--exclude-standard")
    return sorted({pathlib.PurePath(name) for name in names})


def select_tests(changed: Iterable[pathlib.PurePath], root: pathlib.Path = ROOT) -> list[pathlib.PurePath]:
    """The test modules that changed files can break.

    Args:
        changed: paths relative to the repository; they need not exist any more.
        root: of the repository.

    Returns:
        paths relative to the repository, sorted.
    """
    files = set(changed)
    modules: dict[str, pathlib.PurePath] = {}
    for path in _find_modules(root):
        modules[_module_name(path.relative_to(root))] = path.relative_to(root)
    affected = _find_dependents({_module_name(path) for path in files if path.suffix == ".py"}, modules, root)
    affected_paths = {modules[name] for name in affected if name in modules}
    folders = {path.parent for path in affected_paths if path.name == "conftest.py"}
    folders |= {folder for path in files for folder in _find_mirrors(path, root)}
    tests = [path for path in modules.values() if path.name.startswith("test_")]
    return sorted(
        path
        for path in tests
        if path in files
        or (
            not path.is_relative_to(END_TO_END)
            and (path in affected_paths or any(path.is_relative_to(folder) for folder in folders))
        )
    )


def _git(root: pathlib.Path, *words: str) -> list[str]:
    done = subprocess.run([shutil.which("git") or "git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _find_modules(root: pathlib.Path) -> Iterator[pathlib.Path]:
    for package in PACKAGES:
        for path in (root / package).rglob("*.py"):
            if SKIPPED.isdisjoint(path.parts):
                yield path


def _module_name(path: pathlib.PurePath) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _find_imports(source: str) -> Iterator[str]:
    """The dotted names that a module imports; of `from a import b` both `a` and `a.b`, since `b` may be a module."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)


def _find_dependents(names: set[str], modules: dict[str, pathlib.PurePath], root: pathlib.Path) -> set[str]:
    """The modules `names` and every module that imports one of them, directly or through others."""
    importers: dict[str, set[str]] = defaultdict(set)
    for name, path in modules.items():
        for imported in _find_imports((root / path).read_text()):
            importers[imported].add(name)
    found, pending = set(names), list(names)
    while pending:
        new = importers[pending.pop()] - found
        found |= new
        pending.extend(new)
    return found


def _find_mirrors(path: pathlib.PurePath, root: pathlib.Path) -> Iterator[pathlib.PurePath]:
    """The deepest folders of tests that mirror the folder of a file; none for a file of the tests themselves."""
    if path.parts[0] not in PACKAGES or path.parts[0] == "tests":
        return
    source, kinds = next(mirror for mirror in MIRRORS if path.is_relative_to(mirror[0]))
    folders = [folder for folder in path.parents if folder.parts and folder.is_relative_to(source)]
    for kind in kinds:
        mirrored = (pathlib.PurePath("tests", kind, folder.relative_to(source)) for folder in folders)
        yield from [folder for folder in mirrored if (root / folder).is_dir()][:1]


if __name__ == "__main__":
    print("\n".join(map(str, select_tests(find_changed(sys.argv[1] if len(sys.argv) > 1 else None)))))
