"""Refuses documentation that has to be read twice: `python -m tests.lint.plain_prose` (part of `make lint`).

* In pages that people follow, no sentence is longer than 30 words: README, tutorials, how-tos, runbooks.
* No page uses the words that `plain_names` refuses in code.

What is generated from code, and decisions of the past, need only be free of those words.
"""

import dataclasses
import pathlib
import re
import sys
from collections.abc import Iterator

from tests.lint.plain_names import ROOT, WORDS

MAX_WORDS = 30
# written for one version, or by whoever the licence is from
SKIPPED = {"CHANGELOG.md", "CODE_OF_CONDUCT.md"}
# a former title has the words that it was renamed for
FORMER_TITLES = pathlib.PurePath("docs/adrs/README.md")
FOLLOWED = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md", "AGENTS.md", "docs/*.md")
FOLLOWED_FOLDERS = ("docs/tutorials", "docs/how-to", "docs/runbooks", "docs/explanation")
GENERATED = {
    "docs/alarms.md",
    "docs/benchmarks.md",
    "docs/cli.md",
    "docs/cost.md",
    "docs/dependencies.md",
    "docs/faults.md",
    "docs/scale.md",
    "docs/silver.md",
}
# ordinary English, in which the word is none of those that names were made of
_PHRASES = re.compile(r"\basked (?:for|to)\b|\bstands for\b")
_BLOCKS = re.compile(r"^ *```.*?^ *```|<!--.*?-->", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^\s*(?:[-*] |\d+\. |#+ |>|!\[|\|)")
_END = re.compile(r"(?<=[.!?:])[*_)\"]*\s+(?=[A-Z`\"(\[*\d])")
_ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|no|vs)\.\s")


@dataclasses.dataclass(frozen=True)
class Finding:
    """A place that has to be written anew.

    Args:
        path: relative to the repository.
        text: the sentence, or the word.
        problem: what is wrong with it.
    """

    path: pathlib.PurePath
    text: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}: {self.text}"


def read_sentences(markdown: str) -> Iterator[str]:
    """The sentences of a page, code blocks aside; a code span or a link's address is no more than one word.

    Args:
        markdown: the page. A cell of a table and an item of a list are texts of their own.
    """
    text = _BLOCKS.sub("\n\n", markdown)
    text = re.sub(r"`[^`\n]+`", "`code`", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    for paragraph in _paragraphs(text):
        for sentence in _END.split(_ABBREVIATIONS.sub(r"\1 ", paragraph)):
            if sentence.strip():
                yield " ".join(sentence.split())


def count_words(sentence: str) -> int:
    """The words of a sentence; punctuation alone is none."""
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


def check_page(path: pathlib.PurePath, markdown: str, followed: bool) -> Iterator[Finding]:
    """The findings of one page.

    Args:
        path: relative to the repository.
        markdown: its text.
        followed: whether people follow it, so that its sentences are short.
    """
    for sentence in read_sentences(markdown):
        words = count_words(sentence)
        if followed and words > MAX_WORDS:
            yield Finding(path, sentence, f"{words} words, at most {MAX_WORDS}")
        for word in re.findall(r"[a-z]+", _PHRASES.sub("", sentence.lower())):
            if word in WORDS and path != FORMER_TITLES:
                yield Finding(path, sentence, f"`{word}` is not plain; write for example {WORDS[word]}")


def check_repository(root: pathlib.Path = ROOT) -> list[Finding]:
    """The findings of every page of the repository."""
    followed = {path for pattern in FOLLOWED for path in root.glob(pattern)} - {root / name for name in GENERATED}
    followed |= {path for folder in FOLLOWED_FOLDERS for path in (root / folder).rglob("*.md")}
    # runbooks are checked as the pages that are made of their sources
    sources = set((root / "docs" / "runbooks" / "sources").glob("*.md"))
    pages = sorted({*root.glob("*.md"), *(root / "docs").rglob("*.md")} - sources)
    return [
        finding
        for path in pages
        if path.name not in SKIPPED
        for finding in check_page(path.relative_to(root), path.read_text(), path in followed)
    ]


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if not line.strip() or _ITEM.match(line):
            if lines:
                yield " ".join(lines)
            lines = []
        if line.lstrip().startswith("|"):
            yield from re.split(r"(?<!\\)\|", line.strip().strip("|"))
        elif line.strip() and not line.startswith("    "):
            lines.append(re.sub(r"^\s*(?:[-*] |\d+\. |#+ |> ?)", "", line))


if __name__ == "__main__":
    findings = check_repository()
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))
