"""Refuses identifiers that are not plain language: `python -m tests.lint.plain_names` (part of `make lint`).

A name must be the word that AWS, dbt, Spark, Iceberg, HTTP or SRE documentation uses. The words below were replaced
once; they must not come back. Only definitions are checked (modules, classes, functions, parameters, variables,
attributes): a name that a library defines, such as `pytest.mark`, is nobody's choice here.
"""

import ast
import dataclasses
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("api", "ingestion", "transforms", "orchestration", "infra", "tests")
SKIPPED = {"node_modules", "target", "dbt_packages", "__pycache__"}

# refused wherever it is a word of a name, as in `was_told` or `ToldError`; the value is what to write instead
WORDS = {
    "arrivals": "new_objects",
    "asked": "fingerprint, request",
    "doomed": "rows_to_delete",
    "endings": "on_execution_end",
    "forget": "delete, drop, discard",
    "patience": "timeouts, retry_config",
    "picture": "snapshot",
    "portion": "batch",
    "portions": "batches",
    "stands": "up_to_date, skip_unchanged",
    "straggling": "late, min_age",
    "telling": "redacted_payload",
    "tells": "is_about, mentions",
    "told": "delivered, reported, notified, output",
    "unsettled": "missing, pending",
}
# refused as a whole name, leading underscores aside: each is fine as a part of one (`mark` in `watermark`)
NAMES = {
    "alive": "live_items",
    "aside": "quarantined",
    "carry_mark": "carry_watermark",
    "following": "follow_logs, next_page",
    "is_word_of": "mentions",
    "laid_aside": "quarantined",
    "looking": "display",
    "mark": "watermark, checkpoint",
    "meet": "ensure_profile",
    "movederror": "VersionConflict",
    "needed": "a noun",
    "pads": "derive_pads",
    "remember": "save, record, set",
    "said": "output, message",
    "set_aside": "quarantine",
    "stays": "is_kept",
    "story": "ExecutionSummary",
    "superseded": "noncurrent, replaced",
    "tidy": "maintain, compact",
    "turn": "lock, run_lock",
    "wait_until_none": "wait_until_idle",
    "waiting": "wait_for, queued",
    "wanted": "expected, selected",
    "wins": "replaces",
    "wire": "wire_format",
    "working_for": "wait_for",
}
MODULES = {
    "answers": "responses",
    "intent": "write_request",
    "quiet": "job_runs",
    "reference": "docs_generator",
}
SUFFIXES = {"_MOST": "MAX_…"}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One name that has to be replaced.

    Args:
        path: relative to the repository.
        line: where the name is defined, counted from 1.
        name: as it is written.
        instead: names that are plain.
    """

    path: pathlib.PurePath
    line: int
    name: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: `{self.name}` is not plain language; write for example: {self.instead}"


def split_words(name: str) -> list[str]:
    """The lower-case words of a name in snake case or camel case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def find_replacement(name: str) -> str | None:
    """What to write instead of `name`, or None when it is plain."""
    for suffix, instead in SUFFIXES.items():
        if name.endswith(suffix):
            return instead
    whole = name.strip("_").lower()
    if whole in NAMES:
        return NAMES[whole]
    return next((WORDS[word] for word in split_words(name) if word in WORDS), None)


def find_definitions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the name of everything that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name


def check_source(path: pathlib.PurePath, source: str) -> Iterator[Finding]:
    """The findings of one module.

    Args:
        path: of the module, relative to the repository.
        source: its text.

    Raises:
        SyntaxError: the text is no Python.
    """
    is_package = path.stem == "__init__"
    module = path.parent.name if is_package else path.stem.removeprefix("test_")
    instead = MODULES.get(module.strip("_")) or (None if is_package else find_replacement(module))
    if instead:
        yield Finding(path, 1, module, instead)
    for line, name in sorted(set(find_definitions(ast.parse(source)))):
        if instead := find_replacement(name):
            yield Finding(path, line, name, instead)


def check_folders(folders: Iterable[str] = FOLDERS, root: pathlib.Path = ROOT) -> list[Finding]:
    """The findings of every module below `folders` of the repository."""
    return [
        finding
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
        if SKIPPED.isdisjoint(path.parts)
        for finding in check_source(path.relative_to(root), path.read_text())
    ]


if __name__ == "__main__":
    findings = check_folders(sys.argv[1:] or FOLDERS)
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))
