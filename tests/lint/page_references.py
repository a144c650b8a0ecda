"""Refuses pages that name what does not exist: `python -m tests.lint.page_references` (part of `make lint`).

Checked are links and their anchors, files, make targets, `insights` and `aws` commands and their flags, tables of the
lake, variables of the environment, and every resource or alarm whose name begins with `todo-`.
"""

import functools
import pathlib
import re
import sys
from collections.abc import Iterator

from typer import Context

from infra.cli import docs_generator
from infra.site import data_dictionary, settings_reference
from tests.lint import aws_commands
from tests.lint.plain_names import ROOT

FOLDERS = r"docs|api|ingestion|transforms|orchestration|infra|tests|cdk\.snapshots|\.github|\.ci"
PATH = re.compile(rf"(?:{FOLDERS})/[\w./-]+")
TABLE = re.compile(r"\btodo_(?:bronze|silver|analytics)\.(\w+)")
VARIABLE = re.compile(r"\bINSIGHTS_[A-Z_]+\b")
RESOURCE = re.compile(r"todo-[A-Za-z0-9-]+")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
_FENCES = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# decisions of the past name what is gone, and the log of changes does, too
HISTORY = ("docs/adrs/", "CHANGELOG.md")
# stacks that are not in the templates of prod: made once per account, or names of other environments
ELSEWHERE = {"todo-ci", "todo-app-data-restored", "todo-bi", "todo-bi-user-dev", "todo-bi-user-staging"}


def check_page(path: pathlib.PurePath, text: str, root: pathlib.Path = ROOT) -> Iterator[str]:
    """What a page names and does not exist.

    Args:
        path: of the page, relative to the repository; links are relative to its folder.
        text: the page.
        root: of the repository.
    """
    yield from check_links(path, text, root)
    yield from check_commands(text)
    for line in code(text):
        for target in re.findall(r"(?:^|[\s(])make ([a-z][a-z-]*)\b", line):
            if target not in targets():
                yield f"there is no make target `{target}`"
    if path.as_posix().startswith(HISTORY):
        return
    for span in code(text):
        for name in TABLE.findall(span):
            if name not in tables():
                yield f"there is no table `{name}`"
        yield from aws_commands.check_calls(span, resource_names())
    written = set(re.findall(r"^`([^`]+)`:\n\n```", text, re.MULTILINE))  # readers make these files
    for span in re.findall(r"`([^`\n]+)`", _FENCES.sub("", text)):
        if PATH.fullmatch(span) and span not in written and not (root / span).exists():
            yield f"there is no file `{span}`"
        if RESOURCE.fullmatch(span) and span not in resource_names():
            yield f"no resource or alarm is called `{span}`"
        for name in VARIABLE.findall(span):
            if name not in settings_reference.DESCRIPTIONS:
                yield f"nothing reads the variable `{name}`"


def check_links(path: pathlib.PurePath, text: str, root: pathlib.Path = ROOT) -> Iterator[str]:
    """Relative links that lead to no file, and anchors that no heading of that file has."""
    for name, anchor in LINK.findall(re.sub(r"`[^`\n]+`", "", _FENCES.sub("", text))):
        target = root / path.parent / name
        if name and not target.exists():
            yield f"the link to {name} leads nowhere"
        elif (
            anchor
            and (not name or name.endswith(".md"))
            and anchor not in anchors(target.read_text() if name else text)
        ):
            yield f"{name or path.name} has no heading for #{anchor}"


def check_commands(text: str) -> Iterator[str]:
    """Calls of `insights` whose command or flag does not exist."""
    for call in calls(text):
        is_group = any(name.startswith(f"{call} ") for name in commands())
        is_pattern = "…" in call or "COMMAND" in call
        if is_group or is_pattern or re.fullmatch(r"insights (-h|--help|--install-completion)", call):
            continue
        name = command(call)
        if name is None:
            yield f"there is no command for `{call}`"
        elif name != "insights dbt":  # its flags are dbt's
            given = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", re.sub(r"\"[^\"]*\"|'[^']*'", "", call)))
            unknown = given - docs_generator.options(commands()[name])
            if unknown:
                yield f"`{name}` has no {', '.join(sorted(unknown))}"


def code(text: str) -> Iterator[str]:
    """What a page sets as code: the lines of its blocks and the spans within its lines."""
    for block in _FENCES.findall(text):
        yield from (line.strip() for line in block.splitlines())
    prose = _FENCES.sub("", text)
    yield from (line for line in prose.splitlines() if line.startswith("    "))
    yield from re.findall(r"`([^`\n]+)`", prose)


def calls(text: str) -> Iterator[str]:
    """Each `insights …` of a page, up to where the shell goes on with something else."""
    for line in code(text):
        for found in re.finditer(r"(?:^|[\s(/])insights((?: [^|)#;&>]*)?)", line):
            yield "insights" + found[1].rstrip()


def command(call: str) -> str | None:
    """The longest name of a command that a call begins with."""
    words = re.sub(r"--(target (aws|local)|account \d+) ", "", call).split()
    names = (" ".join(words[:length]) for length in range(len(words), 0, -1))
    return next((name for name in names if name in commands()), None)


def anchors(markdown: str) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", _FENCES.sub("", markdown), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip()) for heading in plain}


@functools.cache
def commands() -> dict[str, Context]:
    """Every command by its full name."""
    return docs_generator.commands()


@functools.cache
def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@functools.cache
def tables() -> set[str]:
    """Every table from bronze to gold, and the models that pages have their readers write."""
    written = (ROOT / "docs" / "add-a-model.md").read_text()
    return data_dictionary.names() | set(re.findall(r"^`models/\w+/(\w+)\.sql`", written, re.MULTILINE))


@functools.cache
def resource_names() -> set[str]:
    """Every name that begins with `todo-` in the templates of prod."""
    texts = (path.read_text() for path in sorted((ROOT / "cdk.snapshots" / "prod").glob("*.json")))
    names = {name.rstrip("-") for text in texts for name in RESOURCE.findall(text)}
    return names | ELSEWHERE


def pages(root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    """Every page of the repository."""
    found = {*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / ".github").rglob("*.md")}
    # runbooks are checked as the pages that are made of their sources
    return sorted(page for page in found if page.parent != root / "docs" / "runbooks" / "sources")


def check_repository() -> list[str]:
    """The findings of every page, each with the page's path."""
    found = ((page.relative_to(ROOT), page.read_text()) for page in pages())
    return [f"{path}: {finding}" for path, text in found for finding in check_page(path, text)]


if __name__ == "__main__":
    findings = check_repository()
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))
