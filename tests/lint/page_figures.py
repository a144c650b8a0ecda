"""Refuses wrong figures in pages, and figures that nobody checks: `python -m tests.lint.page_figures` (`make lint`).

Every number in the prose of a page that people write has a rule in `figure_rules`: a phrase around it, and where its
value comes from. That is code, a setting, a template or a lock, with which the number is compared; or a reason why this
repository cannot know it, such as a page of AWS's documentation. Generated pages are written from the values, and
blocks of commands are run by `tests/e2e/test_pages.py`.
"""

import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from infra.site import pages as generated
from infra.site import runbooks
from tests.lint.figure_rules import RULES
from tests.lint.figures import Rule
from tests.lint.page_references import HISTORY, pages
from tests.lint.plain_names import ROOT

WORDS = {
    word: number
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 2
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000}
_WORD = "|".join(WORDS)
NUMBER = re.compile(rf"\b(?:\d(?:[\d.,]*\d)?|(?:{_WORD})(?:-(?:{_WORD}|one))?)\b", re.IGNORECASE)
# written from code as a whole, by somebody else, or about versions of the past
GENERATED = {ROOT / "docs" / name for name in ("benchmarks.md", "cost.md", "licences.md", "scale.md")}
SKIPPED = ("CODE_OF_CONDUCT.md", *HISTORY)
_FENCES = re.compile(r"^ *```.*?^ *```|<!-- (tables|questions) -->.*?<!-- end|<!--.*?-->", re.MULTILINE | re.DOTALL)
_ADDRESSES = re.compile(r"\]\([^)\s]*\)|https?://\S+")
_RECORDS = re.compile(r"\[(?:ADR )?\d{4}\]|ADR \d{4}")
_NUMBERED = re.compile(r"^\s*\d+\. |^#+ .*$", re.MULTILINE)


def read_prose(markdown: str) -> str:
    """A page's text on one line: without blocks, headings, addresses and numbers of decisions.

    Args:
        markdown: the page; digits in code spans become `#`, because those are checked as names.
    """
    text = _FENCES.sub(" ", markdown)
    for pattern, kept in ((_ADDRESSES, "]"), (_NUMBERED, ""), (_RECORDS, "[record]")):
        text = pattern.sub(kept, text)
    text = re.sub(r"`[^`\n]+`", lambda span: re.sub(r"\d", "#", span[0]), text)
    return " ".join(text.split())


def read_number(text: str) -> str:
    """A number as rules state it: words as digits, without separators of thousands.

    Args:
        text: such as `2,000`, `99.9` or `Thirty-five`.
    """
    words = text.lower().split("-")
    if words[0] in WORDS:
        return str(sum(WORDS.get(word, 1) for word in words))
    return text.replace(",", "")


def check_page(markdown: str, rules: Iterable[Rule] = RULES, used: set[Rule] | None = None) -> Iterator[str]:
    """The figures of a page that are wrong, and those that no rule is about.

    Args:
        markdown: the page.
        rules: what figures are compared with.
        used: gets the rules that the page has a phrase of.
    """
    prose = read_prose(markdown)
    known: set[int] = set()
    for rule in rules:
        for found in rule.pattern.finditer(prose):
            if used is not None:
                used.add(rule)
            places = [place for place in range(1, rule.pattern.groups + 1) if found[place] is not None]
            known |= {found.start(place) for place in places}
            stated = [read_number(found[place]) for place in places]
            expected = rule.values(places)
            if expected is not None and stated != expected:
                yield f"`{found[0]}` says {', '.join(stated)}, but {rule.source} is {', '.join(expected)}"
    for number in NUMBER.finditer(prose):
        if number.start() not in known:
            around = prose[max(0, number.start() - 40) : number.end() + 40]
            yield f"nothing checks the figure {number[0]} in `…{around}…`: add a rule to tests/lint/figure_rules.py"


def written_pages() -> list[pathlib.Path]:
    """The pages that people write, and the sources of the runbooks."""
    made = (set(generated.PAGES) - {ROOT / "docs" / "bi.md"}) | set(runbooks.pages()) | GENERATED
    found = [page for page in pages() if page not in made]
    kept = [page for page in found if not page.relative_to(ROOT).as_posix().startswith(SKIPPED)]
    return [*kept, *sorted(runbooks.SOURCES.glob("*.md"))]


def check_repository(rules: Sequence[Rule] = RULES) -> list[str]:
    """The findings of every page, each with the page's path, and rules whose phrase is on no page."""
    used: set[Rule] = set()
    found = [
        f"{page.relative_to(ROOT)}: {finding}"
        for page in written_pages()
        for finding in check_page(page.read_text(), rules, used)
    ]
    return found + [f"no page has `{rule.pattern.pattern}`: delete the rule" for rule in rules if rule not in used]


if __name__ == "__main__":
    findings = check_repository()
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))
